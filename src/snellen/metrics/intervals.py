"""Confidence intervals of shares and of differences of shares."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion: its lower and upper bound (Wilson 1927, JASA 22, 209-212).

    It stays inside 0..1 and has a width where none or all succeeded; an effective n need not be whole. Raises
    ValueError: n is 0, counts or a confidence that cannot be.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no proportion")
    z = _deviations(confidence)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == n else min(1.0, centre + half))


def paired_difference(only_first: int, only_second: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of the difference of two shares of the same n images: its lower and upper bound.

    `only_first` and `only_second` are the images that one model alone got right; the difference is first less second.
    Tango 1998, Statistics in Medicine 17, 891-908: all differences at which the observed one is no surprise, with the
    likeliest share of disagreements for each. It has a width where nobody disagrees, and excludes 0 where McNemar's
    test without correction does. Raises ValueError: n is 0, counts or a confidence that cannot be.
    """
    if min(only_first, only_second) < 0 or only_first + only_second > n or n == 0:
        raise ValueError(f"{only_first} and {only_second} of {n} are no disagreements")
    z = _deviations(confidence)
    high = _highest_difference(only_first, only_second, n, z)
    return -_highest_difference(only_second, only_first, n, z), high


def _highest_difference(only_first: int, only_second: int, n: int, z: float) -> float:
    """The difference from which the observed one lies z standard deviations below, by bisection."""
    low, high = (only_first - only_second) / n, 1.0
    while low < (middle := (low + high) / 2) < high:
        # the likeliest share that only the second gets right where this is the difference (Tango's equation for q21)
        linear = (2 * n - only_first + only_second) * middle - only_first - only_second
        root = sqrt(max(linear * linear + 8 * n * only_second * middle * (1 - middle), 0.0))
        share = (root - linear) / (4 * n)
        variance = n * max(2 * share + middle * (1 - middle), 0.0)
        if n * middle - (only_first - only_second) < z * sqrt(variance):
            low = middle
        else:
            high = middle
    return high


def _deviations(confidence: float) -> float:
    """How many standard deviations to each side hold that share of a normal distribution."""
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, got {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
