"""What is dominated, and what stays where domination is not transitive."""

from __future__ import annotations

from itertools import combinations
from math import nan

import numpy as np
import pytest
from numpy.typing import NDArray

from snellen.metrics.pareto import domination, front


def surely(n: int, *pairs: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of n is surely better than which."""
    better = np.zeros((n, n), dtype=np.bool_)
    for pair in pairs:
        better[pair] = True
    return better


def test_one_that_costs_less_and_is_not_surely_worse_dominates() -> None:
    costs = np.array([[1.0, 5.0], [2.0, 5.0]])
    assert domination(surely(2), costs).tolist() == [[False, True], [False, False]]
    assert not domination(surely(2, (1, 0)), costs).any()  # it is surely worse
    assert domination(surely(2, (0, 1)), costs).tolist() == [[False, True], [False, False]]
    assert not domination(surely(2), np.array([[1.0, 5.0], [2.0, 4.0]])).any()  # each has something


def test_equals_dominate_each_other_only_where_that_is_wanted() -> None:
    costs = np.array([[1.0], [1.0]])
    assert not domination(surely(2), costs).any()
    assert domination(surely(2), costs, equals=True).tolist() == [[False, True], [True, False]]


def test_costs_within_the_tolerance_are_equal() -> None:
    costs = np.array([[1.00], [1.04], [1.2]])
    assert domination(surely(3), costs, 0.05).tolist() == [[False, False, True], [False, False, True], [False] * 3]


def test_what_is_known_of_one_alone_keeps_both() -> None:
    assert not domination(surely(2, (0, 1)), np.array([[1.0, 1.0], [2.0, nan]])).any()
    assert domination(surely(2), np.array([[1.0, nan], [2.0, nan]]))[0, 1]  # of neither: it says nothing
    assert domination(surely(2, (1, 0)), np.full((2, 3), nan)).tolist() == [[False, False], [True, False]]


def test_the_front_of_sure_differences_is_the_pareto_front() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        values = rng.integers(0, 6, size=(12, 3)).astype(np.float64)  # the first is the accuracy
        better = values[:, None, 0] > values[None, :, 0]
        found = front(domination(better, values[:, 1:]), values[:, 0])
        by_hand = [
            not any(
                (a[0] >= b[0] and (a[1:] <= b[1:]).all()) and ((a[0] > b[0]) or (a[1:] < b[1:]).any())
                for a in np.delete(values, place, axis=0)
            )
            for place, b in enumerate(values)
        ]
        assert (found < 0).tolist() == by_hand
        assert all(found[by] < 0 for by in found if by >= 0)


def test_what_only_a_left_out_one_dominates_stays() -> None:
    """a is not told from b, b not from c, but c is surely better than a; each costs more than the one before."""
    better = surely(3, (2, 0))
    dominates = domination(better, np.array([[1.0], [2.0], [3.0]]))
    assert front(dominates, np.array([0.8, 0.85, 0.9])).tolist() == [-1, 0, -1]


def test_a_cycle_is_opened_at_the_highest_merit() -> None:
    dominates = surely(3, (0, 1), (1, 2), (2, 0))
    assert front(dominates, np.array([0.5, 0.7, 0.6])).tolist() == [-1, -1, 1]
    assert front(domination(surely(3), np.ones((3, 1)), equals=True), np.array([0.1, 0.3, 0.2])).tolist() == [1, -1, 1]


def test_every_one_left_out_is_so_for_one_that_stays_and_none_that_stay_dominate_each_other() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        dominates = np.triu(rng.random((9, 9)) < 0.3, k=1)  # without cycles
        found = front(dominates, rng.random(9))
        stays = [place for place, by in enumerate(found) if by < 0]
        assert not any(dominates[a, b] or dominates[b, a] for a, b in combinations(stays, 2))
        assert all(by in stays and dominates[by, place] for place, by in enumerate(found) if by >= 0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected arrays of \(n, n\) and \(n, m\)"):
        domination(surely(2), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        front(surely(3), np.ones(2))
