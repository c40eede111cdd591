"""What goes wrong in a row, and by which of the reasons that answers can tell."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snellen.errors import WrongUse
from snellen.metrics.diagnostics import confused_pairs
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import Sheet
from snellen.types import Outcome, State
from snellen.verdict.blind import asked_in_sight
from snellen.verdict.image_groups import ImageGroup, by_class_size, by_pixels
from snellen.verdict.names import meant
from snellen.verdict.places import Places, places_of
from snellen.verdict.proportions import Proportion, proportion
from snellen.verdict.reliability import Calibration, calibration_of
from snellen.verdict.yes_rates import YesRates, yes_rates

RIGHT, WRONG_CLASS = "right", "wrong-class"
UNREAD = (Outcome.OUT_OF_LIST, Outcome.AMBIGUOUS, Outcome.EMPTY, Outcome.REFUSED, Outcome.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Confused:
    """How many images of a class were taken for another, their share of its answered ones, and how many the reverse."""

    true: str
    predicted: str
    count: int
    share: float
    back: int


@dataclass(frozen=True, slots=True)
class ClassDiagnosis:
    """A class among the answered images; `predicted` is how many were taken for it. None without such images."""

    name: str
    recall: Proportion
    precision: float | None
    f1: float | None
    predicted: int


@dataclass(frozen=True, slots=True)
class Background:
    """How often images of the background class were found to be that, and how often others were taken for it."""

    name: str
    detected: Proportion
    false: Proportion


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What goes wrong in a row. None is what its strategy or its answers cannot tell.

    `outcomes` are the numbers of images that are right, that were taken for a wrong class, of which no class was named
    for which reason, that failed, and that are pending; they add up to all images. `chance` is what guessing would
    reach, `majority` what always naming the most frequent class would, on the answered images, and `blind` how often
    the same prompts with a grey picture led to the right class, where that was asked. The `interval` of the accuracy is
    that of `ResultRow`; where it is `anytime`, no other one holds to 95 %. `classes` begin with the worst
    recall. `no_calibration` says why there is none. `places`, `yes`, and of the calibration what the scores of all
    classes tell, rest on the answers of the images that were `read_again`.
    """

    row: int
    model: str
    strategy: str
    seed: int
    images: int
    outcomes: Mapping[str, int]
    accuracy: Proportion
    interval: str
    chance: float
    majority: float | None
    blind: Proportion | None
    confused: tuple[Confused, ...]
    classes: tuple[ClassDiagnosis, ...]
    background: Background | None
    places: Places | None
    yes: YesRates | None
    calibration: Calibration | None
    no_calibration: str | None
    by_pixels: tuple[ImageGroup, ...]
    by_class_size: tuple[ImageGroup, ...]
    read_again: int


def chosen_rows(results: Results, models: Sequence[str], strategies: Sequence[str]) -> tuple[ResultRow, ...]:
    """The rows of these models and strategies, all where none is named, without superseded ones.

    A strategy named without options stands for all its variants, unless a row has just that name. Blind rows are chosen
    by their whole names alone: what they show stands beside the others. Raises WrongUse for a name that no row has.
    """
    rows = [row for row in results.rows if not row.superseded]
    rows = [row for row in rows if row.strategy in strategies or not row.blind]
    wanted_models = meant(models, [row.model for row in rows], "-m")
    wanted_strategies = meant(strategies, [row.strategy for row in rows], "-s")
    found = tuple(row for row in rows if row.model in wanted_models and row.strategy in wanted_strategies)
    if rows and not found:
        raise WrongUse(f"no row is of {' or '.join(models)} asked by {' or '.join(strategies)}; leave one of them out")
    return found


def diagnose(
    results: Results,
    row: ResultRow,
    advance: Callable[[int], None] = lambda _: None,
    read_again: int | None = None,
    sheet: Sheet | None = None,
) -> Diagnosis:
    """The diagnosis of a row. `advance` is told of each image whose answers are read again.

    They are all, or so many of them, evenly spread. The row's `sheet` is read where it is not given.
    """
    sheet = sheet or results.sheet(row)
    read = sheet if read_again is None else sheet.thinned(read_again)
    counts, answered = confusion_counts(sheet), int(sheet.answered.sum())
    calibration = calibration_of(results, row, sheet, advance, read)
    return Diagnosis(
        row=row.number,
        model=row.model,
        strategy=row.strategy,
        seed=row.seed,
        images=row.images,
        outcomes=_outcomes(results, row, sheet),
        accuracy=_accuracy(row, sheet),
        interval=row.interval,
        chance=1 / row.classes,
        majority=float(np.bincount(sheet.labels[sheet.answered]).max() / answered) if answered else None,
        blind=_blind(results, row),
        confused=_confused(sheet, counts),
        classes=_classes(sheet, counts),
        background=_background(sheet),
        places=places_of(results, row, read, advance),
        yes=yes_rates(results, row, read),
        calibration=None if isinstance(calibration, str) else calibration,
        no_calibration=calibration if isinstance(calibration, str) else None,
        by_pixels=by_pixels(sheet, results.pixels(row)),
        by_class_size=by_class_size(sheet),
        read_again=int(read.answered.sum()),
    )


def _accuracy(row: ResultRow, sheet: Sheet) -> Proportion:
    """The accuracy with the interval that it has everywhere."""
    found = proportion(int(sheet.right.sum()), int(sheet.answered.sum()))
    return dataclasses.replace(found, low=row.accuracy_low, high=row.accuracy_high)


def _outcomes(results: Results, row: ResultRow, sheet: Sheet) -> dict[str, int]:
    unread = Counter({str(outcome): count for outcome, count in results.unread(row)})
    right = int(sheet.right.sum())
    return {
        RIGHT: right,
        WRONG_CLASS: int(sheet.answered.sum()) - right - unread.total(),
        **dict.fromkeys(map(str, UNREAD), 0),
        **unread,
        str(State.FAILED): row.failed,
        str(State.PENDING): row.pending,
    }


def _blind(results: Results, row: ResultRow) -> Proportion | None:
    """The accuracy of the row that asked the same blind; None where there is none, or for such a row itself."""
    if row.blind or not results.asks_blind:
        return None
    wanted = asked_in_sight(results, row)
    for each in results.rows:
        if each.blind and each.selection == row.selection and asked_in_sight(results, each) == wanted:
            sheet = results.sheet(each)
            return proportion(int(sheet.right.sum()), int(sheet.answered.sum()))
    return None


def confusion_counts(sheet: Sheet) -> NDArray[np.int64]:
    """How often each class was predicted for each, (n, n + 1); the last column is for what is none of them."""
    counts = np.zeros((len(sheet.classes), len(sheet.classes) + 1), dtype=np.int64)
    np.add.at(counts, (sheet.labels[sheet.answered], sheet.predictions[sheet.answered]), 1)
    return counts


def _confused(sheet: Sheet, counts: NDArray[np.int64]) -> tuple[Confused, ...]:
    return tuple(
        Confused(sheet.classes[pair.true], sheet.classes[pair.predicted], pair.count, pair.share, pair.back)
        for pair in confused_pairs(counts)
    )


def _classes(sheet: Sheet, counts: NDArray[np.int64]) -> tuple[ClassDiagnosis, ...]:
    """The classes, the worst recall first, those without an answered image last."""
    found = []
    support_of, predicted_of = counts.sum(axis=1), counts.sum(axis=0)
    for place, name in enumerate(sheet.classes):
        hits, support, predicted = (
            int(each) for each in (counts[place, place], support_of[place], predicted_of[place])
        )
        precision = hits / predicted if predicted else None
        f1 = 2 * hits / (support + predicted) if support + predicted else None
        found.append(ClassDiagnosis(name, proportion(hits, support), precision, f1, predicted))
    return tuple(sorted(found, key=lambda each: 2.0 if each.recall.share is None else each.recall.share))


def _background(sheet: Sheet) -> Background | None:
    """The figures of the background class; None where there is none, or nothing was answered."""
    if sheet.background is None or not sheet.answered.any():
        return None
    place = sheet.classes.index(sheet.background)
    named = sheet.predictions == place
    mine = sheet.answered & (sheet.labels == place)
    others = sheet.answered & ~mine
    return Background(
        sheet.background,
        proportion(int((mine & named).sum()), int(mine.sum())),
        proportion(int((others & named).sum()), int(others.sum())),
    )
