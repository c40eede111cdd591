"""What a row will ask, found without a model: its strategy is carried on with made-up answers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.images import Image
from snellen.matcher import matcher_of
from snellen.placing import Key, place
from snellen.rows import Row
from snellen.types import (
    Answer,
    Choose,
    Classes,
    EmbedText,
    Failure,
    Generate,
    Question,
    Recognise,
    Scores,
    Text,
    Vector,
)
from snellen.words import words

Asked = Sequence[tuple[Question, Answer]]
_Says = Callable[[str], str]  # what is answered to a prompt's text
_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Forecast:
    """A row that is prepared with made-up answers, and what its preparation asks."""

    row: Row
    first: Asked

    def likely(self, image: Image, label: str) -> Asked | None:
        """What a model without fault is asked about an image of this class; None where the strategy fails on it."""
        return self._course(image, _Right(self.row.classes, label))

    def longest(self, image: Image) -> Iterator[Asked]:
        """What models are asked that say no to everything, yes to everything, or name a class in each list.

        A question that comes twice counts twice: on another image it may be two.
        """
        classes = self.row.classes
        named = (classes.foreground or classes.names)[0]
        for says in (lambda _: "no", lambda _: "yes", _Right(classes, named)):
            if (course := self._course(image, says, once=False)) is not None:
                yield course

    def _course(self, image: Image, says: _Says, once: bool = True) -> Asked | None:
        result, asked = _carried_on(self.row.inquire(image), image, self.row.classes, says, once)
        return None if isinstance(result, Failure) else asked


def forecast(row: Row) -> Forecast | None:
    """The row's forecast; None where its preparation cannot do with made-up answers.

    Of a strategy that ends early where scores are high it is the fullest: made-up scores say nothing of that.
    """
    row = dataclasses.replace(row, strategy=getattr(row.strategy, "fullest", row.strategy))
    if not row.prepares:
        return Forecast(row, ())
    known, asked = _carried_on(row.prepare(), None, row.classes, lambda _: "no", once=True)
    return None if isinstance(known, Failure) else Forecast(dataclasses.replace(row, known=known), asked)


def _carried_on(rounds: Any, photo: Image | None, classes: Classes, says: _Says, once: bool) -> tuple[Any, Asked]:
    """What it comes to, and the questions with their made-up answers, each `once` if so wanted."""
    asked: list[tuple[Question, Answer]] = []
    keys: set[Key] = set()
    try:
        questions = next(rounds)
        while True:
            answers = [_made_up(question, classes, says) for question in questions]
            for question, answer in zip(questions, answers, strict=True):
                key = place(question, photo).key
                if key not in keys or not once:
                    asked.append((question, answer))
                keys.add(key)
            questions = rounds.send(answers)
    except StopIteration as stop:
        return stop.value, asked


def _made_up(question: Question, classes: Classes, says: _Says) -> Answer:
    if isinstance(question, Generate):
        return Text(says(_text(question)))
    if isinstance(question, Choose):
        said = says(_text(question)).casefold()
        chosen = next((each for each in question.choices if each.strip().casefold() == said), question.choices[0])
        return Scores(question.choices, tuple(0.0 if each == chosen else float("-inf") for each in question.choices))
    if isinstance(question, Recognise):
        return Scores(classes.names, tuple(float(place == 0) for place in range(len(classes.names))))
    shown = question.text if isinstance(question, EmbedText) else repr(question.image)
    digest = hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=_DIMENSIONS).digest()
    return Vector(np.frombuffer(digest, dtype=np.uint8).astype(np.float32) + 1, scale=1.0)


def _text(question: Generate | Choose) -> str:
    """The texts behind the last picture: those before belong to labelled examples."""
    return " ".join(part for part in question.prompt[-2:] if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class _Right:
    """Says the truth: the class where the prompt lists several or none, else whether it is the one that is named."""

    classes: Classes
    label: str

    def __call__(self, prompt: str) -> str:
        mentions = matcher_of(self.classes).mentions(words(prompt))
        named = list(dict.fromkeys(each.label for each in mentions if each.label is not None))
        if len(named) == 1:
            return "yes" if named[0] == self.label else "no"
        if not named or self.label in named:
            return self.label
        return next((name for name in named if name != self.classes.background), named[0])
