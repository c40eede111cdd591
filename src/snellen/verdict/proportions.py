"""A share of images with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from snellen.metrics.intervals import wilson


@dataclass(frozen=True, slots=True)
class Proportion:
    """How many `of` so many images, and the 95 % Wilson interval of their share; None where there are no images."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.share is None:
            return "–"
        return f"{self.share:.2f} ({self.low:.2f}–{self.high:.2f})"


def proportion(count: int, of: int) -> Proportion:
    """The share of `count` among `of` images."""
    if not of:
        return Proportion(0, 0, None, None, None)
    return Proportion(int(count), int(of), int(count) / int(of), *wilson(int(count), int(of)))


def told_apart(groups: Iterable[Proportion]) -> bool:
    """Whether the intervals of any two lie apart.

    That is a stricter test than one at the 5 % level of two shares, and leaves room for several pairs.
    """
    known: Sequence[Proportion] = [each for each in groups if each.share is not None]
    if not known:
        return False
    return max(each.low or 0.0 for each in known) > min(1.0 if each.high is None else each.high for each in known)
