"""`clip/NAME`: a model that puts pictures and texts into one space, from a folder or the hub.

Checkpoints of transformers (CLIP, SigLIP, SigLIP 2, AltCLIP, Chinese-CLIP, ALIGN …) and of open_clip. Texts that are
longer than the model reads are cut, as the libraries' own pipelines cut them. torch is imported by `load` alone.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from snellen.errors import Missing
from snellen.local.options import Options
from snellen.local.source import Source, locate
from snellen.types import Embed, EmbedText

if TYPE_CHECKING:
    from snellen.local.encoding import Encoder

__all__ = ["ANSWERS", "NEEDS", "Options", "identity", "load"]

ANSWERS: frozenset[type] = frozenset({Embed, EmbedText})
NEEDS = ("torch", "transformers")
OPEN_CLIP = "open_clip_config.json"


def identity(name: str, options: Options) -> dict[str, Any]:
    """What the model is: the sha-256 of its files, or its repository and commit. Raises WrongUse or Missing."""
    return _source(name, options).identity()


def _source(name: str, options: Options) -> Source:
    return locate(name, options.revision, "clip", ("config.json", OPEN_CLIP))


def load(name: str, options: Options) -> Encoder:
    """The engine, its weights on the device, tried out. Raises WrongUse or Missing, with what to do about it."""
    for package in NEEDS:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"clip/{name} needs the package {package}: pip install 'snellen[clip]'")
    from snellen.engines.clip.loading import load_engine

    return load_engine(_source(name, options), f"clip/{name}", options)
