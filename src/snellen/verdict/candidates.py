"""The rows among which one is recommended, with what each takes, and which of them is surely the more accurate."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.comparison import holm
from snellen.remote.prices import load_prices
from snellen.result_row import ResultRow
from snellen.results import Results

LEVEL = 0.05
TOLERANCE = 0.1  # of time and memory: from run to run they differ by as much
Rights = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Measures:
    """What it takes to classify images; None is what is not known.

    `latency` is the median of the seconds for one image, of a cascade its mean. What runs elsewhere needs no GPU
    memory here, and what runs here is paid to nobody.
    """

    images_per_second: float | None = None
    latency: float | None = None
    gpu_gb: float | None = None
    rss_gb: float | None = None
    cost_per_1000_usd: float | None = None

    @property
    def costs(self) -> tuple[float, ...]:
        """What counts beside accuracy, the less the better, nan where it is not known: time, memory and money."""
        seconds = 1 / self.images_per_second if self.images_per_second else None
        values = (seconds, self.gpu_gb, self.rss_gb, self.cost_per_1000_usd)
        return tuple(np.nan if value is None else value for value in values)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A row that is ever right. `right` holds for each of its examples 1 (right), 0 (wrong) or -1 (no answer)."""

    row: ResultRow
    measures: Measures
    right: Rights

    @property
    def name(self) -> str:
        """How it is called in a sentence."""
        return f"{self.row.model} by {self.row.strategy}"

    @property
    def accuracy(self) -> float:
        return self.row.accuracy or 0.0

    @property
    def merit(self) -> float:
        """By what one is preferred where nothing is sure: the lower end of the interval, as few images prove little."""
        return self.row.accuracy_low or 0.0


def comparable(results: Results) -> tuple[list[ResultRow], int]:
    """The largest set of the rows and how many there are, without those that are no choice.

    These are rows that another one has superseded, and those without the images (blind controls).
    """
    sets = image_sets(results, [row for row in results.rows if not row.superseded and not row.blind])
    return sets[0] if sets else [], len(sets)


def image_sets(results: Results, rows: Iterable[ResultRow]) -> list[list[ResultRow]]:
    """The rows in sets that are about the same images and classes, the order of each kept.

    The set with the most images comes first, of several the one with the most classes and rows.
    """
    sets: dict[tuple[int, str], list[ResultRow]] = {}
    for row in rows:
        sets.setdefault((row.selection, json.dumps(results.spec(row)["classes"])), []).append(row)
    return sorted(sets.values(), key=lambda each: (-each[0].images, -each[0].classes, -len(each)))


def candidates_of(results: Results, rows: Sequence[ResultRow]) -> list[Candidate]:
    """The rows that are ever right."""
    found = []
    for row in rows:
        if row.accuracy:
            sheet = results.sheet(row)
            right = np.where(sheet.answered, sheet.right, -1).astype(np.int8)
            found.append(Candidate(row, _measures(row, results.facts(row)), right))
    return found


def _measures(row: ResultRow, facts: Mapping[str, Any]) -> Measures:
    """What a row takes.

    A paid provider's model without a price costs what is not known, and so do predictions that were only read.
    """
    prices = load_prices()
    elsewhere = bool(facts.get("sends_to")) or any(map(prices.is_paid, facts["providers"]))
    gpu = row.peak_gpu_gb
    if gpu is None and (elsewhere or str(facts.get("device", "")).startswith("cpu")):
        gpu = 0.0
    cost = row.cost_per_1000_usd
    if cost is None and not elsewhere and facts.get("timed", True):
        cost = 0.0
    return Measures(row.images_per_second, row.latency_p50, gpu, row.peak_rss_gb, cost)


def surely_better(results: Results, candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
    """Which is surely more accurate than which, as (n, n): McNemar's test at 5 %, by Holm corrected over all pairs.

    The row that a run stopped for as the best, without a margin, is better than all others of that decision.
    """
    places = {candidate.row.number: place for place, candidate in enumerate(candidates)}
    pairs = [
        (places[each["a"]["row"]], places[each["b"]["row"]], each["difference"], each["mcnemar_p"])
        for each in results.paired_tests
        if each["mcnemar_p"] is not None and {each["a"]["row"], each["b"]["row"]} <= places.keys()
    ]
    better = np.zeros((len(candidates), len(candidates)), dtype=np.bool_)
    for (a, b, difference, _), p in zip(pairs, holm([p for *_, p in pairs]), strict=True):
        if p < LEVEL:
            better[(a, b) if difference > 0 else (b, a)] = True
    for decision in results.decisions:
        if decision.best in places and not decision.margin:
            best = places[decision.best]
            others = [places[row] for row in decision.stopped if row in places and row != decision.best]
            better[best, others], better[others, best] = True, False
    return better
