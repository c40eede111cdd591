"""What the prompts alone give away: rows that were asked of a grey picture beside the same rows about the photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from snellen.console import one_line
from snellen.metrics.comparison import mcnemar
from snellen.result_row import ResultRow
from snellen.results import Results

_LEVEL = 0.05


def blind_lines(results: Results, rows: Sequence[ResultRow] | None = None) -> Iterator[str]:
    """A line for each blind row of these, or of all: how often it is right, its twin, and what guessing comes to.

    Guessing is right once in so many classes, or as often as the most frequent class occurs where only that is named.
    The prompts give something away where the whole interval lies above both. Whether the photos matter is McNemar's
    test with the twin, on the images that both answered.
    """
    for row in results.rows if rows is None else rows:
        if not row.blind or row.superseded or row.accuracy is None:
            continue
        parts = [f"{row.accuracy:.2f} ({row.accuracy_low:.2f}–{row.accuracy_high:.2f})"]
        twin = _twin(results, row)
        if twin and twin.accuracy is not None:
            parts[0] += f", with the photos {twin.accuracy:.2f}"
        chance, commonest = 1 / row.classes, _commonest(results, row)
        parts.append(
            f"chance {chance:.2f}" + (f", the commonest class {commonest:.2f}" if _differ(chance, commonest) else "")
        )
        if row.accuracy_low is not None and row.accuracy_low > max(chance, commonest):
            parts.append("the prompts give something away")
        if twin and not _tells(results, twin, row):
            parts.append("these images do not show that the photos matter")
        name = row.strategy.removesuffix(" (blind)")
        yield one_line(f"blind: {row.model} · {name}: {'; '.join(parts)}")


def _twin(results: Results, row: ResultRow) -> ResultRow | None:
    """The row that asks the same about the photos."""
    wanted = asked_in_sight(results, row)
    seeing = (each for each in results.rows if not each.blind and each.selection == row.selection)
    return next((each for each in seeing if asked_in_sight(results, each) == wanted), None)


def asked_in_sight(results: Results, row: ResultRow) -> dict[str, Any]:
    """What a row asks, without what tells a blind one: the same of a row and its twin."""
    return {key: value for key, value in results.spec(row).items() if key not in ("title", "blind")}


def _commonest(results: Results, row: ResultRow) -> float:
    """The share of the most frequent class among the images that were answered."""
    sheet = results.sheet(row)
    return float(np.bincount(sheet.labels[sheet.answered]).max() / sheet.answered.sum())


def _differ(one: float, other: float) -> bool:
    return f"{one:.2f}" != f"{other:.2f}"


def _tells(results: Results, seeing: ResultRow, blind: ResultRow) -> bool:
    """Whether the photos make a difference, by more than chance explains."""
    one, other = results.sheet(seeing), results.sheet(blind)
    both = one.answered & other.answered
    only_one, only_other = (int((both & a.right & ~b.right).sum()) for a, b in ((one, other), (other, one)))
    return mcnemar(only_one, only_other) < _LEVEL
