"""Whether two models differ on the images that both answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, log2, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

POWER = 0.8
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


def rank_bounds(rows: int, better: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each row the best and the worst rank that tests of all pairs leave open.

    `better` holds the pairs told apart, the better row first. A row may be as good as 1 + the number of those better
    than it, and as bad as `rows` - the number of those worse. Where the tests err in no pair with some probability, all
    true ranks lie within their bounds together with at least that probability (Mogstad, Romano, Shaikh and Wilhelm
    2024, Rev. Econ. Stud. 91, 476-518).
    """
    pairs = set(better)
    beaten = [sum(worse == row for _, worse in pairs) for row in range(rows)]
    beats = [sum(best == row for best, _ in pairs) for row in range(rows)]
    return [(1 + above, rows - below) for above, below in zip(beaten, beats, strict=True)]


def images_to_tell_apart(
    only_first_right: int, only_second_right: int, n: int, level: float = 0.05, power: float = POWER
) -> int | None:
    """With how many images McNemar's exact test would tell two models apart, where they differ as on these `n`.

    The sample size of Connor (1987, Biometrics 43, 207-211) from the shares on which only one is right, plus 1 / their
    difference, which brings the exact test to the power asked for (0.79 to 0.82 for 0.8 in exact reckoning; more where
    only one of the two is ever right alone); at least so many that the test can tell anything at this level. None where
    they are right equally often. Raises ValueError: counts that
    cannot be, a level or power that is not between 0 and 1.
    """
    if min(only_first_right, only_second_right) < 0 or only_first_right + only_second_right > n:
        raise ValueError(f"{only_first_right} and {only_second_right} of {n} images cannot be")
    if not (0 < level < 1 and 0 < power < 1):
        raise ValueError(f"expected a level and a power between 0 and 1, got {level} and {power}")
    if only_first_right == only_second_right:
        return None
    disagree = (only_first_right + only_second_right) / n
    difference = abs(only_first_right - only_second_right) / n
    z_level, z_power = NormalDist().inv_cdf(1 - level / 2), NormalDist().inv_cdf(power)
    root = z_level * sqrt(disagree) + z_power * sqrt(max(0.0, disagree - difference**2))
    fewest = ceil(log2(2 / level)) / disagree  # 2 / 2**k is the smallest p-value that k disagreements can have
    return ceil(max((root / difference) ** 2 + 1 / difference, fewest))


def agreement(first: NDArray[np.integer], second: NDArray[np.integer]) -> float:
    """The share of images of which both say the same. Raises ValueError where there is no image."""
    if not len(first):
        raise ValueError("there is no image to agree about")
    return float((first == second).mean())


def cohens_kappa(first: NDArray[np.integer], second: NDArray[np.integer]) -> float | None:
    """The agreement beyond that of chance (Cohen 1960, Educ. Psychol. Meas. 20, 37-46); at most 1.

    Chance is how often two would agree who say what these say, each as often, but independently. None where both say
    the one same thing of all images. Raises ValueError where there is no image.
    """
    observed, kinds = agreement(first, second), int(max(first.max(), second.max())) + 1
    shares = [np.bincount(each, minlength=kinds) / len(each) for each in (first, second)]
    by_chance = float(shares[0] @ shares[1])
    return None if by_chance >= 1 else (observed - by_chance) / (1 - by_chance)
