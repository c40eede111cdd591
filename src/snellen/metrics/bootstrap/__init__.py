"""Bootstrap intervals of figures that are no simple shares of the images.

Images are drawn anew within their class, so that the size of each class stays as it was. The bounds are bias-corrected
and accelerated (Efron 1987, JASA 82, 171-185), and widened where classes are small: what is drawn from a class of n
images varies by (n - 1) / n too little. How often they hold the truth stands in benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.bootstrap.bounds import EQUAL, Spread, bca, highest, normal, of_a_difference, of_a_share, widening
from snellen.metrics.bootstrap.cells import Cells, cells_of, resampled
from snellen.metrics.bootstrap.figures import F1, FIGURES, influences, macro, slopes

RESAMPLES = 2000
CONFIDENCE = 0.95


def bootstrap_intervals(
    labels: NDArray[np.integer[Any]],
    predictions: NDArray[np.integer[Any]],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, tuple[float, float]]:
    """The bounds of macro and weighted precision, recall and F1 and of the balanced accuracy, by name.

    `labels` and `predictions`, of equal length, are places of classes; a prediction of `classes` is an unparsed answer.
    The order of the images does not matter. Where no resample could differ (all are right, one image a class), the
    bounds are Wilson's for a share of that size. Raises ValueError: no images, places that cannot be, or a confidence
    that cannot be.
    """
    return _intervals(cells_of(labels, (predictions,), classes), rng, resamples, confidence)


def intervals_of_counts(
    counts: NDArray[np.int64],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, tuple[float, float]]:
    """The same from a confusion's counts: how often each class was predicted for each, unparsed answers last."""
    labels, predictions = np.nonzero(counts)
    cells = cells_of(labels, (predictions,), len(counts), counts[labels, predictions])
    return _intervals(cells, rng, resamples, confidence)


def paired_macro_f1(
    labels: NDArray[np.integer[Any]],
    first: NDArray[np.integer[Any]],
    second: NDArray[np.integer[Any]],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float, float]:
    """How far the macro-F1 of the first predictions is above that of the second on the same images, and its bounds.

    Otherwise as `bootstrap_intervals`. Each resample holds the same images for both.
    """
    cells = cells_of(labels, (first, second), classes)
    support, weights = cells.support, macro(cells.support)
    first_f1, second_f1 = (F1.value(*cells.tally(model), support) for model in (0, 1))
    estimate = float(weights @ (first_f1 - second_f1))
    parts = []
    for hits, predicted in resampled(cells, rng, resamples):
        first_f1, second_f1 = F1.value(hits, predicted, support[:, None])
        parts.append(weights @ (first_f1 - second_f1))
    drawn = np.concatenate(parts)
    if np.ptp(drawn) < EQUAL:
        return estimate, *of_a_difference(estimate, weights, cells, confidence)
    of_first, of_second = (slopes(cells, model, F1, weights) for model in (0, 1))
    influence = influences(cells, 0, *of_first) - influences(cells, 1, *of_second)
    spread = Spread.of(influence, np.stack([np.add(*of_first), -np.add(*of_second)]), cells)
    most = highest(weights, cells)
    return estimate, *bca(estimate, drawn, spread, confidence, -most, most)


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.int64]], float],
    strata: NDArray[np.integer[Any]],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """The bounds of any other figure of images, such as a calibration error.

    `strata`, one for each image, are what stays as frequent as it is, such as the true classes. `statistic` gets the
    places of the images drawn, as many as there are; a place may come several times. Slower than the others, which need
    not look at each image. Bounds may lie outside the range that a figure has. Raises ValueError: no images, or a
    figure that is not finite.
    """
    if not len(strata) or resamples < 1:
        raise ValueError(f"expected images and resamples, got {len(strata)} and {resamples}")
    order = np.argsort(strata, kind="stable")
    _, starts, sizes = np.unique(strata[order], return_index=True, return_counts=True)
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    estimate = statistic(np.arange(len(strata)))
    drawn = np.array([statistic(order[first + rng.integers(0, size)]) for _ in range(resamples)])
    if not np.isfinite([estimate, *drawn]).all():
        raise ValueError("expected a figure that is finite for each resample")
    return normal(estimate, drawn, widening(sizes, sizes), confidence)


def _intervals(
    cells: Cells, rng: np.random.Generator, resamples: int, confidence: float
) -> dict[str, tuple[float, float]]:
    support = cells.support
    weights = {name: average(support) for name, (_, average) in FIGURES.items()}
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in FIGURES}
    for hits, predicted in resampled(cells, rng, resamples):
        of_measure = {m: m.value(hits[0], predicted[0], support[:, None]) for m, _ in FIGURES.values()}
        for name, (measure, _) in FIGURES.items():
            drawn[name].append(weights[name] @ of_measure[measure])
    bounds = {}
    for name, (measure, _) in FIGURES.items():
        estimate = float(weights[name] @ measure.value(*cells.tally(0), support))
        values = np.concatenate(drawn[name])
        if np.ptp(values) < EQUAL:
            bounds[name] = of_a_share(estimate, weights[name], cells, confidence)
        else:
            by_hit, by_prediction = slopes(cells, 0, measure, weights[name])
            spread = Spread.of(influences(cells, 0, by_hit, by_prediction), (by_hit + by_prediction)[None], cells)
            bounds[name] = bca(estimate, values, spread, confidence, 0.0, highest(weights[name], cells))
    return bounds
