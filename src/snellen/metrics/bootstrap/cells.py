"""Images drawn anew by what they are counted as: only their true class and what was predicted for them matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 20  # numbers in an array of classes by resamples, so that memory does not grow with them
_FEW = 7  # images in a cell on average, up to which they are drawn faster one by one than as the count of the cell


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The combinations of true class and predictions that occur, ordered by class.

    `counts` is how many images are each combination's; `predictions`, shape (models, cells), may hold the number of
    classes, which is an unparsed answer.
    """

    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    counts: NDArray[np.int64]
    classes: int

    @property
    def support(self) -> NDArray[np.float64]:
        """The images of each class."""
        return np.bincount(self.labels, self.counts, self.classes).astype(np.float64)

    def tally(self, model: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How often each class was predicted rightly, and how often at all."""
        predictions = self.predictions[model]
        hits = np.bincount(self.labels, self.counts * (predictions == self.labels), self.classes)
        predicted = np.bincount(predictions, self.counts, self.classes + 1)[:-1]
        return hits.astype(np.float64), predicted.astype(np.float64)

    def less_class_mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of each cell less their mean over the images of the class."""
        means = np.bincount(self.labels, values * self.counts, self.classes) / np.maximum(self.support, 1)
        less: NDArray[np.float64] = values - means[self.labels]
        return less


def cells_of(
    labels: NDArray[np.integer[Any]],
    predictions: tuple[NDArray[np.integer[Any]], ...],
    classes: int,
    counts: NDArray[np.int64] | None = None,
) -> Cells:
    """The cells of images; with `counts`, so many of each. Raises ValueError: no images, or places that cannot be."""
    if not len(labels):
        raise ValueError("nothing was answered")
    if any(len(each) != len(labels) for each in predictions):
        raise ValueError(f"expected a prediction for each of {len(labels)} images")
    for each, most in ((labels, classes - 1), *((each, classes) for each in predictions)):
        if each.min() < 0 or each.max() > most:
            raise ValueError(f"expected places of {classes} classes, got {each.min()} to {each.max()}")
    columns = np.stack([labels, *predictions]).astype(np.int64)
    order = np.lexsort(columns[::-1])
    columns = columns[:, order]
    starts = np.flatnonzero(np.r_[True, (np.diff(columns) != 0).any(axis=0)])
    each_count = np.ones(len(labels), dtype=np.int64) if counts is None else counts[order]
    return Cells(columns[0, starts], columns[1:, starts], np.add.reduceat(each_count, starts), classes)


def resampled(
    cells: Cells, rng: np.random.Generator, resamples: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The tallies of each model in some resamples at a time: hits and predictions, shape (models, classes, resamples).

    What is drawn from a class is a multinomial of its cells; so the work does not grow with the images. Raises
    ValueError: no resamples.
    """
    if resamples < 1:
        raise ValueError(f"expected 1 resample or more, got {resamples}")
    bounds = [*np.flatnonzero(np.diff(cells.labels, prepend=-1)).tolist(), len(cells.labels)]
    models, labels = len(cells.predictions), cells.labels.tolist()
    places = list(zip(*cells.predictions.tolist(), strict=True))
    at_once = max(1, _AT_ONCE // cells.classes // max(1, models // 2))
    for done in range(0, resamples, at_once):
        size = min(at_once, resamples - done)
        hits, predicted = np.zeros((2, models, cells.classes + 1, size))
        for low, high in pairwise(bounds):
            for place, drawn in enumerate(_drawn(cells.counts[low:high], rng, size), low):
                for model, prediction in enumerate(places[place]):
                    predicted[model, prediction] += drawn
                    if prediction == labels[place]:
                        hits[model, prediction] += drawn
        yield hits[:, :-1], predicted[:, :-1]


def _drawn(counts: NDArray[np.int64], rng: np.random.Generator, resamples: int) -> NDArray[np.int64]:
    """How many images of each cell of one class are drawn, shape (cells, resamples).

    Where the cells but the fullest hold few images, these are drawn one by one.
    """
    total, fullest = int(counts.sum()), int(counts.argmax())
    others = total - int(counts[fullest])
    if not others:
        return np.full((1, resamples), total)
    if others > _FEW * len(counts):
        return rng.multinomial(total, counts / total, size=resamples).T
    of_fullest = rng.binomial(total, counts[fullest] / total, size=resamples)
    resample = np.repeat(np.arange(resamples), total - of_fullest)
    owners = np.repeat(np.arange(len(counts)), np.where(np.arange(len(counts)) == fullest, 0, counts))
    cell = owners[rng.integers(0, others, size=len(resample))]
    drawn = np.bincount(cell * resamples + resample, minlength=len(counts) * resamples)
    drawn = drawn.reshape(len(counts), resamples)
    drawn[fullest] = of_fullest
    return drawn
