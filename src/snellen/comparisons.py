"""How rows differ on the images that both answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.bootstrap import macro_f1_differences, paired_macro_f1
from snellen.metrics.comparison import (
    agreement,
    cohens_kappa,
    holm,
    images_to_tell_apart,
    mcnemar,
    rank_bounds,
)
from snellen.metrics.intervals import paired_difference, wilson
from snellen.metrics.sequential import accuracy_bounds, difference_bounds, p_value

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rows on the images that both answered; what cannot be said without an image is None.

    `difference` is that of their accuracies, with its interval; `mcnemar_p` McNemar's exact test of it, and
    `mcnemar_p_holm` the same corrected by Holm's method for all pairs compared with it. Intervals have 95 % and are
    those of one pair alone. `agreement` is the share of images with the same prediction (an answer in which no class
    could be read is one of its own), `kappa` that beyond chance, `either_right` the share that one or the other got
    right: what choosing between them could reach at best. `images_needed` is how many images would tell them apart with
    a power of 80 %, corrected for all pairs, if they differ as here; None where they are right equally often.

    `anytime`: answers had a say in when to stop asking one of the two. Then the p-values are those of a sequential
    McNemar test (`metrics.sequential`), and they and the intervals hold whenever one stops; what no such figure is
    known of is None.
    """

    images: int
    only_a_right: int
    only_b_right: int
    anytime: bool = False
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    mcnemar_p: float | None = None
    mcnemar_p_holm: float | None = None
    macro_f1_difference: float | None = None
    macro_f1_difference_low: float | None = None
    macro_f1_difference_high: float | None = None
    agreement: float | None = None
    agreement_low: float | None = None
    agreement_high: float | None = None
    kappa: float | None = None
    either_right: float | None = None
    either_right_low: float | None = None
    either_right_high: float | None = None
    images_needed: int | None = None

    @property
    def better(self) -> int | None:
        """Which of the two is told to be the better one: 0, 1, or None where they are not told apart."""
        if self.mcnemar_p_holm is None or self.mcnemar_p_holm >= LEVEL:
            return None
        return 0 if self.only_a_right > self.only_b_right else 1


def compare(
    labels: NDArray[np.integer],
    predictions: Sequence[NDArray[np.integer]],
    classes: int,
    anytime: Sequence[int] = (),
    macro_f1: bool = True,
) -> dict[tuple[int, int], Comparison]:
    """Each two of the rows by their places, the first before the second.

    `labels` are places among so many classes; a row's predictions are too, `classes` for an answer in which none could
    be read, less than 0 for an image without an answer. `anytime` are the places of rows that stopped for what they
    answered. Without `macro_f1` its differences stay None: their bounds take longer than all else.
    """
    found = {
        (a, b): _compared(labels, predictions[a], predictions[b], a in anytime or b in anytime)
        for a, b in combinations(range(len(predictions)), 2)
    }
    tested = [pair for pair, each in found.items() if each.images]
    if not tested:
        return found
    p_values = [_test(found[pair]) for pair in tested]
    for pair, p, corrected in zip(tested, p_values, holm(p_values), strict=True):
        found[pair] = replace(found[pair], mcnemar_p=p, mcnemar_p_holm=corrected)
        if not found[pair].anytime:
            only, images = (found[pair].only_a_right, found[pair].only_b_right), found[pair].images
            found[pair] = replace(found[pair], images_needed=images_to_tell_apart(*only, images, LEVEL / len(tested)))
    differences = _macro_f1(labels, predictions, classes) if macro_f1 else {}
    for pair, (difference, *ends) in differences.items():
        low, high = (None, None) if found[pair].anytime else ends
        found[pair] = replace(
            found[pair],
            macro_f1_difference=difference,
            macro_f1_difference_low=low,
            macro_f1_difference_high=high,
        )
    return found


def _test(pair: Comparison) -> float:
    """The p-value of two rows being equally good, before any correction."""
    a, b = pair.only_a_right, pair.only_b_right
    return p_value(a, pair.images - a - b, b) if pair.anytime else mcnemar(a, b)


def ranks(rows: int, comparisons: Mapping[tuple[int, int], Comparison]) -> list[tuple[int, int]]:
    """The best and the worst rank of each row that its comparisons leave open, with 95 % for all rows together."""
    told = [(pair, comparison.better) for pair, comparison in comparisons.items()]
    return rank_bounds(rows, [(pair[better], pair[1 - better]) for pair, better in told if better is not None])


def as_data(comparison: Comparison, a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """A comparison in `results.json`, behind what its rows are."""
    return {"a": a, "b": b, **asdict(comparison)}


def _macro_f1(
    labels: NDArray[np.integer], predictions: Sequence[NDArray[np.integer]], classes: int
) -> dict[tuple[int, int], tuple[float, float, float]]:
    """The difference of macro-F1 with its bounds for each two rows that answered a common image.

    Rows that answered the same images are drawn together. The same answers always have the same bounds.
    """
    found: dict[tuple[int, int], tuple[float, float, float]] = {}
    together: dict[bytes, list[int]] = {}
    for place, said in enumerate(predictions):
        together.setdefault((said >= 0).tobytes(), []).append(place)
    for rows in together.values():
        answered = predictions[rows[0]] >= 0
        if len(rows) > 1 and answered.any():
            of_rows = [predictions[row][answered] for row in rows]
            differences = macro_f1_differences(labels[answered], of_rows, classes, np.random.default_rng(0))
            found |= {(rows[a], rows[b]): bounds for (a, b), bounds in differences.items()}
    for a, b in combinations(range(len(predictions)), 2):
        both = (predictions[a] >= 0) & (predictions[b] >= 0)
        if (a, b) not in found and both.any():
            first, second = predictions[a][both], predictions[b][both]
            found[a, b] = paired_macro_f1(labels[both], first, second, classes, np.random.default_rng(0))
    return found


def _compared(
    labels: NDArray[np.integer], first: NDArray[np.integer], second: NDArray[np.integer], anytime: bool
) -> Comparison:
    """What is counted of two rows; nothing is tested yet."""
    both = (first >= 0) & (second >= 0)
    labels, first, second = labels[both], first[both], second[both]
    images = len(labels)
    only_a, only_b = (int((right & ~other).sum()) for right, other in permutations((first == labels, second == labels)))
    if not images:
        return Comparison(0, 0, 0, anytime)
    either = int(((first == labels) | (second == labels)).sum())
    if anytime:
        low, high = difference_bounds(only_a, images - only_a - only_b, only_b)
    else:
        low, high = paired_difference(only_a, only_b, images)
    of_share = accuracy_bounds if anytime else wilson
    agreement_low, agreement_high = of_share(int((first == second).sum()), images)
    either_low, either_high = of_share(either, images)
    return Comparison(
        images=images,
        only_a_right=only_a,
        only_b_right=only_b,
        anytime=anytime,
        difference=(only_a - only_b) / images,
        difference_low=low,
        difference_high=high,
        agreement=agreement(first, second),
        agreement_low=agreement_low,
        agreement_high=agreement_high,
        kappa=cohens_kappa(first, second),
        either_right=either / images,
        either_right_low=either_low,
        either_right_high=either_high,
    )
