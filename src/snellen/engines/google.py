"""`google/gemini-2.5-flash`: Google's models by the Gemini API; the key is in GEMINI_API_KEY.

From 2.5 on they think before they answer, and what they think counts as tokens of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from urllib.parse import quote

from annotated_types import Ge

from snellen.remote import options as remote
from snellen.remote.choosing import Asked, answer_to, instruction, tokens_for
from snellen.remote.faults import fault_of, parsed
from snellen.remote.keys import Key, key_of
from snellen.remote.replies import count, error_of, fault, mapping
from snellen.remote.wire import Call, Fault, Picture, Reply, Takes
from snellen.types import Answer, Choose, Finish, Generate, Question, Text, Usage

if TYPE_CHECKING:
    from snellen.remote.client import RemoteModel

ANSWERS: frozenset[type] = frozenset({Generate, Choose})
NEEDS = ("aiohttp",)
EXTRA = "api"

_THINKS_NOT = re.compile(r"gemini-(1|2\.0)|gemma")
# A request may take 20 MB with all in it, as base64: a third more than the files.
_TAKES = Takes(frozenset({"image/jpeg", "image/png", "image/webp"}), most_bytes=14_000_000, most_in_all=14_000_000)
_REFUSALS = frozenset(
    {
        *("SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "RECITATION"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    }
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True)
class Options(remote.Options):
    """How Google's models are asked; see `snellen.remote.options` for what all hosted models share.

    - `scores`: where choices are to be scored, by holding the answer to them (an enum), or by asking for one of them.
    - `thinking_budget`: the most tokens of thought (up to 2.5; 0 turns it off where the model lets it be), and
      `thinking_level` how much of it (from 3 on); None leaves both to the model.
    - `reasoning_tokens`: added to the limit of an answer for models that think, or `thinking_budget` where it is more.
    """

    scores: Literal["choice", "ask"] = "choice"
    seed: int | None = None
    thinking_budget: Annotated[int, Ge(0)] | None = None
    thinking_level: str | None = None
    reasoning_tokens: Annotated[int, Ge(0)] = 4096


class Google:
    """Translates for the Gemini API's generateContent."""

    takes = _TAKES

    def __init__(self, model: str, options: Options) -> None:
        self.base_url = _placed(options).base_url or ""
        self._model = quote(model.removeprefix("models/"), safe="")
        self._options = options
        self.reasons = not _THINKS_NOT.match(model) and options.thinking_budget != 0
        self.means: Literal["choice", "ask"] = options.scores

    def authorisation(self, key: str) -> Mapping[str, str]:
        """In a header, never in the address, which is logged on its way."""
        return {"x-goog-api-key": key}

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        asked = cast(Asked, question)
        then = instruction(asked.choices) if asked.choices and self.means == "ask" else ""
        parts = list(_parts(asked, pictures, then))
        body = {"contents": [{"role": "user", "parts": parts}], "generationConfig": self._configuration(asked)}
        return Call(f"/v1beta/models/{self._model}:generateContent", body)

    def _configuration(self, asked: Asked) -> dict[str, Any]:
        options = self._options
        told: dict[str, Any] = {"maxOutputTokens": self.most_tokens(asked)}
        optional = {"temperature": options.temperature, "seed": options.seed}
        told |= {name: value for name, value in optional.items() if value is not None}
        if asked.choices and self.means == "choice":
            told["responseMimeType"] = "text/x.enum"
            told["responseSchema"] = {"type": "STRING", "enum": list(asked.choices)}
        thought = {"thinkingBudget": options.thinking_budget, "thinkingLevel": options.thinking_level}
        if thought := {name: value for name, value in thought.items() if value is not None}:
            told["thinkingConfig"] = thought
        return told

    def most_tokens(self, question: Question) -> int:
        options = self._options
        thought = max(options.reasoning_tokens, options.thinking_budget or 0) if self.reasons else 0
        return tokens_for(cast(Asked, question)) + thought

    def models(self) -> Call:
        return Call("/v1beta/models?pageSize=1000", {}, method="GET")

    def usage(self, body: Mapping[str, Any]) -> Usage:
        return _usage(body)

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        asked = cast(Asked, question)
        if fault_of(reply):
            return _error(reply)
        body = parsed(reply)
        if isinstance(body, Fault):
            return body
        usage = _usage(body)
        first = next(iter(_mappings(body.get("candidates"))), None)
        if first is None:
            blocked = mapping(body.get("promptFeedback")).get("blockReason")
            if blocked:
                return Text(f"the prompt was blocked: {blocked}", Finish.REFUSED, usage)
            return Fault("the reply has no candidate in it", again=True)
        reason, said = str(first.get("finishReason") or "STOP"), _said(first)
        if reason in _REFUSALS:
            return Text(said or f"the answer was blocked: {reason}", Finish.REFUSED, usage)
        if reason not in ("STOP", "MAX_TOKENS") or (said is None and reason == "STOP"):
            return Fault(f"the answer ended without a text ({reason})", again=True)
        finish = Finish.STOP if reason == "STOP" else Finish.LENGTH
        return answer_to(asked, Text(said or "", finish, usage), held=self.means == "choice")


def _parts(asked: Asked, pictures: Sequence[Picture], then: str) -> Iterator[dict[str, Any]]:
    left = iter(pictures)
    for part in (*asked.prompt, then):
        if not isinstance(part, str):
            picture = next(left)
            yield {"inline_data": {"mime_type": picture.media_type, "data": picture.base64}}
        elif part:
            yield {"text": part}


def _said(candidate: Mapping[str, Any]) -> str | None:
    """The text of a candidate without its thoughts; None where it has no part."""
    parts = _mappings(mapping(candidate.get("content")).get("parts"))
    texts = [part.get("text") for part in parts if not part.get("thought")]
    return "".join(text for text in texts if isinstance(text, str)) if texts else None


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _usage(body: Mapping[str, Any]) -> Usage:
    """Tokens of the request and of the answer, thoughts included: they are paid as such."""
    told = mapping(body.get("usageMetadata"))
    parts = [count(told.get(name)) for name in ("candidatesTokenCount", "thoughtsTokenCount")]
    tokens_out = None if parts == [None, None] else sum(part or 0 for part in parts)
    return Usage(count(told.get("promptTokenCount")), tokens_out)


def _error(reply: Reply) -> Fault:
    """The fault of an error; a day's quota that is used up does not pass while a run waits, a minute's does."""
    error = error_of(reply)
    details = _mappings(error.get("details"))
    violations = [each for detail in details for each in _mappings(detail.get("violations"))]
    for_today = any("PerDay" in str(each.get("quotaId")) for each in violations)
    delays = [_DURATION.fullmatch(str(detail.get("retryDelay"))) for detail in details]
    wait = next((float(delay[1]) for delay in delays if delay), None)
    if reply.status != 429:
        return fault(reply, wait=wait)
    return replace(fault(reply, again=not for_today, wait=wait), crowded=not for_today)


def identity(name: str, options: Options) -> dict[str, Any]:
    """Where the model is, and its name there."""
    return {"server": remote.place(_placed(options).base_url or ""), "model": name}


def provider(name: str, options: Options) -> Google:
    """The translation for a model."""
    return Google(name, options)


def load(name: str, options: Options) -> RemoteModel:
    """The engine. Raises Missing where the key is not set; nothing is asked yet."""
    from snellen.remote.client import RemoteModel

    options = _placed(options)
    return RemoteModel(provider(name, options), key(name, options), options)


def key(name: str, options: Options) -> Key | None:
    """What it takes to be answered. Raises Missing where that is not set."""
    return key_of(_placed(options).api_key_env, f"google/{name}")


def _placed(options: Options) -> Options:
    return remote.with_defaults(
        options, base_url="https://generativelanguage.googleapis.com", api_key_env="GEMINI_API_KEY"
    )
