"""A row of the results as it asks: a strategy over a class list, seeded, with its labelled examples."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from snellen.blank import BLANK
from snellen.images import Image
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Classes,
    Example,
    Failure,
    Generate,
    Inquiry,
    Preparation,
    Question,
    Strategy,
)

_PROMPTED = frozenset({Generate, Choose})


@dataclass(frozen=True, slots=True)
class Row:
    """How one row asks; `known` is what its preparation returned, None where it has none or is not prepared yet.

    A `blind` one is a control: its prompts show a grey picture in the photo's place. What an encoder or a recogniser
    is asked beside them is still about the photo, so that a prompt with a shortlist in it is the same prompt.
    """

    strategy: Strategy
    classes: Classes
    seed: int
    shots: tuple[Example, ...] = ()
    known: Any = None
    blind: bool = False

    @property
    def prepares(self) -> bool:
        """Whether it has something to prepare."""
        return hasattr(self.strategy, "prepare")

    def prepare(self) -> Preparation:
        """What is asked once for the row, about no photo; it returns what `inquire` is to know."""
        return _guarded(lambda: self.strategy.prepare(self.classes, self.shots))  # type: ignore[attr-defined]

    def orders(self, image: Image) -> Sequence[tuple[str, ...]]:
        """The orders of class names that the inquiry about an image has; none where they are not known before it."""
        orders: Callable[[Classes, Random], Sequence[tuple[str, ...]]] | None
        orders = getattr(self.strategy, "orders", None)
        return () if orders is None else orders(self.classes, self._rng(image))

    def _rng(self, image: Image) -> Random:
        return Random(f"{self.seed}:{image.digest}")

    def inquire(self, image: Image) -> Inquiry:
        """The inquiry about an image; its randomness depends on the seed and the image alone."""
        rng = self._rng(image)
        rounds = _guarded(lambda: self.strategy.inquire(self.classes, self.known, rng))
        return _without_photo(rounds) if self.blind else rounds


def asks_with_prompts(strategy: Strategy) -> bool:
    """Whether a strategy puts prompts to the model, so that there is something to ask of it blind."""
    return bool(_PROMPTED & strategy.asks)


_Rounds: TypeAlias = Generator[Sequence[Question], Sequence[Answer], Any]


def _guarded(begin: Callable[[], _Rounds]) -> _Rounds:
    """An exception of the strategy is this inquiry's failure: it costs no other answer, and not the model's process."""
    try:
        return (yield from begin())
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Failure(f"the strategy failed: {type(error).__name__}: {error} ({where})")


def _without_photo(rounds: _Rounds) -> _Rounds:
    """The same rounds with a grey picture wherever a prompt shows the photo."""
    try:
        questions = next(rounds)
        while True:
            questions = rounds.send((yield [_blinded(question) for question in questions]))
    except StopIteration as stop:
        return stop.value
    finally:
        rounds.close()


def _blinded(question: Question) -> Question:
    if not isinstance(question, (Generate, Choose)):
        return question
    return dataclasses.replace(question, prompt=tuple(BLANK if part is PHOTO else part for part in question.prompt))
