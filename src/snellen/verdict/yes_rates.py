"""How readily a model says yes where it is asked class by class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.images import Image
from snellen.metrics.intervals import wilson
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import Sheet
from snellen.stored_rows import row_of
from snellen.types import Outcome
from snellen.verdict.proportions import Proportion, proportion


@dataclass(frozen=True, slots=True)
class ClassRates:
    """Of one class: how often its own images got a yes, and how often the images of other classes did."""

    name: str
    true: Proportion
    false: Proportion


@dataclass(frozen=True, slots=True)
class YesRates:
    """The answers of all images to whether a class is there; one that is neither yes nor no (`unreadable`) is no yes.

    `first_yes`: an image is asked about classes up to its first yes, so that of the later ones nothing is known and a
    class is asked about more often where the ones before it got no yes. `rate`, `true` and `false_rate` are the shares
    of yes among all questions, those about the image's own class, and those about other classes. Only of one question
    an image are there intervals: it is images that are drawn by chance. None is what nothing was asked about.
    """

    questions: int
    yeses: int
    unreadable: int
    first_yes: bool
    rate: float | None
    true: Proportion
    false_rate: float | None
    per_class: tuple[ClassRates, ...]

    @property
    def eager(self) -> tuple[ClassRates, ...]:
        """The classes that other images get a yes to more often than to all, the most often first.

        It is more than chance explains: the lower bounds of intervals that hold for all classes together (Bonferroni).
        """
        asked = [each for each in self.per_class if each.false.of]
        apart = [each for each in asked if self._low(each.false, len(asked)) > (self.false_rate or 0.0)]
        return tuple(sorted(apart, key=lambda each: each.false.share or 0.0, reverse=True))

    @staticmethod
    def _low(rate: Proportion, classes: int) -> float:
        return wilson(rate.count, rate.of, 1 - 0.05 / classes)[0]


def yes_rates(results: Results, row: ResultRow, sheet: Sheet) -> YesRates | None:
    """The rates of a row; None where nothing was answered, or its strategy does not ask class by class."""
    found = _counts(results, row, sheet)
    if found is None:
        return None
    counts, unreadable, first_yes = found
    (own, own_yes), (others, others_yes) = counts.sum(axis=2).tolist()
    per_class = tuple(
        ClassRates(name, *(proportion(yes, asked) for asked, yes in counts[:, :, place].tolist()))
        for place, name in enumerate(sheet.classes)
        if name != sheet.background
    )
    asked, yeses = own + others, own_yes + others_yes
    return YesRates(
        questions=asked,
        yeses=yeses,
        unreadable=unreadable,
        first_yes=first_yes,
        rate=yeses / asked if asked else None,
        true=proportion(own_yes, own),
        false_rate=others_yes / others if others else None,
        per_class=per_class,
    )


def _counts(results: Results, row: ResultRow, sheet: Sheet) -> tuple[NDArray[np.int64], int, bool] | None:
    """Questions and yeses, [about own images or others', asked or yes, class]; the unreadable; whether one yes ends."""
    places = {name: place for place, name in enumerate(sheet.classes)}
    counts = np.zeros((2, 2, len(places)), dtype=np.int64)
    unreadable, first_yes, any_ = 0, False, False
    for label, asked, yeses, details in _asked(results, row, sheet):
        any_, first_yes = True, first_yes or not {"yes", "yeses"} & details.keys()
        unreadable += details.get("unreadable", 0)
        for kind, names in enumerate((asked, yeses)):
            mine = np.fromiter((places[name] for name in names), dtype=np.int64)
            counts[0, kind, mine[mine == label]] += 1
            counts[1, kind, mine[mine != label]] += 1
    return (counts, unreadable, first_yes) if any_ else None


def _asked(
    results: Results, row: ResultRow, sheet: Sheet
) -> Iterator[tuple[int, tuple[str, ...], tuple[str, ...], Mapping[str, Any]]]:
    """True class, classes asked about, those that got a yes, and the details, of each answered image."""
    asking = row_of(results.spec(row))
    everything = asking.classes.foreground
    for place, outcome, details in results.conclusions(row, sheet):
        if "asked" not in details:
            continue
        label = int(sheet.labels[place])
        yeses = details.get("yes", details.get("yeses"))
        if yeses is not None:
            yield label, everything, tuple(yeses), details
            continue
        for order in asking.orders(Image(Path(), digest=sheet.digests[place].hex())):
            asked = order[: details["asked"]]
            yield label, asked, asked[-1:] if outcome == Outcome.CONFIRMED else (), details
