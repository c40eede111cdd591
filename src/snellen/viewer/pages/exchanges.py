"""What was asked and answered, in forms that can be shown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from snellen.blank import BLANK
from snellen.images import Image
from snellen.transcripts import Exchange
from snellen.types import Answer, Choose, Embed, EmbedText, Finish, Generate, Part, Question, Recognise, Scores, Text

_SCORES = 10
_CHOICES = 40
_PARTS = 200


@dataclass(frozen=True, slots=True)
class Bar:
    """A score with its share of the width, from 0 to 1."""

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange: `prompt` in words, what was to be chosen from, and the answer as a text, as bars, or in words.

    `parts` are those of a prompt with pictures that can be shown: each a text, or the digest of a picture.
    """

    round: int
    role: str
    kind: str
    prompt: str
    parts: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()
    more_choices: int = 0
    text: str | None = None
    bars: tuple[Bar, ...] = ()
    more_bars: int = 0
    note: str = ""
    usage: tuple[str, ...] = field(default=())


def shown(exchange: Exchange, pictures: Container[bytes] = ()) -> Shown:
    """An exchange as a page shows it; of many choices and scores the first. `pictures` are digests of the run's."""
    question, answer = exchange.question, exchange.answer
    choices = question.choices if isinstance(question, Generate | Choose) else ()
    text, bars, more, note = _answer(answer)
    return Shown(
        exchange.round,
        exchange.role,
        _kind(question),
        prompt_of(question),
        tuple(_parts(question, pictures)),
        choices[:_CHOICES],
        max(0, len(choices) - _CHOICES),
        text,
        bars,
        more,
        note,
        tuple(_usage(answer)) if answer is not None else (),
    )


def _kind(question: Question) -> str:
    if isinstance(question, Generate):
        return "held to the choices" if question.choices else f"free text of at most {question.max_tokens} tokens"
    if isinstance(question, Choose):
        return "a score of each choice"
    return "scores over its own vocabulary" if isinstance(question, Recognise) else "a vector"


def prompt_of(question: Question) -> str:
    """What is asked, in words."""
    if isinstance(question, Generate | Choose):
        return "\n".join(map(_part, question.prompt))
    if isinstance(question, EmbedText):
        return question.text
    return _part(question.image) if isinstance(question, Embed) else "[the photo]"


def _parts(question: Question, pictures: Container[bytes]) -> Iterator[tuple[str, str]]:
    """Text or digest of each part; nothing where no picture can be shown."""
    parts = question.prompt[:_PARTS] if isinstance(question, Generate | Choose) else ()
    known = [isinstance(part, Image) and bytes.fromhex(part.digest) in pictures for part in parts]
    if any(known):
        for part, is_known in zip(parts, known, strict=True):
            yield ("", part.digest) if is_known and isinstance(part, Image) else (_part(part), "")


def _part(part: Part) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Image):
        return "[the photo]"
    return "[a grey picture]" if part == BLANK else f"[another image, {part.digest[:12]}…]"


def _answer(answer: Answer | None) -> tuple[str | None, tuple[Bar, ...], int, str]:
    if answer is None:
        return None, (), 0, "no answer is stored"
    if isinstance(answer, Text):
        notes = {Finish.LENGTH: "cut at its greatest length", Finish.REFUSED: "refused"}
        return answer.text, (), 0, notes.get(answer.finish, "")
    if isinstance(answer, Scores):
        pairs = sorted(zip(answer.choices, answer.values, strict=True), key=lambda pair: -pair[1])
        return None, bars(pairs[:_SCORES]), max(0, len(pairs) - _SCORES), ""
    return None, (), 0, f"a vector of {len(answer.values):,} numbers"


def bars(pairs: Iterable[tuple[str, float]]) -> tuple[Bar, ...]:
    """Scores as bars: shares of 1 as they are, others between the least and the greatest."""
    found = [(name, float(value)) for name, value in pairs]
    finite = [value for _, value in found if abs(value) != float("inf") and value == value]
    if not finite:
        return tuple(Bar(name, value, 0.0) for name, value in found)
    low, high = (0.0, 1.0) if min(finite) >= 0 and max(finite) <= 1 else (min(finite), max(finite))
    span = (high - low) or 1.0
    return tuple(Bar(name, value, (value - low) / span if value in finite else 0.0) for name, value in found)


def _usage(answer: Answer) -> Iterator[str]:
    usage = answer.usage
    if usage.tokens_in is not None:
        yield f"{usage.tokens_in:,} tokens in"
    if usage.tokens_out is not None:
        yield f"{usage.tokens_out:,} out"
    if usage.seconds is not None:
        yield f"{usage.seconds:.3g} s"
    if usage.attempts > 1:
        yield f"{usage.attempts} attempts"


def as_text(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """All of the exchanges as plain text, nothing left out."""
    for number, each in enumerate(exchanges, 1):
        yield f"=== {number}, round {each.round}, to {each.role}: {_kind(each.question)}\n{prompt_of(each.question)}\n"
        if isinstance(each.question, Generate | Choose) and each.question.choices:
            yield "--- choices\n" + "\n".join(each.question.choices) + "\n"
        yield "--- answer\n"
        if isinstance(each.answer, Scores):
            yield "".join(
                f"{value:.6g}\t{name}\n" for name, value in zip(each.answer.choices, each.answer.values, strict=True)
            )
        elif isinstance(each.answer, Text):
            yield f"{each.answer.text}\n"
        else:
            yield f"({_answer(each.answer)[3]})\n"
        yield "\n"
