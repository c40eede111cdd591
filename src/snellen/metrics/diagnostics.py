"""Where a model fails: which classes it takes for which, in which groups of images, and what chance makes of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, exp, lgamma, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST_EXPECTED = 5  # below it the chi-square distribution is a poor approximation (Cochran 1954, Biometrics 10)


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How often a class was taken for another, as counts and as the share of its answered images; `back` the reverse.

    `true` and `predicted` are places in the class list.
    """

    true: int
    predicted: int
    count: int
    share: float
    back: int


def confused_pairs(counts: NDArray[np.int64]) -> tuple[ConfusedPair, ...]:
    """All pairs of classes that were confused, the most frequent first, of equals the one with the higher share.

    `counts[true, predicted]` has the shape (n, n + 1); its last column, answers without a class, is in no pair. Raises
    ValueError for another shape.
    """
    if counts.ndim != 2 or counts.shape[1] != counts.shape[0] + 1:
        raise ValueError(f"expected counts of the shape (n, n + 1), got {counts.shape}")
    support, among = counts.sum(axis=1), counts[:, :-1]
    pairs = []
    for true, predicted in np.argwhere(among).tolist():
        if true != predicted:
            count, back = int(among[true, predicted]), int(among[predicted, true])
            pairs.append(ConfusedPair(true, predicted, count, count / int(support[true]), back))
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, -pair.share, pair.true, pair.predicted)))


def quantile_groups(values: ArrayLike, count: int) -> NDArray[np.intp]:
    """The group of each value, 0 for the lowest: at most `count` groups of about equal size, equal values together.

    A value's group is told by its rank, equal values all having their mean rank; groups without a value have no number.
    Raises ValueError where there are no values or not one group.
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size or count < 1:
        raise ValueError(f"{found.size} values cannot be put into {count} groups")
    _, inverse, sizes = np.unique(found, return_inverse=True, return_counts=True)
    middles = (np.cumsum(sizes) - sizes / 2) / found.size
    groups: NDArray[np.intp] = np.unique((middles * count).astype(np.intp)[inverse], return_inverse=True)[1]
    return groups


def spans(length: int, count: int) -> tuple[range, ...]:
    """The places 1 … length as at most `count` ranges that differ in length by one at most.

    Raises ValueError where there is no place or not one range.
    """
    if length < 1 or count < 1:
        raise ValueError(f"{length} places cannot be cut into {count} ranges")
    ends = [length * each // min(count, length) for each in range(min(count, length) + 1)]
    return tuple(range(low + 1, high + 1) for low, high in pairwise(ends))


def goodness_of_fit(observed: Sequence[int], expected: Sequence[float]) -> float | None:
    """The p-value of Pearson's chi-square test that counts come from these shares (Pearson 1900, Phil. Mag. 50).

    None where it cannot be told: one group, or one in which fewer than 5 are expected. Raises ValueError: counts and
    shares of different number, or shares that do not add up to 1.
    """
    if len(observed) != len(expected) or abs(sum(expected) - 1) > 1e-9:
        raise ValueError(f"expected a share for each of {len(observed)} counts, together 1; got {list(expected)}")
    total = sum(observed)
    wanted = [share * total for share in expected]
    if len(observed) < 2 or min(wanted) < _LEAST_EXPECTED:
        return None
    statistic = sum((count - mean) ** 2 / mean for count, mean in zip(observed, wanted, strict=True))
    return chi_square_tail(statistic, len(observed) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The probability of a chi-square value of at least this, for a whole number of degrees of freedom.

    A finite sum: Abramowitz and Stegun 1964, 26.4.4 and 26.4.5. Raises ValueError for values that cannot be.
    """
    if freedom < 1 or statistic < 0:
        raise ValueError(f"no chi-square value: {statistic} with {freedom} degrees of freedom")
    if not statistic:
        return 1.0
    half, odd = statistic / 2, freedom % 2
    powers = [place + odd / 2 for place in range(freedom // 2)]
    terms = sum(exp(power * log(half) - half - lgamma(power + 1)) for power in powers)
    return min(1.0, terms + (erfc(sqrt(half)) if odd else 0.0))
