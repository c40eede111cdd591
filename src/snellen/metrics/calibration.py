"""Whether scores mean what they say: confidences against how often they are right, and probabilities of all classes.

A confidence is the score that an image's prediction has, between 0 and 1; `right` says which predictions are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15  # as in Guo et al. 2017
LEAST = float(np.finfo(np.float32).tiny)  # stands for a probability of 0, whose logarithm is infinite


@dataclass(frozen=True, slots=True)
class Bin:
    """The images whose confidence is at least `low` and below `high` (the last bin holds 1 too), for a diagram.

    `confidence` is their mean, `accuracy` their share of right ones; None where there are none.
    """

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


def reliability(confidences: ArrayLike, right: ArrayLike, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width for a reliability diagram. Raises ValueError as `calibration_error` does."""
    values, hits = _checked(confidences, right)
    places = _bins(values, bins)
    counts, sums, correct = (np.bincount(places, weights, bins) for weights in (None, values, hits))
    return tuple(
        Bin(
            place / bins,
            (place + 1) / bins,
            int(count),
            float(sums[place] / count) if count else None,
            float(correct[place] / count) if count else None,
        )
        for place, count in enumerate(counts)
    )


def calibration_error(confidences: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """The expected calibration error: the mean distance of confidence and accuracy, bins weighted by their images.

    Bins of equal width (Naeini et al. 2015, AAAI; Guo et al. 2017, arXiv 1706.04599, equation 3). Raises ValueError:
    no images, arrays of different length, a confidence outside 0 … 1, no bin.
    """
    values, hits = _checked(confidences, right)
    return float(np.abs(np.bincount(_bins(values, bins), hits - values, bins)).sum() / len(values))


def errors_by_chance(
    confidences: ArrayLike, rng: np.random.Generator, samples: int = 1000, bins: int = BINS
) -> NDArray[np.float64]:
    """The calibration errors [samples] that the same confidences would have if each was right as often as it says.

    Few images alone make one: consistency resampling (Bröcker and Smith 2007, Weather and Forecasting 22, 651-661).
    Raises ValueError as `calibration_error` does.
    """
    values, _ = _checked(confidences, confidences)
    order = np.argsort(values, kind="stable")
    values = values[order]
    places = _bins(values, bins)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    errors = np.empty(samples)
    for sample in range(samples):
        gaps = (rng.random(len(values)) < values) - values
        errors[sample] = np.abs(np.add.reduceat(gaps, starts)).sum() / len(values)
    return errors


def brier_score(of_truth: ArrayLike, squares: ArrayLike) -> float:
    """The mean squared distance of the probabilities from the truth, summed over classes: 0 to 2 (Brier 1950).

    `of_truth` are the probabilities of the true classes, `squares` the sums of the squares of all classes', each [n].
    With two classes it is twice scikit-learn's brier_score_loss. Raises ValueError: no images, different length.
    """
    chances, sums = _pair(of_truth, squares)
    return float(np.mean(1 - 2 * chances + sums))


def log_loss(of_truth: ArrayLike) -> tuple[float, int]:
    """The mean negative natural logarithm of the true classes' probabilities, and how many of these were raised.

    Those below LEAST, 0 above all, count as LEAST. Raises ValueError where there are none.
    """
    chances = np.asarray(of_truth, dtype=np.float64)
    if not chances.size:
        raise ValueError("no images")
    return float(-np.log(np.maximum(chances, LEAST)).mean()), int((chances < LEAST).sum())


def auroc(confidences: ArrayLike, right: ArrayLike) -> float | None:
    """How often a right prediction has a higher confidence than a wrong one, ties counted half.

    The area under the ROC curve (Hanley and McNeil 1982, Radiology 143, 29-36). None where all are right or none is.
    Raises ValueError: no images, arrays of different length.
    """
    values, hits = _pair(confidences, right)
    positive = hits > 0
    count = int(positive.sum())
    if count in (0, len(values)):
        return None
    _, inverse, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[inverse]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(values) - count)))


def risk_coverage(confidences: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """The share of wrong ones [n] among the 1, 2 … n predictions of the highest confidence.

    Images of equal confidence share their errors alike, so that no order of theirs counts (Geifman and El-Yaniv 2017,
    arXiv 1705.08500). Its mean is the area under the curve, AURC. Raises ValueError as `auroc` does.
    """
    values, hits = _pair(confidences, right)
    _, inverse, sizes = np.unique(-values, return_inverse=True, return_counts=True)
    wrong = np.bincount(inverse, 1 - hits) / sizes
    risks: NDArray[np.float64] = np.cumsum(np.repeat(wrong, sizes)) / np.arange(1, len(values) + 1)
    return risks


def accuracy_at(risks: NDArray[np.float64], coverage: float) -> float:
    """The accuracy of the share of images with the highest confidence, rounded up to whole images.

    `risks` are those of `risk_coverage`. Raises ValueError where the share is not above 0 and at most 1.
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"expected a coverage above 0 and at most 1, got {coverage}")
    return float(1 - risks[ceil(round(coverage * len(risks), 9)) - 1])


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape or not one.size:
        raise ValueError(f"expected two arrays of one length, not empty; got {one.shape} and {other.shape}")
    return one, other


def _checked(confidences: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, hits = _pair(confidences, right)
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"expected confidences from 0 to 1, got {values.min()} to {values.max()}")
    return values, hits


def _bins(values: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    if bins < 1:
        raise ValueError(f"expected at least one bin, got {bins}")
    places: NDArray[np.intp] = np.minimum((values * bins).astype(np.intp), bins - 1)
    return places
