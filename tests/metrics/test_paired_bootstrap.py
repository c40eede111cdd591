"""Differences of macro-F1 equal scikit-learn's, and their intervals hold the truth as often as they say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from snellen.metrics.paired_bootstrap import macro_f1_differences

CLASSES = 4


def answers(rng: np.random.Generator, n: int, *accuracies: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels and what models of these accuracies say, an unparsed answer among the wrong ones."""
    labels = rng.integers(0, CLASSES, n)
    said = [np.where(rng.random(n) < each, labels, rng.integers(0, CLASSES + 1, n)) for each in accuracies]
    return labels, np.array(said)


def macro_f1(labels: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(labels, said, labels=range(CLASSES), average="macro", zero_division=0))


def test_differences_equal_scikit_learns_on_the_images_that_both_answered() -> None:
    rng = np.random.default_rng(0)
    labels, said = answers(rng, 200, 0.9, 0.7, 0.4)
    said[rng.random(said.shape) < 0.1] = -1
    found = macro_f1_differences(labels, said, CLASSES, rng, resamples=50)
    for (a, b), bounds in zip(combinations(said, 2), found, strict=True):
        both = (a >= 0) & (b >= 0)
        assert bounds is not None
        assert bounds[0] == pytest.approx(macro_f1(labels[both], a[both]) - macro_f1(labels[both], b[both]))
        assert bounds[1] <= bounds[2]


def test_the_interval_equals_that_of_a_plain_bootstrap_of_images_within_their_classes() -> None:
    labels, said = answers(np.random.default_rng(1), 300, 0.85, 0.75)
    ((_, low, high),) = macro_f1_differences(labels, said, CLASSES, np.random.default_rng(2))  # type: ignore[misc]
    rng = np.random.default_rng(3)
    places = [np.flatnonzero(labels == each) for each in range(CLASSES)]
    drawn = []
    for _ in range(1000):
        images = np.concatenate([rng.choice(each, len(each)) for each in places])
        counts = np.zeros((2, CLASSES, CLASSES + 1))
        for model in (0, 1):
            np.add.at(counts[model], (labels[images], said[model, images]), 1)
        hits = np.diagonal(counts[:, :, :CLASSES], axis1=1, axis2=2)
        f1 = 2 * hits / (counts.sum(axis=2) + counts[:, :, :CLASSES].sum(axis=1))
        drawn.append(f1[0].mean() - f1[1].mean())
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.006)


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    rng, held, studies = np.random.default_rng(5), 0, 200
    labels, said = answers(rng, 400_000, 0.85, 0.8)
    truth = macro_f1(labels, said[0]) - macro_f1(labels, said[1])
    for _ in range(studies):
        labels, said = answers(rng, 500, 0.85, 0.8)
        (bounds,) = macro_f1_differences(labels, said, CLASSES, rng, resamples=300)
        assert bounds is not None
        held += bounds[1] <= truth <= bounds[2]
    assert 0.91 <= held / studies <= 0.98


def test_the_same_seed_gives_the_same_and_the_same_answers_no_difference() -> None:
    labels, said = answers(np.random.default_rng(0), 60, 0.8, 0.6)
    first, again = (macro_f1_differences(labels, said, CLASSES, np.random.default_rng(9), 100) for _ in range(2))
    assert first == again
    assert macro_f1_differences(labels, said[[0, 0]], CLASSES, np.random.default_rng(9), 100) == [(0, 0, 0)]


def test_two_that_answered_no_image_both_are_not_compared() -> None:
    labels, said = answers(np.random.default_rng(0), 10, 0.8, 0.6, 0.7)
    said[0, :5], said[1, 5:] = -1, -1
    found = macro_f1_differences(labels, said, CLASSES, np.random.default_rng(0), 20)
    assert [bounds is None for bounds in found] == [True, False, False]
    assert macro_f1_differences(labels, said[:1], CLASSES, np.random.default_rng(0), 20) == []
    nothing = np.zeros((2, 0), dtype=np.int64)
    assert macro_f1_differences(labels[:0], nothing, CLASSES, np.random.default_rng(0), 20) == [None]


def test_an_image_alone_or_answers_without_a_class_give_figures() -> None:
    rng = np.random.default_rng(0)
    assert macro_f1_differences(np.array([2]), np.array([[2], [1]]), CLASSES, rng, 20) == [(0.25, 0.25, 0.25)]
    unparsed = np.full((2, 3), CLASSES)
    assert macro_f1_differences(np.array([0, 1, 1]), unparsed, CLASSES, rng, 20) == [(0, 0, 0)]


def test_shapes_that_do_not_fit_raise() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        macro_f1_differences(np.zeros(3, dtype=int), np.zeros((2, 4), dtype=int), CLASSES, np.random.default_rng(0))
