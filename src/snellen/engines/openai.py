"""`openai/gpt-4o`: OpenAI's models by its chat completions; the key is in OPENAI_API_KEY.

Models that reason before they answer take no temperature and tell no log-probabilities; what they think counts as
tokens of the answer, so their limit is `reasoning_tokens` more than the question's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from snellen.errors import WrongUse
from snellen.remote import options as remote
from snellen.remote.chat import ChatCompletions, Dialect
from snellen.remote.keys import Key, key_of
from snellen.remote.wire import Takes
from snellen.types import Choose, Generate

if TYPE_CHECKING:
    from snellen.remote.client import RemoteModel

ANSWERS: frozenset[type] = frozenset({Generate, Choose})
NEEDS = ("aiohttp",)
EXTRA = "api"

_REASONS = re.compile(r"(ft:)?(o\d|gpt-([5-9]|\d\d))(?!.*-chat)")
_TAKES = Takes(frozenset({"image/jpeg", "image/png", "image/webp"}), most_bytes=20_000_000)


@dataclass(frozen=True, slots=True)
class Options(remote.Options):
    """How OpenAI's models are asked; see `snellen.remote.options` for what all hosted models share.

    - `detail`: how finely a picture is seen, which its tokens and price depend on.
    - `scores`: how Choose is answered, by the log-probabilities of the answer's tokens, by holding it to the choices
      (JSON schema), or by asking for one of them; "auto" takes log-probabilities where the model tells them and the
      choices are short, else a forced choice.
    - `reasoning_effort` and `reasoning_tokens` are for models that reason; None leaves the effort to the model.
    """

    detail: Literal["auto", "low", "high"] = "auto"
    scores: Literal["auto", "logprobs", "choice", "ask"] = "auto"
    seed: int | None = None
    reasoning_effort: str | None = None
    reasoning_tokens: Annotated[int, Ge(0)] = 4096


def reasons(name: str) -> bool:
    """Whether the model of this name reasons before it answers."""
    return _REASONS.match(name) is not None


def identity(name: str, options: Options) -> dict[str, Any]:
    """Where the model is, its name there, and the temperature that is asked for. Raises WrongUse as `provider` does."""
    temperature = None if reasons(name) else options.temperature
    return {"server": remote.place(provider(name, options).base_url), "model": name, "temperature": temperature}


def provider(name: str, options: Options) -> ChatCompletions:
    """The translation for a model. Raises WrongUse: scores of a kind that it does not tell."""
    thinks = reasons(name)
    if thinks and options.scores == "logprobs":
        raise WrongUse(f"openai/{name} reasons, and tells no log-probabilities; use scores=choice or scores=ask")
    extra: Mapping[str, Any] = {"reasoning_effort": options.reasoning_effort} if options.reasoning_effort else {}
    return ChatCompletions(
        _placed(options).base_url or "",
        name,
        Dialect(
            "json_schema",
            most_choices=1000,
            logprobs=not thinks,
            limit="max_completion_tokens",
            thought=options.reasoning_tokens if thinks else 0,
            extra=extra,
            takes=_TAKES,
        ),
        temperature=None if thinks else options.temperature,
        seed=options.seed,
        detail=options.detail,
        scores=options.scores,
    )


def load(name: str, options: Options) -> RemoteModel:
    """The engine. Raises Missing where the key is not set; nothing is asked yet."""
    from snellen.remote.client import RemoteModel

    options = _placed(options)
    return RemoteModel(provider(name, options), key(name, options), options)


def key(name: str, options: Options) -> Key | None:
    """What it takes to be answered. Raises Missing where that is not set."""
    return key_of(_placed(options).api_key_env, f"openai/{name}")


def _placed(options: Options) -> Options:
    return remote.with_defaults(options, base_url="https://api.openai.com/v1", api_key_env="OPENAI_API_KEY")
