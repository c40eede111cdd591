"""Confused pairs, groups of images, and the chi-square test that tells chance from more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix

from snellen.metrics.diagnostics import (
    chi_square_tail,
    confused_pairs,
    goodness_of_fit,
    quantile_groups,
    spans,
)


def test_confused_pairs_are_those_of_the_confusion_matrix_the_most_frequent_first() -> None:
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 6, 300), rng.integers(0, 7, 300)  # 6 stands for no class
    matrix = confusion_matrix(labels, predictions, labels=range(7))
    pairs = confused_pairs(matrix[:6].astype(np.int64))
    assert {(pair.true, pair.predicted): pair.count for pair in pairs} == {
        (true, predicted): matrix[true, predicted]
        for true in range(6)
        for predicted in range(6)
        if true != predicted and matrix[true, predicted]
    }
    assert [pair.count for pair in pairs] == sorted((pair.count for pair in pairs), reverse=True)
    for pair in pairs:
        assert pair.share == pytest.approx(pair.count / (labels == pair.true).sum())
        assert pair.back == matrix[pair.predicted, pair.true]


def test_nothing_is_confused_by_one_class_or_where_all_is_right() -> None:
    assert confused_pairs(np.array([[3, 2]])) == ()
    assert confused_pairs(np.array([[3, 0, 0], [0, 0, 0]])) == ()
    with pytest.raises(ValueError, match=r"expected counts of the shape \(n, n \+ 1\)"):
        confused_pairs(np.eye(3, dtype=np.int64))


def test_quantile_groups_are_of_about_equal_size_in_the_order_of_their_values() -> None:
    values = np.random.default_rng(0).random(400).tolist()
    groups = quantile_groups(values, 4)
    assert np.bincount(groups).tolist() == [100] * 4
    for lower, upper in zip(range(3), range(1, 4), strict=True):
        assert max(np.array(values)[groups == lower]) < min(np.array(values)[groups == upper])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([5], [0]), ([7, 7, 7, 7, 7], [0] * 5), ([1, 2, 2, 2, 2, 2], [0, 1, 1, 1, 1, 1]), ([1, 9], [0, 1])],
)
def test_equal_values_stand_in_one_group(values: list[int], expected: list[int]) -> None:
    assert quantile_groups(values, 4).tolist() == expected


def test_places_are_cut_into_ranges_that_differ_by_one_at_most() -> None:
    assert spans(10, 3) == (range(1, 4), range(4, 7), range(7, 11))
    assert spans(2, 3) == (range(1, 2), range(2, 3))
    for length in range(1, 40):
        places = spans(length, 3)
        assert [place for each in places for place in each] == list(range(1, length + 1))
        assert max(map(len, places)) - min(map(len, places)) <= 1


def test_the_chi_square_test_is_scipys() -> None:
    for statistic in (1e-9, 0.1, 1.0, 3.84, 12.5, 90.0, 800.0):
        for freedom in (1, 2, 3, 4, 7, 20, 101):
            assert chi_square_tail(statistic, freedom) == pytest.approx(
                stats.chi2.sf(statistic, freedom), rel=1e-9, abs=1e-300
            )
    assert chi_square_tail(0, 3) == 1
    observed, shares = [30, 50, 41], [0.3, 0.3, 0.4]
    expected = stats.chisquare(observed, [121 * share for share in shares]).pvalue
    assert goodness_of_fit(observed, shares) == pytest.approx(expected)


def test_too_few_counts_tell_nothing() -> None:
    assert goodness_of_fit([14], [1.0]) is None
    assert goodness_of_fit([3, 4, 7], [1 / 3] * 3) is None
    assert goodness_of_fit([0, 0], [0.5, 0.5]) is None


def test_what_cannot_be_is_an_error() -> None:
    for call in (
        lambda: quantile_groups([], 4),
        lambda: spans(0, 3),
        lambda: goodness_of_fit([1, 2], [0.5, 0.6]),
        lambda: chi_square_tail(1.0, 0),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
