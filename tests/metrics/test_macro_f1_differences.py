"""Differences of the macro-F1 of several models equal scikit-learn's, and their bounds hold what they say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from snellen.metrics.bootstrap import macro_f1_differences, paired_macro_f1

CLASSES = 4


def answers(rng: np.random.Generator, n: int, *accuracies: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels and what models of these accuracies say, an unparsed answer among the wrong ones."""
    labels = rng.integers(0, CLASSES, n)
    said = [np.where(rng.random(n) < each, labels, rng.integers(0, CLASSES + 1, n)) for each in accuracies]
    return labels, np.array(said)


def macro_f1(labels: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(labels, said, labels=range(CLASSES), average="macro", zero_division=0))


def test_differences_equal_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels, said = answers(rng, 200, 0.9, 0.7, 0.4)
    found = macro_f1_differences(labels, said, CLASSES, rng, resamples=50)
    assert list(found) == list(combinations(range(3), 2))
    for (a, b), (difference, low, high) in found.items():
        assert difference == pytest.approx(macro_f1(labels, said[a]) - macro_f1(labels, said[b]))
        assert low <= difference <= high


def test_two_models_alone_have_the_bounds_of_a_pair_and_others_nearly_those() -> None:
    labels, said = answers(np.random.default_rng(1), 300, 0.85, 0.75, 0.6)
    alone = paired_macro_f1(labels, said[0], said[1], CLASSES, np.random.default_rng(0))
    assert macro_f1_differences(labels, said[:2], CLASSES, np.random.default_rng(0)) == {(0, 1): alone}
    together = macro_f1_differences(labels, said, CLASSES, np.random.default_rng(0))
    assert together[0, 1] == pytest.approx(alone, abs=0.008)


def test_bounds_hold_the_truth_as_often_as_they_say() -> None:
    rng, held, studies = np.random.default_rng(5), 0, 150
    labels, said = answers(rng, 400_000, 0.85, 0.8, 0.7)
    values = [macro_f1(labels, each) for each in said]
    for _ in range(studies):
        labels, said = answers(rng, 500, 0.85, 0.8, 0.7)
        for (a, b), (_, low, high) in macro_f1_differences(labels, said, CLASSES, rng, resamples=400).items():
            held += low <= values[a] - values[b] <= high
    assert 0.925 <= held / (3 * studies) <= 0.975


def test_the_same_answers_differ_by_nothing_within_bounds() -> None:
    labels, said = answers(np.random.default_rng(0), 60, 0.8)
    ((difference, low, high),) = macro_f1_differences(labels, said[[0, 0]], CLASSES, np.random.default_rng(9)).values()
    assert difference == 0
    assert -0.1 < low < 0 < high < 0.1


def test_a_model_alone_has_no_difference_and_no_image_raises() -> None:
    labels, said = answers(np.random.default_rng(0), 10, 0.8)
    assert macro_f1_differences(labels, said, CLASSES, np.random.default_rng(0)) == {}
    with pytest.raises(ValueError, match="nothing was answered"):
        macro_f1_differences(labels[:0], said[:, :0], CLASSES, np.random.default_rng(0))
