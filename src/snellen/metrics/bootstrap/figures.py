"""Averages of precision, recall and F1 over the classes, and how much each image moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.bootstrap.cells import Cells

Array = NDArray[np.float64]


def quotient(numerator: Array, denominator: Array) -> Array:
    """0 where there is no denominator, as in the figures themselves."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A class's figure by its hits, predictions and images, and its slopes by hits and by predictions."""

    value: Callable[[Array, Array, Array], Array]
    slopes: Callable[[Array, Array, Array], tuple[Array, Array]]


PRECISION = Measure(
    lambda hits, predicted, support: quotient(hits, predicted),
    lambda hits, predicted, support: (quotient(np.ones_like(hits), predicted), -quotient(hits, predicted**2)),
)
RECALL = Measure(
    lambda hits, predicted, support: hits / np.maximum(support, 1),
    lambda hits, predicted, support: (1 / np.maximum(support, 1), np.zeros_like(hits)),
)
F1 = Measure(
    lambda hits, predicted, support: 2 * hits / np.maximum(support + predicted, 1),
    lambda hits, predicted, support: (
        2 / np.maximum(support + predicted, 1),
        -2 * hits / np.maximum(support + predicted, 1) ** 2,
    ),
)


def macro(support: Array) -> Array:
    """Each class weighs the same, those without images included."""
    return np.full(len(support), 1 / len(support))


def weighted(support: Array) -> Array:
    """Each image weighs the same."""
    weights: Array = support / support.sum()
    return weights


def occurring(support: Array) -> Array:
    """Each class that occurs weighs the same."""
    weights: Array = (support > 0) / np.count_nonzero(support)
    return weights


FIGURES = {
    "macro_precision": (PRECISION, macro),
    "macro_recall": (RECALL, macro),
    "macro_f1": (F1, macro),
    "weighted_precision": (PRECISION, weighted),
    "weighted_recall": (RECALL, weighted),
    "weighted_f1": (F1, weighted),
    "balanced_accuracy": (RECALL, occurring),
}


def slopes(cells: Cells, model: int, measure: Measure, weights: Array) -> tuple[Array, Array]:
    """How much the average moves with one hit more of each class, and with one prediction more."""
    by_hit, by_prediction = measure.slopes(*cells.tally(model), cells.support)
    occurs = cells.support > 0
    return weights * by_hit * occurs, weights * by_prediction


def influences(cells: Cells, model: int, by_hit: Array, by_prediction: Array) -> Array:
    """How much an average with these slopes moves with an image more of each cell and fewer of the others of its class.

    The infinitesimal jackknife (Jaeckel 1972): the sum of squares over all images is the variance of the average.
    """
    predictions, right = cells.predictions[model], cells.predictions[model] == cells.labels
    moved = np.append(by_prediction, 0)[predictions] + right * by_hit[cells.labels]
    return cells.less_class_mean(moved)
