"""Classes in the order in which they are confused with each other."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.metrics.confusability import hardest_first


def test_it_begins_with_the_most_confused_pair_and_goes_on_with_what_is_confused_with_those() -> None:
    counts = np.diag([10] * 6)
    counts[2, 4] = 6  # 4 is where 2 goes
    counts[0, 1] = 5
    counts[4, 5] = 2
    counts[5, 3] = 1
    order, confused = hardest_first(counts, [0, 1, 2, 3, 4, 5])
    assert order == [2, 4, 5, 3, 0, 1]
    assert confused


def test_rates_count_and_not_numbers_and_both_directions_add_up() -> None:
    counts = np.array([[90, 10, 0, 0], [0, 100, 0, 0], [0, 0, 8, 2], [0, 0, 1, 9]])
    assert hardest_first(counts, [0, 1, 2, 3])[0] == [2, 3, 0, 1]  # 0.2 + 0.1 against 0.1


def test_what_is_always_in_draws_classes_but_is_not_put_in_order() -> None:
    counts = np.diag([10] * 5)
    counts[0, 1] = 5
    counts[3, 4] = 4  # 4 is the background
    counts[2, 1] = 3
    assert hardest_first(counts, [0, 1, 2, 3], [4])[0] == [0, 1, 3, 2]


def test_of_equals_the_first_goes_first() -> None:
    counts = np.full((4, 4), 1)
    assert hardest_first(counts, [2, 0, 3, 1])[0] == [2, 0, 3, 1]
    assert hardest_first(counts, [1, 3, 0, 2])[0] == [1, 3, 0, 2]


@pytest.mark.parametrize("counts", [np.zeros((3, 3), dtype=int), np.diag([4, 5, 6])])
def test_where_nothing_was_confused_the_order_stays(counts: np.ndarray) -> None:
    assert hardest_first(counts, [2, 0, 1]) == ([2, 0, 1], False)
    assert hardest_first(counts, [1]) == ([1], False)
    assert hardest_first(counts, []) == ([], False)


@pytest.mark.parametrize("counts", [np.zeros((2, 3), dtype=int), np.array([[1, -1], [0, 1]])])
def test_counts_of_another_kind_are_refused(counts: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected counts"):
        hardest_first(counts, [0, 1])
