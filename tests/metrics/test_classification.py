"""Figures from counts equal scikit-learn's from the labels themselves."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support

from snellen.metrics.classification import Confusion, classify

NAMES = ("ant", "bee", "cat", "dog", "elk")
UNPARSED = "(unparsed)"


@st.composite
def labelled(draw: st.DrawFn) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Declared classes, and pairs of true label and prediction over some of them."""
    classes = NAMES[: draw(st.integers(1, len(NAMES)))]
    occurring = draw(st.lists(st.sampled_from(classes), min_size=1, unique=True))
    pairs = st.tuples(st.sampled_from(occurring), st.sampled_from((*classes, UNPARSED)))
    return classes, draw(st.lists(pairs, min_size=1, max_size=60))


def count(classes: tuple[str, ...], pairs: list[tuple[str, str]]) -> Confusion:
    counts = np.zeros((len(classes), len(classes) + 1), np.int64)
    for true, predicted in pairs:
        counts[classes.index(true), (*classes, UNPARSED).index(predicted)] += 1
    return Confusion(classes, counts)


@settings(max_examples=150, deadline=None)
@given(labelled())
def test_equal_to_scikit_learn(data: tuple[tuple[str, ...], list[tuple[str, str]]]) -> None:
    classes, pairs = data
    true, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    figures = classify(count(classes, pairs))

    def scored(average: str | None) -> tuple[object, ...]:
        return precision_recall_fscore_support(true, predicted, labels=list(classes), average=average, zero_division=0)

    assert figures.accuracy == pytest.approx(accuracy_score(true, predicted), abs=1e-12)
    for average in ("macro", "weighted"):
        expected = scored(average)[:3]
        got = [getattr(figures, f"{average}_{name}") for name in ("precision", "recall", "f1")]
        assert got == pytest.approx(expected, abs=1e-12)
    each = [(c.precision, c.recall, c.f1, c.support) for c in figures.per_class]
    assert np.asarray(each) == pytest.approx(np.asarray(scored(None)).T, abs=1e-12)
    with warnings.catch_warnings():  # it warns of predictions that no label has, and of a single class
        warnings.simplefilter("ignore")
        assert figures.balanced_accuracy == pytest.approx(balanced_accuracy_score(true, predicted), abs=1e-12)
    assert figures.answered == len(pairs)
    assert figures.unparsed == predicted.count(UNPARSED)
    assert figures.correct == sum(a == b for a, b in pairs)
    assert [c.name for c in figures.per_class] == list(classes)


def test_unparsed_answers_count_as_wrong() -> None:
    figures = classify(count(("cat", "dog"), [("cat", "cat"), ("cat", UNPARSED), ("dog", "dog"), ("dog", UNPARSED)]))
    assert (figures.accuracy, figures.macro_precision, figures.macro_recall) == (0.5, 1.0, 0.5)
    assert (figures.answered, figures.unparsed, figures.correct) == (4, 2, 2)


def test_a_declared_class_without_images_counts_in_macro_averages_only() -> None:
    figures = classify(count(("cat", "dog"), [("cat", "cat"), ("cat", "cat")]))
    assert (figures.macro_f1, figures.weighted_f1, figures.balanced_accuracy, figures.accuracy) == (0.5, 1.0, 1.0, 1.0)


def test_large_counts_keep_their_precision() -> None:
    figures = classify(Confusion(("cat", "dog"), np.asarray([[10**12, 1, 0], [0, 10**12, 0]])))
    assert figures.accuracy == pytest.approx(1 - 0.5e-12, abs=1e-15)
    assert figures.answered == 2 * 10**12 + 1


def test_nothing_answered_raises_rather_than_giving_zero() -> None:
    with pytest.raises(ValueError, match="nothing was answered"):
        classify(count(("cat", "dog"), []))


@pytest.mark.parametrize("counts", [np.ones((2, 2)), np.ones((3, 4)), np.asarray([[1, 0, 0], [0, -1, 0]])])
def test_counts_that_do_not_fit_raise(counts: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected counts of shape"):
        classify(Confusion(("cat", "dog"), counts.astype(np.int64)))
