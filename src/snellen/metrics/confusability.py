"""Which classes are confused with each other most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def hardest_first(
    counts: NDArray[np.int64], order: Sequence[int], always: Sequence[int] = ()
) -> tuple[list[int], bool]:
    """An order of classes that begins with the pair confused most and goes on, class by class, greedily.

    `counts[true, predicted]`, shape (n, n), holds how often each class was predicted for each. Two classes are confused
    at the rate s(a, b) = counts[a, b] / sum(counts[a]) + counts[b, a] / sum(counts[b]); the next class is the one with
    the largest sum of rates with those chosen and those that are `always` in. `order` holds the classes to be put in
    order, of equals the first goes first. Also tells whether any two of them were confused: if not, `order` stays.
    Raises ValueError for counts of another shape or below 0.
    """
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise ValueError(f"expected counts of shape (n, n), not negative; got shape {counts.shape}")
    totals = counts.sum(axis=1, keepdims=True).astype(np.float64)
    rates = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    rates = rates + rates.T
    np.fill_diagonal(rates, 0.0)
    among = rates[np.ix_(order, order)]
    if not among.any():
        return list(order), False
    first, second = divmod(int(np.argmax(among)), len(order))  # the first of equals, and first < second
    chosen = [order[first], order[second]]
    left = [place for place in order if place not in chosen]
    drawn = rates[:, [*always, *chosen]].sum(axis=1)
    while left:
        hardest = left[int(np.argmax(drawn[left]))]
        left.remove(hardest)
        chosen.append(hardest)
        drawn += rates[:, hardest]
    return chosen, True
