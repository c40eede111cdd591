"""Chat completions, the API of OpenAI that most servers speak too: questions to requests, replies to answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from snellen.images import Image
from snellen.remote.faults import fault_of, one_line, parsed
from snellen.remote.wire import Call, Fault, Picture, Reply, Takes
from snellen.types import Answer, Choose, Finish, Generate, Photo, Question, Scores, Text, Usage

COMMON = Takes(frozenset({"image/jpeg", "image/png", "image/webp"}), 20_000_000)
Forced = Literal["structured_outputs", "regex", "json_schema"]
_FINISH = {"length": Finish.LENGTH, "max_tokens": Finish.LENGTH, "content_filter": Finish.REFUSED}
_FILTERED = ("content_filter", "content_policy", "data_inspection_failed", "responsibleai", "safety")
_SHORT = 3  # letters of a choice that is likely one token, such as yes, no, A
_TOP = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server speaks the common language.

    `forced` is the field that makes it answer with one of some choices, `logprobs` whether it tells those of tokens,
    `limit` the name of the token limit, `extra` what else stands in every request.
    """

    forced: Forced | None = None
    logprobs: bool = False
    limit: str = "max_tokens"
    extra: Mapping[str, Any] = field(default_factory=dict)
    takes: Takes = COMMON


class ChatCompletions:
    """A provider for `/chat/completions`, without streaming.

    `scores` is how Choose is answered: by the log-probabilities of the first token, by a forced choice, or by asking
    for one of the choices; "auto" takes the first that the dialect and the choices allow.
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
        if self._scores != "auto":
            return self._scores
        if self._dialect.logprobs and all(len(choice.strip()) <= _SHORT for choice in question.choices):
            return "logprobs"
        return "choice" if self._dialect.forced else "ask"

    # Requests

    def call(self, question: Question, pictures: Sequence[Picture]) -> Call:
        assert isinstance(question, Generate | Choose)
        content = self._content(question.prompt, pictures)
        body: dict[str, Any] = {"model": self._model, "messages": [], **self._dialect.extra, **self._settings}
        by = self.scores_by(question) if isinstance(question, Choose) else "choice"
        if by == "logprobs":
            body |= {"logprobs": True, "top_logprobs": _TOP, self._dialect.limit: 1}
        else:
            body[self._dialect.limit] = question.max_tokens if isinstance(question, Generate) else _room(question)
            if question.choices and by == "choice" and self._dialect.forced:
                body |= _forced(question.choices, self._dialect.forced)
                body[self._dialect.limit] = max(body[self._dialect.limit], _room(question))
            elif question.choices and isinstance(question, Choose):
                content.append({"type": "text", "text": "Answer with exactly one of: " + ", ".join(question.choices)})
        body["messages"] = [{"role": "user", "content": content}]
        return Call("/chat/completions", body)

    def _content(self, prompt: Sequence[Any], pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        waiting = iter(pictures)
        for part in prompt:
            if isinstance(part, Photo | Image):
                url: dict[str, Any] = {"url": next(waiting).uri}
                if self._detail:
                    url["detail"] = self._detail
                content.append({"type": "image_url", "image_url": url})
            else:
                content.append({"type": "text", "text": part})
        return content

    # Replies

    def read(self, question: Question, reply: Reply) -> Answer | Fault:
        assert isinstance(question, Generate | Choose)
        if fault := fault_of(reply):
            if not fault.again and is_filtered(reply.body):
                return _refused(question, fault.reason, Usage())
            return fault
        found = parsed(reply)
        if isinstance(found, Fault):
            return found
        try:
            return self._answer(question, found)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            return Fault(one_line(f"answered in another form than chat completions ({error!r}): {found}"), again=True)

    def _answer(self, question: Generate | Choose, found: Mapping[str, Any]) -> Answer | Fault:
        if not found.get("choices"):
            if found.get("error"):
                return Fault(one_line(f"answered with an error: {found['error']}"), again=True)
            return Fault("answered with no choices", again=True)
        choice = found["choices"][0]
        usage = _usage(found.get("usage") or {})
        finish = _FINISH.get(choice.get("finish_reason") or "stop", Finish.STOP)
        text = choice["message"].get("content")
        if finish is Finish.REFUSED or choice["message"].get("refusal"):
            return _refused(question, choice["message"].get("refusal") or text or "", usage)
        if isinstance(question, Choose) and self.scores_by(question) == "logprobs":
            return _by_logprobs(question, choice, usage)
        if isinstance(text, list):  # parts
            text = "".join(part.get("text", "") for part in text)
        if text is None and finish is Finish.LENGTH:
            text = ""  # all went into thinking
        if not isinstance(text, str):
            return Fault("answered with no content", again=True)
        if isinstance(question, Choose):
            return _by_choice(question, _unwrapped(text), usage)
        return Text(_unwrapped(text) if question.choices else text, finish, usage)


def is_filtered(body: bytes) -> bool:
    """Whether an error says that a content filter refused the question."""
    text = body[:65536].decode("utf-8", "replace").lower()
    return any(word in text for word in _FILTERED)


def _room(question: Generate | Choose) -> int:
    """Tokens enough for the longest choice, quoted."""
    return 12 + max(len(choice.encode()) for choice in question.choices)


def _forced(choices: Sequence[str], forced: Forced) -> dict[str, Any]:
    if forced == "structured_outputs":
        return {"structured_outputs": {"choice": list(choices)}}
    if forced == "regex":
        return {"regex": "(" + "|".join(map(_escaped, choices)) + ")"}
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(choices)}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    }


def _escaped(text: str) -> str:
    return "".join("\\" + c if c in r"\.^$*+?{}[]()|" else c for c in text)


def _unwrapped(text: str) -> str:
    """The choice in the JSON of a forced answer; any other text as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict) and isinstance(found.get("answer"), str):
        return str(found["answer"])
    return found if isinstance(found, str) else text


def _usage(given: Mapping[str, Any]) -> Usage:
    def count(name: str) -> int | None:
        return int(given[name]) if given.get(name) is not None else None

    cached = (given.get("prompt_tokens_details") or {}).get("cached_tokens")
    return Usage(count("prompt_tokens"), count("completion_tokens"), tokens_cached=int(cached) if cached else None)


def _refused(question: Question, said: str, usage: Usage) -> Answer | Fault:
    """A refusal is a text of its own kind; where scores were asked for there is none to tell."""
    if isinstance(question, Choose):
        return Fault(one_line(f"refused: {said}"), again=False)
    return Text(said, Finish.REFUSED, usage)


def plain(text: str) -> str:
    """A text for comparing: without case, outer blanks, quotes and full stop."""
    return text.strip().strip("\"'`*.").strip().casefold()


def _by_choice(question: Choose, text: str, usage: Usage) -> Answer | Fault:
    """The choice that was answered has the value 0 (all probability), the others minus infinity: no number is known."""
    said = [choice == text for choice in question.choices]
    if not any(said):
        said = [plain(choice) == plain(text) for choice in question.choices]
    if sum(said) != 1:
        return Fault(one_line(f"answered none of the choices: {text!r}"), again=False)
    return Scores(question.choices, tuple(0.0 if chosen else -math.inf for chosen in said), usage)


def _by_logprobs(question: Choose, choice: Mapping[str, Any], usage: Usage) -> Answer | Fault:
    """The log-probability of each choice as one token: the sum over its spellings among the most likely ones."""
    told = ((choice.get("logprobs") or {}).get("content") or [{}])[0].get("top_logprobs")
    if not told:
        return Fault("gives no log-probabilities; ask it with scores=choice or scores=ask", again=False)
    mass = dict.fromkeys(map(str.strip, question.choices), 0.0)
    for each in told:
        token = str(each["token"]).strip()
        if token in mass:
            mass[token] += math.exp(each["logprob"])
    if not any(mass.values()):
        return Fault("none of the choices is among its most likely first tokens; ask with scores=ask", again=False)
    values = (mass[option.strip()] for option in question.choices)
    return Scores(question.choices, tuple(math.log(value) if value else -math.inf for value in values), usage)
