"""Intervals of shares equal the published ones, and are not zero wide where nothing, all or nobody else succeeded."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, multinomial

from snellen.metrics.intervals import paired_difference, wilson


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


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (18, 20, 0.6989663547715128, 0.972133518786232),
        (4, 20, 0.0806576625797981, 0.4160174322518935),
        (4, 200, 0.00780442641634947, 0.05028708690582643),
        (190, 200, 0.910421851861224, 0.972617354399236),
        (1, 30, 0.005908590, 0.16670391),
        (29, 30, 0.8332961, 0.9940914),
        (0, 30, 0, 0.11351339),
        (30, 30, 0.8864866, 1),
    ],
)
def test_equal_to_what_statsmodels_is_tested_against(successes: int, n: int, low: float, high: float) -> None:
    """The figures that statsmodels' own tests hold proportion_confint(method="wilson") to; they come from R's binom."""
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-8)


def test_wilsons_interval_holds_the_truth() -> None:
    """Summed exactly over accuracies from 0.02 to 0.98; a table of more sizes is in benchmarks/README.md."""
    accuracies = np.arange(20, 981, 10)[:, None] / 1000
    for n in (20, 50, 100, 500, 2000):
        low, high = np.array([wilson(k, n) for k in range(n + 1)]).T
        held = (low <= accuracies) & (accuracies <= high)
        coverage = (binom.pmf(np.arange(n + 1), n, accuracies) * held).sum(axis=1)
        assert 0.945 <= coverage.mean() <= 0.96
        assert coverage.min() >= 0.92


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


# Differences of paired shares


def test_a_published_difference() -> None:
    """1 against 7 of 21: -0.517 to -0.026 (Fagerland, Lydersen and Laake 2014, Stat. Med. 33, 2850-2875)."""
    assert paired_difference(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 5000), st.sampled_from([0.8, 0.95, 0.99]))
def test_at_each_bound_the_observed_difference_is_as_far_off_as_the_confidence_says(
    data: st.DataObject, n: int, confidence: float
) -> None:
    """The likeliest share of disagreements is searched here, over all that there can be with that difference."""
    only_first = data.draw(st.integers(0, n))
    only_second = data.draw(st.integers(0, n - only_first))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    observed = (only_first - only_second) / n
    for bound in paired_difference(only_first, only_second, n, confidence):
        if abs(bound) > 1 - 1e-9:
            continue
        shares = np.linspace(max(0.0, -bound), (1 - bound) / 2, 20_001)[1:-1]
        counts = np.array([only_first, only_second, n - only_first - only_second])
        likelihood = counts @ np.log([shares + bound, shares, 1 - bound - 2 * shares])
        share = shares[likelihood.argmax()]
        deviation = sqrt(max(2 * share + bound - bound**2, 0.0) / n)
        assert abs(observed - bound) == pytest.approx(z * deviation, rel=0.02, abs=2e-4)


def test_the_second_less_the_first_is_the_same_turned_around() -> None:
    low, high = paired_difference(12, 5, 80)
    assert paired_difference(5, 12, 80) == pytest.approx((-high, -low))
    assert low < 7 / 80 < high


def test_where_nobody_disagrees_a_difference_is_still_possible() -> None:
    margin = 3.84146 / (50 + 3.84146)
    assert paired_difference(0, 0, 50) == pytest.approx((-margin, margin), abs=1e-6)
    assert paired_difference(50, 0, 50) == pytest.approx((1 - 2 * margin, 1), abs=1e-6)
    assert paired_difference(0, 50, 50) == pytest.approx((-1, -1 + 2 * margin), abs=1e-6)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_zero_is_outside_where_mcnemars_score_says_so(first: int, second: int, agreed: int) -> None:
    n = first + second + agreed
    if not n:
        return
    low, high = paired_difference(first, second, n)
    score = abs(first - second) / sqrt(first + second) if first + second else 0.0
    if abs(score - 1.959964) > 1e-6:
        assert (low > 0 or high < 0) == (score > 1.959964)


def test_a_paired_interval_holds_the_truth() -> None:
    """Summed exactly; more in benchmarks/README.md."""
    n = 40
    counts = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    bounds = np.array([paired_difference(b, c, n) for b, c in counts])
    table = np.array([(b, c, n - b - c) for b, c in counts])
    for one, other in ((0.01, 0.01), (0.05, 0.05), (0.2, 0.05), (0.3, 0.2), (0.2, 0.0)):
        held = (bounds[:, 0] <= one - other + 1e-12) & (one - other <= bounds[:, 1] + 1e-12)
        assert multinomial.pmf(table, n, [one, other, 1 - one - other]) @ held >= 0.925


@pytest.mark.parametrize(
    ("first", "second", "n", "confidence"), [(0, 0, 0, 0.95), (-1, 2, 5, 0.95), (3, 3, 5, 0.95), (1, 1, 5, 1)]
)
def test_what_is_no_paired_table_raises(first: int, second: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"no disagreements|expected a confidence"):
        paired_difference(first, second, n, confidence)
