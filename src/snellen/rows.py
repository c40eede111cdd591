"""A row of the results as it asks: a strategy over a class list, seeded, with its labelled examples."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from snellen.images import Image
from snellen.types import Answer, Classes, Example, Failure, Inquiry, Preparation, Question, Strategy


@dataclass(frozen=True, slots=True)
class Row:
    """How one row asks; `known` is what its preparation returned, None where it has none or is not prepared yet."""

    strategy: Strategy
    classes: Classes
    seed: int
    shots: tuple[Example, ...] = ()
    known: Any = None

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
        return _guarded(lambda: self.strategy.inquire(self.classes, self.known, rng))


_Rounds: TypeAlias = Generator[Sequence[Question], Sequence[Answer], Any]


def _guarded(begin: Callable[[], _Rounds]) -> _Rounds:
    """An exception of the strategy is this inquiry's failure: it costs no other answer, and not the model's process."""
    try:
        return (yield from begin())
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Failure(f"the strategy failed: {type(error).__name__}: {error} ({where})")
