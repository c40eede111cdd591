"""Chat completions, the API of OpenAI that most servers speak too: questions to requests, replies to answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from snellen.images import Image
from snellen.remote.choosing import Asked, answer_to, instruction, schema, tokens_for
from snellen.remote.faults import fault_of, message_in, one_line, parsed
from snellen.remote.replies import count, error_of, fault, mapping
from snellen.remote.tokens import read_choices
from snellen.remote.wire import Call, Fault, Picture, Reply, Takes
from snellen.types import Answer, Choose, Finish, Generate, Part, Photo, Question, Scores, Text, Usage

COMMON = Takes(frozenset({"image/jpeg", "image/png", "image/webp"}), 20_000_000)
Forced = Literal["structured_outputs", "regex", "json_schema"]
# All that ends an answer, in the words of different servers; any other end, such as "abort" or "error", leaves none.
_FINISH = {
    **dict.fromkeys(("stop", "eos", "eos_token", "stop_sequence", "end_turn"), Finish.STOP),
    **dict.fromkeys(("length", "max_tokens", "model_length"), Finish.LENGTH),
    **dict.fromkeys(("content_filter", "refusal"), Finish.REFUSED),
}
_FILTERED = re.compile(
    r"content[ _]filter|content[ _]\w*[ _]?policy|moderation_blocked|invalid_prompt|data_?inspection_?failed"
    r"|responsibleai|safety system",
    re.IGNORECASE,
)
_FOR_GOOD = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_SHORT = 3  # letters of a choice that is likely one token, such as yes, no, A
_TOP = 20
_MANY_CHOICES, _MOST_LETTERS = 250, 15_000  # beyond so many choices, so many letters in all where choices are limited


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server speaks the common language.

    `forced` is the field that makes it answer with one of some choices, `logprobs` whether it tells those of tokens,
    `limit` the name of the token limit, `thought` what it has beside the answer for a model that reasons before it
    answers, `most_choices` how many it can be held to, `batches` whether files in the form of OpenAI's Batch API are
    taken, `extra` what else stands in every request.
    """

    forced: Forced | None = None
    logprobs: bool = False
    limit: str = "max_tokens"
    thought: int = 0
    most_choices: int | None = None
    batches: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    takes: Takes = COMMON


class ChatCompletions:
    """A provider for `/chat/completions`, without streaming.

    `scores` is how Choose is answered: by the log-probabilities of the tokens of an answer, by a forced choice, or by
    asking for one of the choices; "auto" takes the first that the dialect and the choices allow.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        dialect: Dialect,
        *,
        temperature: float | None = 0.0,
        seed: int | None = None,
        detail: str | None = None,
        scores: str = "auto",
    ) -> None:
        self.base_url = base_url
        self.takes = dialect.takes
        self.takes_batches = dialect.batches
        self._model = model
        self._dialect = dialect
        settings = {"temperature": temperature, "seed": seed}
        self._settings = {key: value for key, value in settings.items() if value is not None}
        self._detail = detail
        self._scores = scores

    def authorisation(self, key: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"}

    def scores_by(self, question: Choose) -> str:
        """How the scores of a question are had: `logprobs`, `choice` or `ask`."""
        by = self._scores
        if by == "auto":
            by = "logprobs" if self._dialect.logprobs and _are_short(question.choices) else "choice"
        return "ask" if by == "choice" and not self._can_hold(question.choices) else by

    def _means(self, question: Asked) -> str | None:
        """How one of the choices is had; None where there are none. A text that is not scored is held to them."""
        if isinstance(question, Choose):
            return self.scores_by(question)
        if not question.choices:
            return None
        return "choice" if self._can_hold(question.choices) else "ask"

    def _can_hold(self, choices: Sequence[str]) -> bool:
        """Whether the server makes an answer be one of these."""
        dialect = self._dialect
        if not dialect.forced or dialect.most_choices is None:
            return dialect.forced is not None
        many = len(choices) > _MANY_CHOICES and sum(map(len, choices)) > _MOST_LETTERS
        return len(choices) <= dialect.most_choices and not many

    # Requests

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        assert isinstance(question, Generate | Choose)
        dialect, by = self._dialect, self._means(question)
        body: dict[str, Any] = {"model": self._model, "messages": [], **dialect.extra, **self._settings}
        content = self._content(question.prompt, pictures)
        if by == "logprobs":
            body |= {"logprobs": True, "top_logprobs": _TOP}
        elif by == "choice" and dialect.forced:
            body |= _forced(question.choices, dialect.forced)
        elif by:
            content.append({"type": "text", "text": instruction(question.choices)})
        body[dialect.limit] = self.most_tokens(question)
        body["messages"] = [{"role": "user", "content": content}]
        return Call("/chat/completions", body)

    def most_tokens(self, question: Question) -> int:
        assert isinstance(question, Generate | Choose)
        short = self._means(question) == "logprobs" and _are_short(question.choices)
        return (1 if short else tokens_for(question)) + self._dialect.thought

    def models(self) -> Call:
        return Call("/models", {}, method="GET")

    def _content(self, prompt: Sequence[Part], pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        waiting = iter(pictures)
        for part in prompt:
            if isinstance(part, Photo | Image):
                url: dict[str, Any] = {"url": next(waiting).uri}
                if self._detail:
                    url["detail"] = self._detail
                content.append({"type": "image_url", "image_url": url})
            elif part:
                content.append({"type": "text", "text": part})
        return content

    # Replies

    def usage(self, body: Mapping[str, Any]) -> Usage:
        return _usage(mapping(body.get("usage")))

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        assert isinstance(question, Generate | Choose)
        if fault_of(reply):
            return _error(reply)
        found = parsed(reply)
        if isinstance(found, Fault):
            return found
        if not found.get("choices") and found.get("error"):
            return _error(reply)
        try:
            return self._answer(question, found)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            return Fault(one_line(f"answered in another form than chat completions ({error!r}): {found}"), again=True)

    def _answer(self, question: Asked, found: Mapping[str, Any]) -> Answer | Fault:
        if not found.get("choices"):
            return Fault("answered with no choices", again=True)
        choice = found["choices"][0]
        if choice.get("error"):
            return Fault(one_line(f"broke off: {message_in(json.dumps(choice).encode())}"), again=True)
        message, usage = choice["message"], _usage(mapping(found.get("usage")))
        ended = choice.get("finish_reason") or "stop"
        finish = _FINISH.get(str(ended).lower())
        if finish is None:
            return Fault(one_line(f"broke off ({ended})"), again=True)
        text = message.get("content")
        if isinstance(text, list):  # parts
            text = "".join(str(part.get("text") or "") for part in text)
        if finish is Finish.REFUSED or message.get("refusal"):
            return Text(message.get("refusal") or text or "", Finish.REFUSED, usage)
        if (by := self._means(question)) == "logprobs":
            assert isinstance(question, Choose)
            return _by_logprobs(question, choice, usage)
        if text is None and finish is Finish.LENGTH:
            text = ""  # all went into thinking
        if not isinstance(text, str):
            return Fault("answered with no content", again=True)
        return answer_to(question, Text(text, finish, usage), held=by == "choice")


def _error(reply: Reply) -> Answer | Fault:
    """The fault of an error, or the refusal that a content filter tells as one."""
    error = error_of(reply)
    inner = mapping(error.get("innererror"))
    words = [str(told.get(key) or "") for told in (error, inner) for key in ("code", "type", "message")]
    if reply.status < 500 and _FILTERED.search(" ".join(words)):
        return Text(str(error.get("message") or ""), Finish.REFUSED, Usage(0, 0))  # errors are not charged
    return fault(reply, again=False if _FOR_GOOD & {*words} else None)


def _are_short(choices: Sequence[str]) -> bool:
    return all(len(choice.strip()) <= _SHORT for choice in choices)


def _forced(choices: Sequence[str], forced: Forced) -> dict[str, Any]:
    if forced == "structured_outputs":
        return {"structured_outputs": {"choice": list(choices)}}
    if forced == "regex":
        return {"regex": "(" + "|".join(map(_escaped, choices)) + ")"}
    held = {"name": "answer", "strict": True, "schema": schema(choices)}
    return {"response_format": {"type": "json_schema", "json_schema": held}}


def _escaped(text: str) -> str:
    return "".join("\\" + c if c in r"\.^$*+?{}[]()|" else c for c in text)


def _usage(told: Mapping[str, Any]) -> Usage:
    cached = count(mapping(told.get("prompt_tokens_details")).get("cached_tokens"))
    return Usage(count(told.get("prompt_tokens")), count(told.get("completion_tokens")), tokens_cached=cached or None)


def _by_logprobs(question: Choose, choice: Mapping[str, Any], usage: Usage) -> Answer | Fault:
    tokens = mapping(choice.get("logprobs")).get("content")
    if not tokens or not tokens[0].get("top_logprobs"):
        return Fault("gives no log-probabilities; ask it with scores=choice or scores=ask", again=False)
    values = read_choices(question.choices, tokens)
    if values is None:
        return Fault("its tokens do not tell choices apart that begin alike; ask it with scores=choice", again=False)
    return Scores(question.choices, values, usage, by="logprobs")
