"""Bootstrap intervals of how far models' macro-F1 lie apart: all pairs from the same draws of images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
_AT_ONCE = 4_000_000  # images drawn at a time


def macro_f1_differences(
    labels: NDArray[np.integer],
    predictions: NDArray[np.integer],
    classes: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[tuple[float, float, float] | None]:
    """For each two models how far the macro-F1 of the first is above the second's, with its lower and upper bound.

    `labels` has a true class for each image, `predictions` a row for each model: a class, `classes` for an answer in
    which none could be read, less than 0 for none. Each two are compared on the images that both answered, in the order
    of itertools.combinations; None where there are none. Images are drawn with replacement within each true class, the
    same for all models, which keeps what the models share (Efron and Tibshirani 1993, An Introduction to the
    Bootstrap, ch. 8 and 13: percentile interval). Raises ValueError: the shapes do not fit.
    """
    if predictions.ndim != 2 or predictions.shape[1] != len(labels):
        raise ValueError(f"{len(labels)} labels do not fit predictions of shape {predictions.shape}")
    order = np.argsort(labels, kind="stable")
    labels, predictions = labels[order], predictions[:, order]
    sheets, pairs = _sheets(predictions, classes)
    kept = _macro_f1(labels, sheets, np.ones((len(labels), 1), dtype=np.int32), classes)[:, 0]
    drawn = np.concatenate([_macro_f1(labels, sheets, times, classes) for times in _draws(labels, rng, resamples)], 1)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    found: list[tuple[float, float, float] | None] = []
    for pair in pairs:
        if pair is None:
            found.append(None)
            continue
        first, second = pair
        low, high = np.quantile(drawn[first] - drawn[second], tails)
        found.append((float(kept[first] - kept[second]), float(low), float(high)))
    return found


def _sheets(predictions: NDArray[np.integer], classes: int) -> tuple[NDArray[np.integer], list[tuple[int, int] | None]]:
    """The predictions with classes + 1 where they do not count, and for each two models the places of theirs.

    A model has one for each other set of images that it shares with another.
    """
    answered = predictions >= 0
    sheets: list[NDArray[np.integer]] = []
    places: dict[tuple[int, bytes], int] = {}
    pairs: list[tuple[int, int] | None] = []
    for two in combinations(range(len(predictions)), 2):
        both = answered[two[0]] & answered[two[1]]
        if not both.any():
            pairs.append(None)
            continue
        for model in two:
            if (model, both.tobytes()) not in places:
                places[model, both.tobytes()] = len(sheets)
                sheets.append(np.where(both, predictions[model], classes + 1))
        first, second = (places[model, both.tobytes()] for model in two)
        pairs.append((first, second))
    return np.array(sheets).reshape(len(sheets), predictions.shape[1]), pairs


def _draws(labels: NDArray[np.integer], rng: np.random.Generator, resamples: int) -> Iterator[NDArray[np.int32]]:
    """How often each image was drawn, shape (images, some resamples); `labels` are sorted."""
    images = len(labels)
    _, starts, sizes = np.unique(labels, return_index=True, return_counts=True)
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    at_once = max(1, _AT_ONCE // max(1, images))
    for done in range(0, resamples, at_once):
        times = np.empty((min(at_once, resamples - done), images), dtype=np.int32)
        for each in times:
            each[:] = np.bincount(first + (rng.random(images) * size).astype(np.int64), minlength=images)
        yield np.ascontiguousarray(times.T)


def _macro_f1(
    labels: NDArray[np.integer], sheets: NDArray[np.integer], times: NDArray[np.int32], classes: int
) -> NDArray[np.float64]:
    """The macro-F1 of each sheet on each resample, shape (sheets, resamples); a class that never occurs has 0."""
    found = np.empty((len(sheets), times.shape[1]))
    for place, sheet in enumerate(sheets):
        right, counts = sheet == labels, sheet <= classes
        wrong = counts & ~right
        hits = _summed(times, labels, right, classes)
        missed = _summed(times, labels, wrong, classes)
        mistaken = _summed(times, sheet, wrong & (sheet < classes), classes)
        found[place] = (hits / np.maximum(hits + (missed + mistaken) / 2, 1)).mean(axis=0)
    return found


def _summed(
    times: NDArray[np.int32], kinds: NDArray[np.integer], which: NDArray[np.bool_], classes: int
) -> NDArray[np.int32]:
    """How often images of each kind were drawn, of those in question: shape (classes, resamples)."""
    summed = np.zeros((classes, times.shape[1]), dtype=np.int32)
    images = np.flatnonzero(which)
    if len(images):
        images = images[np.argsort(kinds[images], kind="stable")]
        present, starts = np.unique(kinds[images], return_index=True)
        summed[present] = np.add.reduceat(times[images], starts, axis=0)
    return summed
