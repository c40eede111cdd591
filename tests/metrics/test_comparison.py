"""The exact McNemar test equals scipy's binomial test."""

from __future__ import annotations

import time
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from snellen.metrics.comparison import mcnemar


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
