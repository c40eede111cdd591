"""Which two rows are worth more together: a cheap one that hands over to a dear one what it is not sure of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from snellen.metrics.cascade import (
    Flags,
    Numbers,
    Rule,
    as_right,
    by_share,
    cross_validated,
    curve,
    folds,
    most_right,
    round_threshold,
)
from snellen.metrics.comparison import holm, mcnemar
from snellen.metrics.intervals import wilson
from snellen.metrics.pareto import domination, front
from snellen.results import Results
from snellen.verdict.candidates import LEVEL, TOLERANCE, Candidate, Measures, Rights
from snellen.verdict.limits import Limits
from snellen.verdict.pairs import Pair, pairs_of

FOLDS = 5
LEAST_IMAGES = 20
_MOST = 5
_SHARES = tuple(share / 20 for share in range(1, 20))


@dataclass(frozen=True, slots=True)
class Point:
    """A cascade at one threshold, with 95 % intervals.

    The share of the images handed over is counted at the threshold, on all images; the accuracy is cross-validated, as
    the threshold was chosen for it. That thresholds vary is not in their width: in simulations they hold with 94 %.
    """

    handed_over: float
    handed_over_low: float
    handed_over_high: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    measures: Measures


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """Two rows in a row. `right` is as that of a candidate, by cross-validation.

    `threshold` is the one to run it with, chosen on all images; `images` are those that both rows have answered. Alone
    on these, the rows have the accuracies `first_alone` and `second_alone`. `doubt` tells of a limit of
    memory of which it is not known whether it is kept: both models share a process, and take less than both rows.
    """

    first: Candidate
    second: Candidate
    threshold: float
    images: int
    estimate: Point
    right: Rights
    first_alone: float
    second_alone: float
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """The cascades worth having, the most accurate first, how many more there are, and why there are none."""

    cascades: tuple[Cascade, ...]
    more: int = 0
    none_because: str | None = None


def plan_cascades(
    results: Results, candidates: Sequence[Candidate], best: Sequence[Candidate], limits: Limits, seed: int = 0
) -> Planned:
    """The cascades of two of the candidates that keep the limits and that none of the `best` rows makes needless.

    A row makes one needless that is not surely less accurate (McNemar's test, corrected by Holm for all that are made)
    and takes no more of anything. Each cascade's threshold is chosen in two ways: for the highest accuracy, and for the
    fewest images handed over at the accuracy of the second row.
    """
    pairs, none_because = pairs_of(results, candidates)
    if none_because:
        return Planned((), none_because=none_because)
    made = [cascade for pair in pairs for cascade in _of_pair(pair, limits, seed)]
    if not made:
        many = max(int(pair.both.sum()) for pair in pairs) >= LEAST_IMAGES
        few = f"it takes at least {LEAST_IMAGES} images that both rows have answered"
        return Planned((), none_because="none of two rows keeps the limits" if many else few)
    kept = _worth_having(made, best)
    if not kept:
        why = "none of two rows is surely more accurate than a row that takes no more time, memory and money"
        return Planned((), none_because=why)
    kept.sort(key=lambda cascade: (-cascade.estimate.accuracy, cascade.estimate.handed_over))
    return Planned(tuple(kept[:_MOST]), more=max(0, len(kept) - _MOST))


# What becomes of a pair


def _of_pair(pair: Pair, limits: Limits, seed: int) -> Iterator[Cascade]:
    """The cascades of two rows within the limits, one for each way to choose the threshold."""
    first, second, both = pair.first, pair.second, pair.both
    most = limits.most_handed_over(first.measures, second.measures)
    if most < 1:  # room for what chance does to the share on other images: one standard error
        most -= float(np.sqrt(max(0.0, most * (1 - most)) / max(1, both.sum())))
    if both.sum() < LEAST_IMAGES or most <= 0:
        return
    confidence = pair.confidence[both]
    right = first.right[both] == 1, second.right[both] == 1
    known: set[float] = set()
    for at, found in _at(confidence, *right, [most_right(most), as_right(most)], seed):
        point = _point(at.share, found, first.measures, second.measures)
        least = replace(point.measures, rss_gb=_least_memory(first.measures, second.measures))
        if at.threshold in known or limits.shortfalls(point.accuracy, least):
            continue
        known.add(at.threshold)
        rights = np.full(len(both), -1, dtype=np.int8)
        rights[both] = found
        threshold = round_threshold(confidence, at.threshold)
        alone = float(right[0].mean()), float(right[1].mean())
        doubt = _doubt(point.measures.rss_gb, limits.max_rss_gb)
        yield Cascade(first, second, threshold, int(both.sum()), point, rights, *alone, doubt)


def _least_memory(first: Measures, second: Measures) -> float | None:
    """What both models in one process take at least: that of the larger."""
    return None if first.rss_gb is None or second.rss_gb is None else max(first.rss_gb, second.rss_gb)


def _doubt(most: float | None, limit: float | None) -> str | None:
    if most is None or limit is None or most <= limit:
        return None
    return f"it may take up to {most:.3g} GB of memory, the limit is {limit:g}: run it to know"


@dataclass(frozen=True, slots=True)
class _At:
    """A place on the curve of all images."""

    threshold: float
    share: float


def _at(
    confidence: Numbers, first: Flags, second: Flags, rules: Sequence[Rule], seed: int
) -> Iterator[tuple[_At, Flags]]:
    """Where each rule ends on the curve of all images, with the images that are right by cross-validation."""
    fold = folds(len(confidence), FOLDS, np.random.default_rng(seed))
    whole = curve(confidence, first, second)
    for rule, right in zip(rules, cross_validated(confidence, first, second, fold, rules), strict=True):
        place = rule(whole)
        if place is not None and right is not None:
            yield _At(float(whole.thresholds[place]), float(whole.shares[place])), right


def _point(share: float, right: Flags, first: Measures, second: Measures) -> Point:
    """The figures of a cascade that hands over this share of the images."""
    n, correct = len(right), int(right.sum())
    return Point(share, *wilson(round(share * n), n), correct / n, *wilson(correct, n), together(first, second, share))


def together(first: Measures, second: Measures, share: float) -> Measures:
    """What a cascade takes that hands over this share: all images see the first model, and both are in memory."""

    def summed(one: float | None, other: float | None, times: float = 1.0) -> float | None:
        return None if one is None or other is None else one + times * other

    each_seconds = [1 / each.images_per_second if each.images_per_second else None for each in (first, second)]
    seconds = summed(each_seconds[0], each_seconds[1], share)
    return Measures(
        1 / seconds if seconds else None,
        summed(first.latency, second.latency, share),
        summed(first.gpu_gb, second.gpu_gb),
        summed(first.rss_gb, second.rss_gb),
        summed(first.cost_per_1000_usd, second.cost_per_1000_usd, share),
    )


def points(results: Results, cascade: Cascade, seed: int = 0) -> list[Point]:
    """The cascade along the curve: with a twentieth of the images handed over, two, and so on."""
    first, second = cascade.first, cascade.second
    pair = Pair(first, second, results.confidences(first.row))
    right = first.right[pair.both] == 1, second.right[pair.both] == 1
    found = _at(pair.confidence[pair.both], *right, [by_share(share) for share in _SHARES], seed)
    return [_point(at.share, estimate, first.measures, second.measures) for at, estimate in found]


# Which are worth having


def _worth_having(cascades: Sequence[Cascade], best: Sequence[Candidate]) -> list[Cascade]:
    """Those that neither a row nor another cascade makes needless."""
    left = [cascade for cascade, by in zip(cascades, _favoured(best, cascades), strict=True) if by < 0]
    return [cascade for cascade, by in zip(left, _favoured((), left), strict=True) if by < 0]


def _favoured(rows: Sequence[Candidate], cascades: Sequence[Cascade]) -> list[int]:
    """For each cascade what makes it needless, or -1: the place of a row; of a cascade where no rows are given."""
    if not cascades:
        return []
    rights = [*(row.right for row in rows), *(cascade.right for cascade in cascades)]
    measures = [*(row.measures for row in rows), *(cascade.estimate.measures for cascade in cascades)]
    merits = [*(row.merit for row in rows), *(cascade.estimate.accuracy_low for cascade in cascades)]
    count, fixed = len(rights), len(rows)
    pairs = [(a, b) for a, b in combinations(range(count), 2) if b >= fixed and (a < fixed or not rows)]
    tests = [_test(rights[a], rights[b]) for a, b in pairs]
    better = np.zeros((count, count), dtype=np.bool_)
    for (a, b), (difference, _), p in zip(pairs, tests, holm([p for _, p in tests]), strict=True):
        if p < LEVEL:
            better[(a, b) if difference > 0 else (b, a)] = True
    dominates = domination(better, np.asarray([each.costs for each in measures]), TOLERANCE, equals=True)
    if rows:  # they stay, whatever the cascades do
        dominates[:, :fixed] = dominates[fixed:] = False
    return [int(place) for place in front(dominates, np.asarray(merits))[fixed:]]


def _test(one: Rights, other: Rights) -> tuple[int, float]:
    """By how many images the first is right more often on those that both answered, and McNemar's p-value."""
    first, second = int(((one == 1) & (other == 0)).sum()), int(((one == 0) & (other == 1)).sum())
    return first - second, mcnemar(first, second)


def compared(one: Rights, other: Rights) -> str:
    """How the accuracies of two go together, in a word."""
    difference, p = _test(one, other)
    return "as" if p >= LEVEL else "more" if difference > 0 else "less"
