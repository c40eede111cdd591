"""Accuracy, precision, recall and F1 from counts of true and predicted classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each class was predicted for each: `counts[true, predicted]`, int, shape (n, n + 1).

    The last column holds the answers in which no class could be read.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class's figures; a quotient without a denominator is 0, as scikit-learn's zero_division=0."""

    name: str
    support: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Classification:
    """Figures over all answered images, an unparsed answer counted as wrong."""

    answered: int
    unparsed: int
    correct: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    balanced_accuracy: float
    per_class: tuple[ClassFigures, ...]


def _quotient(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def classify(confusion: Confusion) -> Classification:
    """The figures of a confusion; macro figures are means over the declared classes, those without images included.

    Equal to scikit-learn's accuracy_score, precision_recall_fscore_support (labels: the declared classes,
    zero_division=0) and balanced_accuracy_score, the mean recall of the classes that occur. Raises ValueError: nothing
    was answered, or the counts do not fit the classes.
    """
    expected = (len(confusion.classes), len(confusion.classes) + 1)
    if confusion.counts.shape != expected or (confusion.counts < 0).any():
        raise ValueError(f"expected counts of shape {expected}, not negative; got shape {confusion.counts.shape}")
    counts = confusion.counts.astype(np.float64)
    total = counts.sum()
    if not total:
        raise ValueError("nothing was answered")
    hits = np.diag(counts[:, :-1]).copy()
    support, predicted = counts.sum(axis=1), counts[:, :-1].sum(axis=0)
    precision, recall = _quotient(hits, predicted), _quotient(hits, support)
    f1 = _quotient(2 * hits, support + predicted)
    weights = support / total
    figures = zip(confusion.classes, support, precision, recall, f1, strict=True)
    return Classification(
        answered=int(total),
        unparsed=int(counts[:, -1].sum()),
        correct=int(hits.sum()),
        accuracy=float(hits.sum() / total),
        macro_precision=float(precision.mean()),
        macro_recall=float(recall.mean()),
        macro_f1=float(f1.mean()),
        weighted_precision=float(precision @ weights),
        weighted_recall=float(recall @ weights),
        weighted_f1=float(f1 @ weights),
        balanced_accuracy=float(recall[support > 0].mean()),
        per_class=tuple(ClassFigures(n, int(s), float(p), float(r), float(f)) for n, s, p, r, f in figures),
    )
