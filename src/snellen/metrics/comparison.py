"""Whether two models differ on the images that both answered."""

from __future__ import annotations


def mcnemar(only_first_right: int, only_second_right: int) -> float:
    """The exact two-sided p-value of McNemar's test (McNemar 1947, Psychometrika 12, 153-157); 1 without disagreement.

    Binomial test of the disagreements with p = 1/2. Raises ValueError for negative counts.
    """
    if only_first_right < 0 or only_second_right < 0:
        raise ValueError(f"counts cannot be negative: {only_first_right}, {only_second_right}")
    n = only_first_right + only_second_right
    if n == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_first_right, n, 0.5).pvalue)
