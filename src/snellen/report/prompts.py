"""Questions as they were put, in full, each different one once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.blank import BLANK
from snellen.transcripts import Exchange
from snellen.types import MODEL, PHOTO, Choose, EmbedText, Generate, Part, Question, Recognise


@dataclass(frozen=True, slots=True)
class Asked:
    """The text of a question with marks where pictures stand; `wants` is what is wanted of it, `role` who is asked."""

    text: str
    wants: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Prompts:
    """The first of the different questions, and how many more there are."""

    first: tuple[Asked, ...]
    more: int


def prompts(exchanges: Iterable[Exchange], most: int) -> Prompts:
    """The different questions of some exchanges, at most so many of them."""
    found = tuple(dict.fromkeys(asked(each.question) for each in exchanges))
    return Prompts(found[:most], max(0, len(found) - most))


def asked(question: Question) -> Asked:
    """A question as a text."""
    role = None if question.to == MODEL else question.to
    if isinstance(question, Generate):
        wanted = f"a text of at most {question.max_tokens} tokens"
        if question.choices:
            wanted = f"one of: {', '.join(question.choices)}"
        return Asked(_text(question.prompt), wanted, role)
    if isinstance(question, Choose):
        wanted = f"how likely each of these comes next: {', '.join(question.choices)}"
        return Asked(_text(question.prompt), wanted, role)
    if isinstance(question, EmbedText):
        return Asked(question.text, "its vector", role)
    wanted = "scores of all that it knows" if isinstance(question, Recognise) else "its vector"
    return Asked("[photo]", wanted, role)


def _text(parts: Iterable[Part]) -> str:
    return "\n".join(part if isinstance(part, str) else _mark(part) for part in parts)


def _mark(part: Part) -> str:
    if part is PHOTO:
        return "[photo]"
    return "[grey picture]" if part == BLANK else "[picture of an example]"
