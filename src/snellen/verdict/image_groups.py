"""Accuracy by groups of images that have about equally many pixels, or equally many images in their class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.diagnostics import quantile_groups
from snellen.sheets import Sheet
from snellen.verdict.proportions import Proportion, proportion, told_apart

GROUPS = 4


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """The answered images whose value lies from `low` to `high`, and how many of them are right."""

    low: int
    high: int
    right: Proportion


def by_pixels(sheet: Sheet, pixels: NDArray[np.float64]) -> tuple[ImageGroup, ...]:
    """Accuracy by quartiles of the number of pixels; one group where all are of one size, none without answers."""
    return _groups(sheet, pixels)


def by_class_size(sheet: Sheet) -> tuple[ImageGroup, ...]:
    """Accuracy by quartiles of the number of images that the true class has in the selection, answered or not."""
    return _groups(sheet, np.bincount(sheet.labels, minlength=len(sheet.classes))[sheet.labels].astype(np.float64))


def differ(groups: Iterable[ImageGroup]) -> bool:
    """Whether accuracy depends on the group, by more than chance explains."""
    return told_apart(group.right for group in groups)


def _groups(sheet: Sheet, values: NDArray[np.float64]) -> tuple[ImageGroup, ...]:
    known = sheet.answered & np.isfinite(values)
    if not known.any():
        return ()
    mine, right = values[known], sheet.right[known]
    groups = quantile_groups(mine, GROUPS)
    return tuple(
        ImageGroup(int(mine[inside].min()), int(mine[inside].max()), proportion(int(right[inside].sum()), inside.sum()))
        for inside in (groups == group for group in range(groups.max() + 1))
    )
