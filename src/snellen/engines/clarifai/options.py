"""How Clarifai's models are named and asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from annotated_types import Ge, Le

from snellen.errors import WrongUse
from snellen.remote import options as remote
from snellen.types import Choose, Generate, Recognise

PAGES = "https://clarifai.com/"
_OWN = ("clarifai", "main")  # the user and the app of Clarifai's recognisers
_FOR_TEXT = "it is asked for concepts; a vision-language model is written clarifai/USER/APP/models/MODEL"
_FOR_CONCEPTS = "it is asked in words; a recogniser with that name takes kind=recogniser"


@dataclass(frozen=True, slots=True)
class Options(remote.Options):
    """How Clarifai's models are asked; see `snellen.remote.options` for what all hosted models share.

    - `kind`: what the model is; "auto" takes a name alone for one of Clarifai's recognisers, and
      USER/APP/models/MODEL for a vision-language model.
    - `version`: of a recogniser; without it the newest, which may change.
    - `max_concepts`: how many of its concepts a recogniser tells, the most probable ones.
    - `scores`: how a vision-language model answers Choose: asked for one of the choices, held to them, or by the
      log-probabilities of its answer's tokens. Which of these it can do depends on the model.
    """

    kind: Literal["auto", "recogniser", "vlm"] = "auto"
    version: str | None = None
    max_concepts: Annotated[int, Ge(1), Le(200)] = 200
    scores: Literal["choice", "ask", "logprobs"] = "ask"


def path_of(name: str) -> str:
    """The path of a model behind `/v2`. Raises WrongUse where that is no name of a model."""
    parts = name.removeprefix(PAGES).split("/")
    if len(parts) == 1:
        parts = [*_OWN, "models", *parts]
    if len(parts) != 4 or parts[2] != "models" or not all(parts):
        raise WrongUse(f"clarifai/{name}: expected clarifai/MODEL or clarifai/USER/APP/models/MODEL")
    user, app, _, model = (quote(part, safe="") for part in parts)
    return f"/users/{user}/apps/{app}/models/{model}"


def is_recogniser(name: str, options: Options) -> bool:
    """Whether the model tells concepts. Raises WrongUse where that is no name of a model."""
    path_of(name)
    return options.kind == "recogniser" or (options.kind == "auto" and "/" not in name.removeprefix(PAGES))


def refused(name: str, options: Options) -> Mapping[type, str]:
    """The kinds of question that the model does not answer, and why."""
    if is_recogniser(name, options):
        return dict.fromkeys((Generate, Choose), _FOR_TEXT)
    return {Recognise: _FOR_CONCEPTS}


def placed(options: Options) -> Options:
    """The options with Clarifai's address and variable where they name none."""
    return remote.with_defaults(options, base_url="https://api.clarifai.com", api_key_env="CLARIFAI_PAT")
