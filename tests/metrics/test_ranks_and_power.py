"""Bounds of ranks hold the true ranks, and the images said to be needed give the power said."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from math import ceil, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from snellen.metrics.comparison import holm, images_to_tell_apart, mcnemar, rank_bounds

# Ranks


@pytest.mark.parametrize(
    ("rows", "better", "bounds"),
    [
        (0, [], []),
        (1, [], [(1, 1)]),
        (3, [], [(1, 3), (1, 3), (1, 3)]),
        (3, [(0, 1), (0, 2), (1, 2)], [(1, 1), (2, 2), (3, 3)]),
        (4, [(0, 2), (0, 3), (1, 3)], [(1, 2), (1, 3), (2, 4), (3, 4)]),
        (2, [(1, 0), (1, 0)], [(2, 2), (1, 1)]),  # told twice is told once
    ],
)
def test_bounds_reckoned_by_hand(rows: int, better: list[tuple[int, int]], bounds: list[tuple[int, int]]) -> None:
    assert rank_bounds(rows, better) == bounds


@cache
def p_value(first: int, second: int) -> float:
    return mcnemar(first, second)


def bounds_of(right: np.ndarray) -> list[tuple[int, int]]:
    pairs = list(combinations(range(len(right)), 2))
    only = {(a, b): (int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())) for a, b in pairs}
    corrected = holm([p_value(*only[pair]) for pair in pairs])
    told = [
        pair if only[pair][0] > only[pair][1] else pair[::-1]
        for pair, p in zip(pairs, corrected, strict=True)
        if p < 0.05
    ]
    return rank_bounds(len(right), told)


@pytest.mark.parametrize(
    "accuracies", [(0.9, 0.88, 0.8, 0.8, 0.6), (0.7, 0.7, 0.7, 0.7, 0.7), (0.95, 0.9, 0.85, 0.8, 0.75)]
)
def test_all_true_ranks_lie_within_their_bounds_in_at_least_95_of_100_studies(accuracies: tuple[float, ...]) -> None:
    """A rank among equals is any that they share. Images are hard or easy for all, as real ones are."""
    rng, studies, held = np.random.default_rng(7), 300, 0
    for _ in range(studies):
        hard = norm.ppf(np.array(accuracies))[:, None] - rng.normal(size=200) * sqrt(0.5)
        right = rng.normal(size=hard.shape) * sqrt(0.5) < hard
        bounds = bounds_of(right)
        held += all(
            best <= 1 + sum(each > own for each in accuracies)
            and len(accuracies) - sum(each < own for each in accuracies) <= worst
            for own, (best, worst) in zip(accuracies, bounds, strict=True)
        )
    assert held >= 0.95 * studies


def test_bounds_become_points_with_enough_images() -> None:
    rng = np.random.default_rng(1)
    right = rng.random((3, 4000)) < np.array([0.9, 0.8, 0.7])[:, None]
    assert bounds_of(right) == [(1, 1), (2, 2), (3, 3)]


# Images needed


def power_of(n: int, first: float, second: float, level: float) -> float:
    """The exact power of the exact test: over all numbers of disagreements, and how they fall."""
    power, disagree = 0.0, first + second
    for m in range(n + 1):
        weight = binom.pmf(m, n, disagree)
        if weight > 1e-9:
            k = np.arange(m + 1)
            p = np.minimum(1, 2 * binom.cdf(np.minimum(k, m - k), m, 0.5))
            power += weight * binom.pmf(k, m, first / disagree)[p <= level].sum()
    return power


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [(10, 5, 0.05), (5, 2, 0.05), (20, 15, 0.05 / 6), (30, 10, 0.05), (50, 20, 0.05 / 45), (2, 1, 0.05)],
)
def test_that_many_images_have_the_power_asked_for(first: int, second: int, level: float) -> None:
    for asked in (0.8, 0.9):
        n = images_to_tell_apart(first, second, 100, level, asked)
        assert n is not None
        assert asked - 0.015 <= power_of(n, first / 100, second / 100, level) <= asked + 0.03


def test_it_rejects_in_about_80_of_100_simulated_studies() -> None:
    n = images_to_tell_apart(12, 6, 100)
    assert n is not None
    counts = np.random.default_rng(3).multinomial(n, [0.12, 0.06, 0.82], size=2000)
    rejected = np.mean([p_value(int(first), int(second)) <= 0.05 for first, second, _ in counts])
    assert 0.77 <= rejected <= 0.83


def test_where_only_one_is_ever_right_alone_the_power_is_at_least_that() -> None:
    for first, n in ((10, 100), (5, 5), (4, 60)):
        needed = images_to_tell_apart(first, 0, n, 0.05)
        assert needed is not None
        assert power_of(needed, first / n, 0, 0.05) >= 0.78
    assert images_to_tell_apart(5, 0, 5) == 6  # five disagreements have p = 0.0625 at best


def test_equal_to_connors_formula_and_what_discreteness_adds() -> None:
    psi, delta = 0.15, 0.05
    connor = (norm.ppf(0.975) * sqrt(psi) + norm.ppf(0.8) * sqrt(psi - delta**2)) ** 2 / delta**2
    assert images_to_tell_apart(15, 30, 300) == ceil(connor + 1 / delta) == 489


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 500))
def test_a_stricter_level_needs_more_and_equal_counts_need_what_nobody_knows(
    first: int, second: int, more: int
) -> None:
    n = first + second + more
    needed = images_to_tell_apart(first, second, n)
    assert needed == images_to_tell_apart(second, first, n)
    if first == second:
        assert needed is None
    else:
        stricter = images_to_tell_apart(first, second, n, 0.001)
        assert needed is not None and stricter is not None
        assert needed <= stricter


@pytest.mark.parametrize(
    ("first", "second", "n", "level"), [(-1, 2, 10, 0.05), (6, 5, 10, 0.05), (1, 0, 10, 0.0), (1, 0, 10, 1.0)]
)
def test_what_cannot_be_raises(first: int, second: int, n: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"cannot be|between 0 and 1"):
        images_to_tell_apart(first, second, n, level)
