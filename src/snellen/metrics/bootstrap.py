"""Bootstrap intervals of figures that are no simple shares; images are drawn anew, the size of each class is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95


def bootstrap_intervals(
    labels: NDArray[np.integer],
    predictions: NDArray[np.integer],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, tuple[float, float]]:
    """The bounds of each figure of `classify` but the accuracy, by name.

    `labels` and `predictions` are those of the answered images; a prediction of `classes` is an unparsed answer.
    """
    cells = _cells(labels, (predictions,), classes)
    drawn: dict[str, list[NDArray[np.float64]]] = {}
    for counts in _resampled(cells, rng, resamples):
        for name, values in _figures(cells, counts, 0, classes).items():
            drawn.setdefault(name, []).append(values)
    return {name: _percentiles(np.concatenate(values), confidence) for name, values in drawn.items()}


def paired_macro_f1(
    labels: NDArray[np.integer],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float, float]:
    """How far the macro-F1 of the first predictions is above that of the second on the same images, and its bounds."""
    cells = _cells(labels, (first, second), classes)

    def difference(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        a, b = (_figures(cells, counts, which, classes)["macro_f1"] for which in (0, 1))
        return a - b

    low, high = _percentiles(np.concatenate([difference(c) for c in _resampled(cells, rng, resamples)]), confidence)
    return float(difference(cells.counts[:, None])[0]), low, high


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.int64]], float],
    strata: NDArray[np.integer],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """The bounds of any figure of images; `statistic` gets the places of the images drawn, one for each of `strata`."""
    order = np.argsort(strata, kind="stable")
    _, starts, sizes = np.unique(strata[order], return_index=True, return_counts=True)
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    values = [statistic(order[first + rng.integers(0, size)]) for _ in range(resamples)]
    return _percentiles(np.array(values), confidence)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The combinations of true class and predictions that occur, by true class, and how often each does."""

    labels: NDArray[np.int64]
    predictions: tuple[NDArray[np.int64], ...]
    counts: NDArray[np.int64]


def _cells(
    labels: NDArray[np.integer], predictions: tuple[NDArray[np.integer], ...], classes: int
) -> _Cells:
    if not len(labels):
        raise ValueError("nothing was answered")
    key = labels.astype(np.int64)
    for each in predictions:
        key = key * (classes + 1) + each
    keys, counts = np.unique(key, return_counts=True)
    found = []
    for _ in predictions:
        keys, prediction = np.divmod(keys, classes + 1)
        found.append(prediction)
    return _Cells(keys, tuple(reversed(found)), counts.astype(np.int64))


def _resampled(cells: _Cells, rng: np.random.Generator, resamples: int) -> Iterator[NDArray[np.int64]]:
    """Counts of each cell in some resamples at a time, shape (cells, resamples)."""
    at_once = max(1, min(resamples, 4_000_000 // len(cells.counts)))
    bounds = [*np.flatnonzero(np.diff(cells.labels, prepend=-1)).tolist(), len(cells.counts)]
    for start in range(0, resamples, at_once):
        drawn = np.empty((len(cells.counts), min(at_once, resamples - start)), dtype=np.int64)
        for low, high in zip(bounds, bounds[1:], strict=False):
            counts = cells.counts[low:high]
            drawn[low:high] = rng.multinomial(counts.sum(), counts / counts.sum(), size=drawn.shape[1]).T
        yield drawn


def _figures(
    cells: _Cells, counts: NDArray[np.int64], which: int, classes: int
) -> dict[str, NDArray[np.float64]]:
    predictions = cells.predictions[which]
    support = np.bincount(cells.labels, cells.counts, classes)[:, None]
    hits, predicted = np.zeros((2, classes, counts.shape[1]))
    right = predictions == cells.labels
    np.add.at(hits, cells.labels[right], counts[right])
    readable = predictions < classes
    np.add.at(predicted, predictions[readable], counts[readable])
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + predicted, 1)
    weights = support[:, 0] / support.sum()
    return {
        "macro_precision": precision.mean(axis=0),
        "macro_recall": recall.mean(axis=0),
        "macro_f1": f1.mean(axis=0),
        "weighted_precision": weights @ precision,
        "weighted_recall": weights @ recall,
        "weighted_f1": weights @ f1,
        "balanced_accuracy": recall[support[:, 0] > 0].mean(axis=0),
    }


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
