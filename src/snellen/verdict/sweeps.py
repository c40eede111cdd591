"""The sweep of a run folder: what it is about, and accuracy against the number of classes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snellen.class_sets import ClassSet, Order
from snellen.metrics.confusability import hardest_first
from snellen.metrics.draws import mean_share
from snellen.metrics.intervals import wilson
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.selection import rank
from snellen.sheets import Sheet
from snellen.types import Classes

FACT = "sweep"
_Answers: TypeAlias = tuple[NDArray[np.int64], NDArray[np.bool_]]  # which images, and whether they are right


@dataclass(frozen=True, slots=True)
class HardOrder:
    """The foreground classes of `base`, the hardest first; `confused` tells whether any two were taken for each other.

    If not, the order is a random one.
    """

    base: Classes
    order: tuple[str, ...]
    confused: bool


@dataclass(frozen=True, slots=True)
class Description:
    """What a sweep is about: a digest of what it is `of`, its seed, its sets, and the order of the hard ones."""

    of: str
    seed: int
    sets: tuple[ClassSet, ...]
    hard: HardOrder | None = None

    def as_text(self) -> str:
        """As it is kept in the run folder."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)


def _classes(written: Mapping[str, Any]) -> Classes:
    return Classes(tuple(written["names"]), written["background"])


def read_description(text: str | None) -> Description | None:
    """What the run folder keeps of its sweep; None where it has none."""
    if text is None:
        return None
    kept = json.loads(text)
    sets = (ClassSet(each["order"], each["draw"], _classes(each["classes"])) for each in kept["sets"])
    hard = kept["hard"]
    order = hard and HardOrder(_classes(hard["base"]), tuple(hard["order"]), hard["confused"])
    return Description(kept["of"], kept["seed"], tuple(sets), order)


@dataclass(frozen=True, slots=True)
class Band:
    """A mean accuracy over draws with its 95 % interval; images are the unit, whatever the number of draws."""

    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """A curve at one number of classes: what the answers of its draws say.

    `by_draw` are the accuracies, None where nothing is answered; `band` is over the draws that have one. `same` is on
    the images of the smallest set of each draw alone. `open` are the examples that have no answer.
    """

    count: int
    by_draw: tuple[float | None, ...]
    band: Band | None
    same: Band | None
    macro_f1: float | None
    rows: tuple[int, ...]
    open: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy against the number of classes, of a model asked by a strategy."""

    model: str
    strategy: str
    order: Order
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class SweepResults:
    """The sweep of a run folder: its sets, its curves, and the numbers of its rows by set."""

    description: Description
    curves: tuple[Curve, ...]
    rows: Mapping[ClassSet, tuple[int, ...]]

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of all rows of the sweep."""
        return frozenset(number for numbers in self.rows.values() for number in numbers)

    @property
    def largest(self) -> tuple[int, ...]:
        """The numbers of the rows about the largest set."""
        return self.rows[max(self.rows, key=lambda each: each.count)]


def sweep_of(results: Results) -> SweepResults | None:
    """The sweep of a run folder; None where it has none, or where none of its sets has a row."""
    description = read_description(results.fact(FACT))
    if description is None:
        return None
    rows = {each: _rows(results, each, description.seed) for each in description.sets}
    asked = [row for found in rows.values() for row in found.values()]
    titles = {(row.model, row.strategy): None for row in sorted(asked, key=lambda row: row.number)}
    sheets = {row.number: results.sheet(row) for row in asked}
    curves = (
        Curve(*title, order, tuple(_points(title, order, rows, sheets)))
        for order in dict.fromkeys(each.order for each in description.sets)
        for title in titles
    )
    numbers = {each: tuple(sorted(row.number for row in found.values())) for each, found in rows.items()}
    return SweepResults(description, tuple(curves), numbers) if asked else None


def _rows(results: Results, asked: ClassSet, seed: int) -> dict[tuple[str, str], ResultRow]:
    """The rows about a class set, by model and strategy."""
    return {
        (row.model, row.strategy): row
        for row in results.rows
        if row.seed == seed and not row.superseded and _classes(results.spec(row)["classes"]) == asked.classes
    }


def _answers(sheet: Sheet, examples: NDArray[np.int64]) -> _Answers:
    """The answered ones of these examples."""
    kept = sheet.answered & np.isin(sheet.examples, examples)
    return sheet.examples[kept], sheet.right[kept]


def _points(
    title: tuple[str, str],
    order: Order,
    rows: Mapping[ClassSet, Mapping[tuple[str, str], ResultRow]],
    sheets: Mapping[int, Sheet],
) -> Iterator[Point]:
    """The points of a curve, the smallest number of classes first."""
    sets = [each for each in rows if each.order == order]
    smallest: dict[int, NDArray[np.int64]] = {}  # the images of the smallest set of each draw
    for each in sorted(sets, key=lambda each: each.count, reverse=True):
        if row := rows[each].get(title):
            smallest[each.draw] = sheets[row.number].examples
    for count in sorted({each.count for each in sets}):
        draws = sorted((each for each in sets if each.count == count), key=lambda each: each.draw)
        found = {each.draw: rows[each][title] for each in draws if title in rows[each]}
        all_of = {draw: sheets[row.number] for draw, row in found.items()}
        scores = [row.macro_f1 for row in found.values() if row.macro_f1 is not None]
        yield Point(
            count,
            tuple(found[each.draw].accuracy if each.draw in found else None for each in draws),
            _band([_answers(sheet, sheet.examples) for sheet in all_of.values()]),
            _band([_answers(sheet, smallest[draw]) for draw, sheet in all_of.items()]),
            float(np.mean(scores)) if scores else None,
            tuple(row.number for row in found.values()),
            sum(row.failed + row.pending for row in {row.number: row for row in found.values()}.values()),
        )


def _band(draws: Sequence[_Answers]) -> Band | None:
    answered = [draw for draw in draws if len(draw[0])]
    if not answered:
        return None
    mean = mean_share(answered)
    return Band(mean.share, *wilson(mean.share * mean.images, mean.images))


def hard_order(results: Results, base: Classes, seed: int) -> HardOrder | None:
    """The order by the confusions of all complete rows about the classes `base`; None where there is none yet."""
    found = _rows(results, ClassSet("random", 1, base), seed).values()
    complete = [row for row in found if not row.pending and not row.blind and row.answered + row.unparsed]
    if not complete:
        return None
    names = base.names
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for row in complete:
        sheet = results.sheet(row)
        read = (sheet.predictions >= 0) & (sheet.predictions < len(names))
        np.add.at(counts, (sheet.labels[read], sheet.predictions[read]), 1)
    foreground = [place for place, name in enumerate(names) if name != base.background]
    background = [place for place in range(len(names)) if place not in foreground]
    drawn = sorted(foreground, key=lambda place: rank(seed, names[place]))
    order, confused = hardest_first(counts, drawn, background)
    return HardOrder(base, tuple(names[place] for place in order), confused)
