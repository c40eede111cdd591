"""Whether two models differ on the images that both answered."""

from __future__ import annotations

from collections.abc import Sequence

_EXACT = 2000  # beyond that, whole numbers take too long


def mcnemar(only_first_right: int, only_second_right: int) -> float:
    """The exact two-sided p-value of McNemar's test (McNemar 1947, Psychometrika 12, 153-157); 1 without disagreement.

    Binomial test of the disagreements with p = 1/2. Raises ValueError for negative counts.
    """
    if only_first_right < 0 or only_second_right < 0:
        raise ValueError(f"counts cannot be negative: {only_first_right}, {only_second_right}")
    n, least = only_first_right + only_second_right, min(only_first_right, only_second_right)
    if only_first_right == only_second_right:
        return 1.0
    return min(1.0, 2 * (_exact_tail(n, least) if n <= _EXACT else _summed_tail(n, least)))


def _exact_tail(n: int, most: int) -> float:
    """The probability of at most `most` heads in `n` throws, from whole numbers."""
    ways = total = 1
    for k in range(most):
        ways = ways * (n - k) // (k + 1)
        total += ways
    return total / (1 << n)


def _summed_tail(n: int, most: int) -> float:
    """The same for many throws, `most` < n / 2: probabilities in units of the highest one, until they are negligible.

    Each is the one before times k / (n - k + 1), and they fall off within some sqrt(n) steps.
    """
    k, weight = n // 2, 1.0
    half = tail = 0.0
    while weight > 0 and (k > most or weight > tail * 1e-17):
        if k <= most:
            tail += weight
        half += weight
        weight *= k / (n - k + 1)
        k -= 1
    whole = 2 * half - (1 if n % 2 == 0 else 0)  # the halves mirror each other; an even n has one in the middle
    return tail / whole


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of tests made together, each corrected for the others (Holm 1979, Scand. J. Statist. 6, 65-70)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected
