"""Accuracy by groups of images that have about equally many pixels, or equally many images in their class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.diagnostics import quantile_groups
from snellen.sheets import Sheet
from snellen.verdict.proportions import Proportion, proportion, told_apart

GROUPS = 4
_TIMES = 2  # the largest class size is that of the smallest, at least, where a dependence on it is told


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """The answered images whose value lies from `low` to `high`, how many are right, and of how many classes."""

    low: int
    high: int
    right: Proportion
    classes: int


def by_pixels(sheet: Sheet, pixels: NDArray[np.float64]) -> tuple[ImageGroup, ...]:
    """Accuracy by quartiles of the number of pixels; one group where all are of one size, none without answers."""
    return _groups(sheet, pixels)


def by_class_size(sheet: Sheet) -> tuple[ImageGroup, ...]:
    """Accuracy by quartiles of the number of images that the true class has in the selection, answered or not."""
    return _groups(sheet, np.bincount(sheet.labels, minlength=len(sheet.classes))[sheet.labels].astype(np.float64))


def too_alike(groups: Sequence[ImageGroup]) -> str | None:
    """Why groups by class size cannot tell whether it matters; None where they can.

    Where classes are about equally large, or a group is one class alone, groups differ as classes do.
    """
    if max(each.high for each in groups) < _TIMES * min(each.low for each in groups):
        return "the sizes are much alike"
    return "some sizes are those of one class alone" if any(each.classes < 2 for each in groups) else None


def size_matters(groups: Sequence[ImageGroup]) -> bool:
    """Whether accuracy depends on the class size of these groups, by more than chance and the classes explain."""
    return differ(groups) and too_alike(groups) is None


def differ(groups: Iterable[ImageGroup]) -> bool:
    """Whether accuracy depends on the group, by more than chance explains."""
    return told_apart(group.right for group in groups)


def _groups(sheet: Sheet, values: NDArray[np.float64]) -> tuple[ImageGroup, ...]:
    known = sheet.answered & np.isfinite(values)
    if not known.any():
        return ()
    mine, right, labels = values[known], sheet.right[known], sheet.labels[known]
    groups = quantile_groups(mine, GROUPS)
    return tuple(
        ImageGroup(
            int(mine[inside].min()),
            int(mine[inside].max()),
            proportion(int(right[inside].sum()), inside.sum()),
            len(np.unique(labels[inside])),
        )
        for inside in (groups == group for group in range(groups.max() + 1))
    )
