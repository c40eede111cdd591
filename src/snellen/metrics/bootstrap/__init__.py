"""Bootstrap intervals of figures that are no simple shares of the images.

Images are drawn anew within their class, so that the size of each class stays as it was. The bounds are bias-corrected
and accelerated (Efron 1987, JASA 82, 171-185), and widened where classes are small: what is drawn from a class of n
images varies by (n - 1) / n too little. How often they hold the truth stands in benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
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
    return macro_f1_differences(labels, (first, second), classes, rng, resamples, confidence)[0, 1]


def macro_f1_differences(
    labels: NDArray[np.integer[Any]],
    predictions: Sequence[NDArray[np.integer[Any]]],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[tuple[int, int], tuple[float, float, float]]:
    """The same for each two of several models by their places, all from the same resamples, which is faster."""
    cells = cells_of(labels, tuple(predictions), classes)
    support, weights, models = cells.support, macro(cells.support), range(len(predictions))
    observed = [weights @ F1.value(*cells.tally(model), support) for model in models]
    drawn = np.concatenate(
        [
            np.stack([weights @ F1.value(*tally, support[:, None]) for tally in zip(hits, predicted, strict=True)])
            for hits, predicted in resampled(cells, rng, resamples)
        ],
        axis=1,
    )
    steep = [slopes(cells, model, F1, weights) for model in models]
    moved = [influences(cells, model, *steep[model]) for model in models]
    most, found = highest(weights, cells), {}
    for a, b in combinations(models, 2):
        estimate, values = float(observed[a] - observed[b]), drawn[a] - drawn[b]
        pair = replace(cells, predictions=cells.predictions[[a, b]])
        if np.ptp(values) < EQUAL:
            found[a, b] = estimate, *of_a_difference(estimate, weights, pair, confidence)
        else:
            slopes_of = np.stack([np.add(*steep[a]), -np.add(*steep[b])])
            spread = Spread.of(moved[a] - moved[b], slopes_of, pair)
            found[a, b] = estimate, *bca(estimate, values, spread, confidence, -most, most)
    return found


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
