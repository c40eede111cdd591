"""Which of several candidates are worth having where more than one thing counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def domination(
    better: NDArray[np.bool_], costs: NDArray[np.float64], tolerance: float = 0.0, equals: bool = False
) -> NDArray[np.bool_]:
    """Which candidate dominates which: `[a, b]` is True where nothing speaks for b beside a, and something for a.

    `better[a, b]`, shape (n, n): a is surely the better one; where it is so neither way, both count as equally good.
    `costs`, shape (n, m): what the less of is the better, such as seconds for an image; nan is what is not known. Costs
    that differ by no more than the share `tolerance` of the larger count as equal.

    a dominates b where b is not surely better, a costs no more in anything, and a is surely better or costs less in
    something; with `equals`, two that are equal in all of it dominate each other. What is known of one of both alone
    may be less or more: then neither dominates. Raises ValueError where the shapes do not fit.
    """
    count = len(costs)
    if better.shape != (count, count) or costs.ndim != 2:
        raise ValueError(f"expected arrays of (n, n) and (n, m), got {better.shape} and {costs.shape}")
    one, other = costs[:, None, :], costs[None, :, :]
    unknown = np.isnan(one) | np.isnan(other)
    margin = tolerance * np.maximum(np.abs(one), np.abs(other))
    with np.errstate(invalid="ignore"):
        no_more = unknown | (one <= other + margin)
        less = ~unknown & (one < other - margin)
    comparable = np.isnan(one) == np.isnan(other)
    found: NDArray[np.bool_] = ~better.T & (no_more & comparable).all(axis=2) & (better | less.any(axis=2) | equals)
    np.fill_diagonal(found, False)
    return found


def front(dominates: NDArray[np.bool_], merit: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each candidate the one in whose favour it is left out, -1 for those that stay.

    `dominates`, shape (n, n), need not be transitive: "not told apart" is not. So a candidate is left out in favour of
    one that itself stays, never for one that is left out as well: what stays is the kernel of the graph, the one set
    without a domination inside it that dominates all others (von Neumann and Morgenstern 1944, section 4.5). A cycle is
    opened at the candidate with the highest `merit`. Of several in whose favour one is left out it is the one with the
    highest merit. Raises ValueError where the shapes do not fit.
    """
    count = len(merit)
    if dominates.shape != (count, count):
        raise ValueError(f"expected an array of ({count}, {count}), got {dominates.shape}")
    favoured = np.full(count, -1, dtype=np.intp)
    order = np.argsort(-merit, kind="stable")
    left = np.ones(count, dtype=np.bool_)
    stays = np.zeros(count, dtype=np.bool_)
    while left.any():
        free = [each for each in order if left[each] and not (dominates[:, each] & left).any()]
        candidate = free[0] if free else next(each for each in order if left[each])
        left[candidate] = False
        over = [each for each in order if stays[each] and dominates[each, candidate]]
        if over:
            favoured[candidate] = over[0]
        else:
            stays[candidate] = True
    return favoured
