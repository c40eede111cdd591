"""What becomes of two models where the second is asked only about what the first is not sure of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The cascades of two models at every threshold that makes a difference, from the fewest images handed over on.

    An image is handed over where its confidence is below `thresholds[i]`, or nan. `shares` are those of the images
    handed over, `accuracies` those of the cascade; `first` and `second` are the accuracies of each model alone.
    """

    thresholds: Numbers
    shares: Numbers
    accuracies: Numbers
    first: float
    second: float


Rule: TypeAlias = Callable[[Curve], int | None]  # the place on a curve that is wanted; None where there is none


def curve(confidence: Numbers, first: Flags, second: Flags) -> Curve:
    """The curve of a first model with these confidences, and which images each of both has right; shapes (n,).

    Images of equal confidence are handed over together, those without one (nan) always; a threshold is the least
    confidence that is kept. That all images are handed over is no point on it, as the second model alone is that.
    Raises ValueError where there is no image or the shapes differ.
    """
    if not len(confidence) or not confidence.shape == first.shape == second.shape:
        raise ValueError(f"expected arrays of one length, got {confidence.shape}, {first.shape}, {second.shape}")
    order = np.argsort(np.where(np.isnan(confidence), -np.inf, confidence), kind="stable")
    ordered, n = confidence[order], len(confidence)
    handed = np.concatenate([[0], np.cumsum(second[order])])
    kept = first.sum() - np.concatenate([[0], np.cumsum(first[order])])
    # the places before which all is handed over: where a new value begins
    places = np.flatnonzero(~np.isnan(ordered) & np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Curve(ordered[places], places / n, (handed + kept)[places] / n, float(first.mean()), float(second.mean()))


def most_right(most_share: float = 1.0) -> Rule:
    """The highest accuracy with at most this share handed over, of equals the one that hands over the fewest."""

    def rule(found: Curve) -> int | None:
        within = int((found.shares <= most_share).sum())
        return int(found.accuracies[:within].argmax()) if within else None

    return rule


def as_right(most_share: float = 1.0) -> Rule:
    """The fewest handed over with which it is right at least as often as the second model alone.

    Where that cannot be within the share, the highest accuracy.
    """

    def rule(found: Curve) -> int | None:
        within = (found.shares <= most_share) & (found.accuracies >= found.second)
        return int(within.argmax()) if within.any() else most_right(most_share)(found)

    return rule


def by_share(share: float) -> Rule:
    """The point at which about this share is handed over: as much of it as there is, and no more."""

    def rule(found: Curve) -> int | None:
        within = int((found.shares <= share).sum())
        return within - 1 if within else None

    return rule


def folds(n: int, k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Numbers below k by chance, each as often as the others or once more; shape (n,). Raises ValueError for n < k."""
    if not 2 <= k <= n:
        raise ValueError(f"expected at least 2 folds and an image for each, got {k} folds of {n} images")
    return rng.permutation(np.arange(n, dtype=np.intp) % k)


def cross_validated(
    confidence: Numbers, first: Flags, second: Flags, fold: NDArray[np.intp], rules: Sequence[Rule]
) -> list[Flags | None]:
    """Which images a cascade has right for each rule, with the threshold chosen on all folds but the image's own.

    So no image has a say in the threshold that it is judged by (Stone 1974, J. R. Statist. Soc. B 36, 111-147).
    None for a rule that finds no point on some folds. `fold` are the numbers of the images' folds.
    """
    rights = [np.zeros_like(first) for _ in rules]
    lost = [False] * len(rules)
    for number in np.unique(fold):
        rest, held = fold != number, fold == number
        found = curve(confidence[rest], first[rest], second[rest])
        for place, rule in enumerate(rules):
            point = rule(found)
            if point is None:
                lost[place] = True
                continue
            kept = confidence[held] >= found.thresholds[point]
            rights[place][held] = np.where(kept, first[held], second[held])
    return [None if gone else right for gone, right in zip(lost, rights, strict=True)]


def round_threshold(confidence: Numbers, least_kept: float) -> float:
    """The number of the fewest digits that hands over the same images as `least_kept`, the least confidence kept."""
    below = confidence[confidence < least_kept]
    if not len(below):
        return min(0.0, float(least_kept))
    last = float(below.max())
    for digits in range(1, 17):
        rounded = round((last + float(least_kept)) / 2, digits)
        if last < rounded <= least_kept:
            return rounded
    return float(least_kept)
