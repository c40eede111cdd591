"""The class sets of a sweep: so many classes of a data set each, the smaller ones parts of the larger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from snellen.errors import WrongUse
from snellen.selection import rank
from snellen.types import Classes

Order: TypeAlias = Literal["random", "hard"]
USUAL_COUNTS = (10, 25, 50, 75, 100, 150, 200)
MOST_DRAWS = 100  # each is as many rows more as there are numbers of classes, models and strategies


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is swept: the numbers of classes, and how the classes are chosen; a background class counts, as ever.

    Without `class_counts` they are the usual ones and that of all classes. `draws` is how many random sets there are of
    each number; hard sets, the most confused classes first, are one of each.
    """

    class_counts: tuple[int, ...] = ()
    draws: int = 3
    order: Literal["random", "hard", "both"] = "random"

    def __post_init__(self) -> None:
        if self.class_counts and min(self.class_counts) < 2:
            raise ValueError(f"class_counts: expected numbers of at least 2, got {min(self.class_counts)}")
        if not 1 <= self.draws <= MOST_DRAWS:
            raise ValueError(f"draws: expected 1 to {MOST_DRAWS}, got {self.draws}")
        object.__setattr__(self, "class_counts", tuple(sorted(set(self.class_counts))))

    def counts(self, classes: Classes) -> tuple[int, ...]:
        """The numbers of classes, each once, the smallest first. Raises WrongUse where there are not so many."""
        most = len(classes.names)
        if not self.class_counts:
            return (*(count for count in USUAL_COUNTS if count < most), most)
        if self.class_counts[-1] > most:
            included = " (background included)" if classes.background else ""
            raise WrongUse(
                f"class_counts: {self.class_counts[-1]} classes are asked for, and there are {most}{included}"
            )
        return self.class_counts

    @property
    def orders(self) -> tuple[Order, ...]:
        """How sets are chosen."""
        return ("random", "hard") if self.order == "both" else (self.order,)


@dataclass(frozen=True, slots=True)
class ClassSet:
    """One set of a sweep; `draw` counts the random sets of its size from 1 on."""

    order: Order
    draw: int
    classes: Classes

    @property
    def count(self) -> int:
        """The number of its classes."""
        return len(self.classes.names)


def random_sets(classes: Classes, counts: Sequence[int], draws: int, seed: int) -> list[ClassSet]:
    """The sets of each draw, each a part of the next larger; those of the first are what a run with the seed takes."""
    sets = []
    for draw in range(1, draws + 1):
        before = "" if draw == 1 else f"{draw}\0"
        order = sorted(classes.foreground, key=lambda name: rank(seed, f"{before}{name}"))
        sets += [ClassSet("random", draw, first_of(classes, order, count)) for count in counts]
    return sets


def hard_sets(classes: Classes, counts: Sequence[int], order: Sequence[str]) -> list[ClassSet]:
    """The sets of the first classes of an order that begins with the hardest."""
    return [ClassSet("hard", 1, first_of(classes, order, count)) for count in counts]


def first_of(classes: Classes, order: Sequence[str], count: int) -> Classes:
    """So many classes, those that come first in an order of the foreground's; the background is always in."""
    background = () if classes.background is None else (classes.background,)
    return some_of(classes, {*background, *order[: count - len(background)]})


def some_of(classes: Classes, names: Collection[str]) -> Classes:
    """Those classes that are named, in their order."""
    kept = tuple(name for name in classes.names if name in names)
    return Classes(kept, classes.background if classes.background in kept else None)
