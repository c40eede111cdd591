"""Wilson's interval equals scipy's, and is not zero wide where nothing or all succeeded."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from snellen.metrics.intervals import wilson


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 100_000), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_equal_to_scipy(data: st.DataObject, n: int, confidence: float) -> None:
    successes = data.draw(st.integers(0, n))
    expected = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="wilson")
    low, high = wilson(successes, n, confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= low <= successes / n <= high <= 1


def test_none_of_210_is_not_zero_plus_minus_zero() -> None:
    assert wilson(0, 210) == (0.0, pytest.approx(0.01796, abs=1e-5))
    assert wilson(210, 210) == (pytest.approx(1 - 0.01796, abs=1e-5), 1.0)


def test_published_example() -> None:
    """81 of 263 at 95 %: 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17, 857-872, table I)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_bounds_rise_with_successes_and_close_in_with_images() -> None:
    bounds = [wilson(successes, 50) for successes in range(51)]
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(bounds))
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000, 10_000))]
    assert widths == sorted(widths, reverse=True)


def test_mirrored() -> None:
    low, high = wilson(3, 17)
    assert wilson(14, 17) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(
    ("successes", "n", "confidence"), [(0, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1), (1, 5, 0)]
)
def test_what_cannot_be_raises(successes: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"no proportion|expected a confidence"):
        wilson(successes, n, confidence)
