"""Bounds of a figure from its values in the resamples."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.bootstrap.cells import Cells

Array = NDArray[np.float64]
_NORMAL = NormalDist()
Bounds: TypeAlias = tuple[float, float]
EQUAL = 1e-12  # values closer than that differ by rounding alone


def widening(variances: NDArray[Any], sizes: NDArray[Any]) -> float:
    """By how much the standard deviation of what is drawn anew falls short.

    What is drawn from a class of n images varies by (n - 1) / n too little; `variances` are the parts of each class.
    """
    return sqrt(float((variances * sizes / np.maximum(sizes - 1, 1)).sum() / variances.sum()))


@dataclass(frozen=True, slots=True)
class Spread:
    """What Efron's bounds need to know besides the resamples.

    `widening` is what small classes call for, `acceleration` how fast the standard deviation changes with the figure:
    a sixth of the skewness of what the images add to it.
    """

    widening: float
    acceleration: float

    @classmethod
    def of(cls, influences: Array, of_hits: Array, cells: Cells) -> Spread:
        """That of a figure that each image of a cell moves by so much.

        `of_hits`, shape (models, classes), is how much a right answer moves it.
        """
        squares = cells.counts * influences**2
        variance = float(squares.sum())
        if variance < EQUAL**2:
            return cls(1.0, 0.0)
        skewness = float((squares * influences).sum()) / variance**1.5
        pooled = sqrt(1 + _one_image_more(of_hits, cells) / variance)
        return cls(max(widening(squares, cells.support[cells.labels]), pooled), skewness / 6)


def _one_image_more(of_hits: Array, cells: Cells) -> float:
    """The variance of an image of each class, were right answers as uncertain in all classes.

    n images of a class vary by one image's variance too little. The few of a small class are most often all right, and
    then say nothing of it; other classes do.
    """
    right = np.stack([cells.less_class_mean(model.astype(np.float64)) for model in cells.predictions == cells.labels])
    covariance = (right * cells.counts) @ right.T / max(float(np.maximum(cells.support - 1, 0).sum()), 1.0)
    return float((of_hits * (covariance @ of_hits)).sum())


def bca(estimate: float, drawn: Array, spread: Spread, confidence: float, least: float, most: float) -> Bounds:
    """Efron's bias-corrected and accelerated bounds, stretched from the estimate by the widening and cut to a range.

    To stretch is better than to ask for quantiles further out (Hesterberg 2015, Am. Statist. 69, 371-386), since the
    resamples of small classes fall short of the bias as well. The estimate is never outside.
    """
    below = np.count_nonzero(drawn < estimate - EQUAL) + np.count_nonzero(np.abs(drawn - estimate) <= EQUAL) / 2
    bias, reach = _NORMAL.inv_cdf(min(max(below, 0.5), len(drawn) - 0.5) / len(drawn)), _reach(confidence)
    ends = (bias - reach, bias + reach)
    places = [_NORMAL.cdf(bias + end / max(1 - spread.acceleration * end, EQUAL)) for end in ends]
    low, high = estimate + spread.widening * (np.quantile(drawn, places) - estimate)
    return max(least, min(float(low), estimate)), min(most, max(float(high), estimate))


def normal(estimate: float, drawn: Array, widening: float, confidence: float) -> Bounds:
    """Bounds of a normal distribution around the estimate less its bias; the estimate is never outside.

    Of figures such as a calibration error, which chance alone makes higher, the resamples are higher still: where most
    lie above the estimate, Efron's bounds cover far less than these (Efron and Tibshirani 1993, An Introduction to the
    Bootstrap, chapter 10).
    """
    reach = _reach(confidence) * widening * float(drawn.std())
    centre = 2 * estimate - float(drawn.mean())
    return min(centre - reach, estimate), max(centre + reach, estimate)


def of_a_share(estimate: float, weights: Array, cells: Cells, confidence: float) -> Bounds:
    """The bounds of an average that is the same in every resample: Wilson's (1927) of a share that high.

    `weights` are those of the classes.
    """
    images, most = _as_one_class(weights, cells), highest(weights, cells)
    unit = _reach(confidence) ** 2 / images
    low, high = _roots(estimate / most, unit, unit, 0.0)
    return max(0.0, min(low * most, estimate)), min(most, max(high * most, estimate))


def of_a_difference(estimate: float, weights: Array, cells: Cells, confidence: float) -> Bounds:
    """The same of the difference of two models' averages: a score interval of a difference of paired shares.

    Its variance is that of the share of images that one model alone got right, drawn towards 1 by as much as Wilson's
    interval draws a share towards 1/2; without such images it is Tango's (1998, Stat. Med. 17, 891-908).
    """
    images, most = _as_one_class(weights, cells), highest(weights, cells)
    unit = _reach(confidence) ** 2 / images
    first, second = cells.predictions == cells.labels
    share = float((cells.counts * (first != second) * (weights / np.maximum(cells.support, 1))[cells.labels]).sum())
    low, high = _roots(estimate / most, unit, 0.0, unit * (share / most + unit) / (1 + unit))
    return max(-most, min(low * most, estimate)), min(most, max(high * most, estimate))


def _reach(confidence: float) -> float:
    """How many standard deviations of a normal distribution hold that share of it, to each side."""
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, got {confidence}")
    return _NORMAL.inv_cdf((1 + confidence) / 2)


def highest(weights: Array, cells: Cells) -> float:
    """The highest average with these weights of the classes: those without images add nothing, whatever is drawn."""
    return min(1.0, float(weights[cells.support > 0].sum()))


def _as_one_class(weights: Array, cells: Cells) -> float:
    """How many images of a single class would leave a mean recall as uncertain as the weighted one.

    That is where the recalls of all classes are the same.
    """
    occur = cells.support > 0
    return highest(weights, cells) ** 2 / float((weights[occur] ** 2 / cells.support[occur]).sum())


def _roots(estimate: float, unit: float, linear: float, constant: float) -> Bounds:
    """Both x at which (estimate - x)^2 = linear * x + constant - unit * x^2."""
    half = (2 * estimate + linear) / (2 * (1 + unit))
    root = sqrt(max(half**2 - (estimate**2 - constant) / (1 + unit), 0.0))
    return half - root, half + root
