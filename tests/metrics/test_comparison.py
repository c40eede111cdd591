"""The exact McNemar test equals scipy's binomial test, and Holm's correction its definition."""

from __future__ import annotations

import time
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from snellen.metrics.comparison import holm, mcnemar

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000))
def test_equal_to_scipy(first: int, second: int) -> None:
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)
    assert 0 <= mcnemar(first, second) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 10_000_000), st.floats(-8, 8))
def test_equal_to_scipy_for_many(n: int, deviations: float) -> None:
    first = min(n, max(0, round(n / 2 + deviations * n**0.5 / 2)))
    assert mcnemar(first, n - first) == pytest.approx(binomtest(first, n, 0.5).pvalue, rel=1e-8)


def test_however_many_it_takes_no_time() -> None:
    started = time.perf_counter()
    assert mcnemar(0, 10_000_000) == 0
    assert mcnemar(4_999_999, 5_000_001) == pytest.approx(binomtest(4_999_999, 10_000_000, 0.5).pvalue, rel=1e-8)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(("first", "second"), [(0, 5), (1, 9), (3, 12), (10, 25)])
def test_equal_to_the_sum_of_the_tails(first: int, second: int) -> None:
    n = first + second
    assert mcnemar(first, second) == pytest.approx(2 * sum(comb(n, k) for k in range(first + 1)) / 2**n)


def test_no_disagreement_is_no_difference() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(7, 7) == 1.0


def test_negative_counts_raise() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 3)


# Several tests


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # 4 x 0.005, 3 x 0.01, 2 x 0.03, not less than that
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.6, 0.5, 0.0], [1.0, 1.0, 0.0]),
    ],
)
def test_holm_equals_what_was_reckoned_by_hand(p_values: list[float], corrected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(corrected)
    assert all(type(value) is float for value in holm(p_values))


@given(P_VALUES)
def test_holm_equals_its_definition(p_values: list[float]) -> None:
    """Each is the largest of (m - i) p_i over the smaller ones and itself, i from 0 in order of size, at most 1."""
    m, ordered = len(p_values), sorted(p_values)
    for value, corrected in zip(p_values, holm(p_values), strict=True):
        last = max(place for place, other in enumerate(ordered) if other == value)
        assert corrected == min(1.0, max((m - place) * ordered[place] for place in range(last + 1)))


@given(P_VALUES)
def test_a_corrected_value_is_no_smaller_and_the_order_stays(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= value <= 1 for p, value in zip(p_values, corrected, strict=True))
    by_size = [value for _, value in sorted(zip(p_values, corrected, strict=True))]
    assert by_size == sorted(by_size)


@given(P_VALUES.flatmap(lambda values: st.permutations(list(enumerate(values)))))
def test_the_order_in_which_tests_come_does_not_matter(numbered: list[tuple[int, float]]) -> None:
    moved = dict(zip([number for number, _ in numbered], holm([p for _, p in numbered]), strict=True))
    assert [moved[number] for number in sorted(moved)] == holm([p for _, p in sorted(numbered)])


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_what_its_steps_reject(p_values: list[float], level: float) -> None:
    """Holm 1979: the smallest is held against level / m, the next against level / (m - 1), to the first that fails."""
    rejected = []
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if (len(p_values) - rank) * p_values[place] > level:
            break
        rejected.append(p_values[place])
    assert sorted(p for p, value in zip(p_values, holm(p_values), strict=True) if value <= level) == rejected
