"""`clarifai/general-image-recognition`, `clarifai/USER/APP/models/MODEL`: models at Clarifai.

The key is in CLARIFAI_PAT. Recognisers answer with concepts of a vocabulary of their own, vision-language models are
asked in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snellen.engines.clarifai.chat import chat
from snellen.engines.clarifai.options import Options, is_recogniser, path_of, placed, refused
from snellen.engines.clarifai.recogniser import Recogniser
from snellen.remote.keys import Key, key_of
from snellen.remote.options import place
from snellen.remote.wire import Provider
from snellen.types import Choose, Generate, Recognise

if TYPE_CHECKING:
    from snellen.remote.client import RemoteModel

__all__ = ["ANSWERS", "EXTRA", "NEEDS", "Options", "identity", "key", "load", "provider", "refuses"]

ANSWERS: frozenset[type] = frozenset({Generate, Choose, Recognise})
NEEDS = ("aiohttp",)
EXTRA = "api"


def identity(name: str, options: Options) -> dict[str, Any]:
    """Where the model is, and its path there. Raises WrongUse where that is no name of a model."""
    return {"server": place(placed(options).base_url or ""), "model": path_of(name)}


def refuses(name: str, options: Options) -> Mapping[type, str]:
    """What a recogniser is not asked, or a vision-language model. Raises WrongUse."""
    return refused(name, options)


def provider(name: str, options: Options) -> Provider:
    """The translation for a model."""
    base_url = placed(options).base_url or ""
    if is_recogniser(name, options):
        return Recogniser(path_of(name), base_url, options.max_concepts, options.version)
    return chat(name, base_url, options)


def load(name: str, options: Options) -> RemoteModel:
    """The engine. Raises Missing where the key is not set; nothing is asked yet."""
    from snellen.remote.client import RemoteModel

    options = placed(options)
    return RemoteModel(provider(name, options), key(name, options), options)


def key(name: str, options: Options) -> Key | None:
    """What it takes to be answered. Raises Missing where that is not set."""
    return key_of(placed(options).api_key_env, f"clarifai/{name}")
