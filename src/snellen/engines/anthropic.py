"""`anthropic/claude-sonnet-4-6`: Anthropic's models by its Messages API; the key is in ANTHROPIC_API_KEY.

No model tells log-probabilities; newer ones take no temperature, older ones cannot be held to a schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from annotated_types import Ge

from snellen.remote import options as remote
from snellen.remote.choosing import Asked, answer_to, instruction, schema, tokens_for
from snellen.remote.faults import fault_of, one_line, parsed
from snellen.remote.keys import Key, key_of
from snellen.remote.replies import count, error_of, fault, mapping
from snellen.remote.wire import Call, Fault, Picture, Reply, Takes
from snellen.types import Answer, Choose, Finish, Generate, Question, Text, Usage

if TYPE_CHECKING:
    from snellen.remote.client import RemoteModel

ANSWERS: frozenset[type] = frozenset({Generate, Choose})
NEEDS = ("aiohttp",)
EXTRA = "api"

VERSION = "2023-06-01"
_NAMED = re.compile(r"claude-(?:opus|sonnet|haiku)-(\d+)(?:-(\d{1,2}))?(?!\d)")
_OLD = re.compile(r"claude-(?:[123]|instant)")
_FILTERED = "content filtering policy"  # how an output that was kept back is told, as an invalid request
# A picture may take 5 MiB as base64, which is a third more than the file, and a request 32 MB with all in it.
_TAKES = Takes(
    frozenset({"image/jpeg", "image/png", "image/webp"}),
    most_bytes=5 * 1024 * 1024 * 3 // 4,
    longest_side=8000,
    most_in_all=23_000_000,
)
_FINISH = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSED,
}
_PASSING = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})


@dataclass(frozen=True, slots=True)
class Options(remote.Options):
    """How Anthropic's models are asked; see `snellen.remote.options` for what all hosted models share.

    - `scores`: where choices are to be scored, by holding the answer to them (JSON schema), or by asking for one of
      them; "auto" holds the models that can be held.
    - `reasoning_tokens`: added to the limit of every answer, for a model that thinks without being told to.
    """

    scores: Literal["auto", "choice", "ask"] = "auto"
    reasoning_tokens: Annotated[int, Ge(0)] = 0


class Anthropic:
    """Translates for Anthropic's Messages API."""

    takes = _TAKES

    def __init__(self, model: str, options: Options) -> None:
        self.base_url = _placed(options).base_url or ""
        self._model = model
        self._options = options
        version = _version(model)
        self.temperature = options.temperature if version < (4, 7) else None
        by_version: Literal["choice", "ask"] = "choice" if version >= (4, 5) else "ask"
        self.means = by_version if options.scores == "auto" else options.scores

    def authorisation(self, key: str) -> Mapping[str, str]:
        return {"x-api-key": key}

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        asked = cast(Asked, question)
        then = instruction(asked.choices) if asked.choices and self.means == "ask" else ""
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": self.most_tokens(question),
            "messages": [{"role": "user", "content": _content(asked, pictures, then)}],
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if asked.choices and self.means == "choice":
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema(asked.choices)}}
        return Call("/v1/messages", body, {"anthropic-version": VERSION})

    def most_tokens(self, question: Question) -> int:
        return tokens_for(cast(Asked, question)) + self._options.reasoning_tokens

    def usage(self, body: Mapping[str, Any]) -> Usage:
        return _usage(body)

    def models(self) -> Call:
        return Call("/v1/models?limit=1000", {}, {"anthropic-version": VERSION}, "GET")

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        asked = cast(Asked, question)
        if fault_of(reply):
            return _error(reply)
        body = parsed(reply)
        if isinstance(body, Fault):
            return body
        if body.get("type") == "error":
            return _error(reply)
        blocks = body.get("content")
        if not isinstance(blocks, list):
            return Fault("answered with no content", again=True)
        texts = [str(block.get("text") or "") for block in map(mapping, blocks) if block.get("type") == "text"]
        ended = str(body.get("stop_reason"))
        finish = _FINISH.get(ended)
        if finish is None or (finish is Finish.STOP and not texts):
            return Fault(one_line(f"the answer ended without a text ({ended})"), again=True)
        return answer_to(asked, Text("".join(texts), finish, _usage(body)), held=self.means == "choice")


def _content(asked: Asked, pictures: Sequence[Picture], then: str) -> list[dict[str, Any]]:
    left = iter(pictures)
    return [
        {"type": "text", "text": part} if isinstance(part, str) else _image(next(left))
        for part in (*asked.prompt, then)
        if part != ""
    ]


def _image(picture: Picture) -> dict[str, Any]:
    source = {"type": "base64", "media_type": picture.media_type, "data": picture.base64}
    return {"type": "image", "source": source}


def _version(model: str) -> tuple[int, int]:
    """The version that a model's name tells; a name of a new kind counts as newer than all that are known."""
    if named := _NAMED.search(model):
        return int(named[1]), int(named[2] or 0)
    return (3, 0) if _OLD.search(model) else (99, 0)


def _usage(body: Mapping[str, Any]) -> Usage:
    """All tokens of the request, those of a cached prefix too, and those of the answer."""
    told = mapping(body.get("usage"))
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    parts = [count(told.get(name)) for name in names]
    tokens_in = None if parts[0] is None else sum(part or 0 for part in parts)
    return Usage(tokens_in, count(told.get("output_tokens")))


def _error(reply: Reply) -> Answer | Fault:
    error = error_of(reply)
    message = str(error.get("message") or "")
    if _FILTERED in message and reply.status < 500:
        return Text(message, Finish.REFUSED, Usage(0, 0))  # errors are not charged
    return fault(reply, again=True if error.get("type") in _PASSING else None)


def identity(name: str, options: Options) -> dict[str, Any]:
    """Where the model is, its name there, and the temperature that is asked for."""
    placed = _placed(options)
    return {
        "server": remote.place(placed.base_url or ""),
        "model": name,
        "temperature": Anthropic(name, options).temperature,
    }


def provider(name: str, options: Options) -> Anthropic:
    """The translation for a model."""
    return Anthropic(name, options)


def load(name: str, options: Options) -> RemoteModel:
    """The engine. Raises Missing where the key is not set; nothing is asked yet."""
    from snellen.remote.client import RemoteModel

    options = _placed(options)
    return RemoteModel(provider(name, options), key(name, options), options)


def key(name: str, options: Options) -> Key | None:
    """What it takes to be answered. Raises Missing where that is not set."""
    return key_of(_placed(options).api_key_env, f"anthropic/{name}")


def _placed(options: Options) -> Options:
    return remote.with_defaults(options, base_url="https://api.anthropic.com", api_key_env="ANTHROPIC_API_KEY")
