"""The table of all rows: who is right how often, how sure that is, and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.report.elements import Section
from snellen.report.markup import number
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.summary import dollars, rate_text, seconds
from snellen.verdict.published import Beside, beside


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures; `meaning` explains its title, `least` says that the least is the best."""

    title: str
    meaning: str
    value: Callable[[ResultRow], float | None]
    text: Callable[[Any], str]
    least: bool = False


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _two(value: float | None) -> str:
    return number(value, 2)


def _of_all(row: ResultRow, value: float | None) -> float | None:
    """An average over classes; None while images are pending, as classes without an answer would count as 0.

    Where answers had a say in when to stop, what was asked is spread over all classes.
    """
    return value if not row.pending or row.interval == "anytime" else None


_COLUMNS = (
    Column("Top 5", "Share of images whose class is among the five best scored", lambda r: r.top5_accuracy, number),
    Column(
        "Macro-F1",
        "Mean of the classes' F1, each class counting the same; not told while images are pending",
        lambda r: _of_all(r, r.macro_f1),
        number,
    ),
    Column(
        "Weighted F1", "Mean of the classes' F1, weighted by their images", lambda r: _of_all(r, r.weighted_f1), number
    ),
    Column("Raw acc.", "Accuracy before answers that name no class were mapped", lambda r: r.accuracy_raw, number),
    Column(
        "Covered acc.",
        "Accuracy on the images of the classes that the model's own vocabulary has",
        lambda r: r.accuracy_covered if r.classes_covered not in (None, r.classes) else None,
        number,
    ),
    Column("Ceiling", "Share of images whose class stood in the shortlist", lambda r: r.ceiling, number),
    Column("img/s", "Images a second, measured in a pass of its own", lambda r: r.images_per_second, rate_text),
    Column("p50", "Median time of one image alone", lambda r: r.latency_p50, seconds, least=True),
    Column("RAM GB", "Most memory that its process took", lambda r: r.peak_rss_gb, _two, least=True),
    Column("GPU GB", "Most memory that it took of the GPU", lambda r: r.peak_gpu_gb, _two, least=True),
    Column("USD", "Price of all answers that the row rests on", lambda r: r.cost_usd, dollars, least=True),
    Column("USD/1000", "Price of a thousand images", lambda r: r.cost_per_1000_usd, dollars, least=True),
)
_STATES = (
    Column("Unparsed", "Answers in which no class could be read; they count as wrong", lambda r: r.unparsed, _count),
    Column(
        "Failed", "Images without an answer, for a reason; they are not in the accuracy", lambda r: r.failed, _count
    ),
    Column(
        "Pending", "Images that were not asked about yet; they are not in the accuracy", lambda r: r.pending, _count
    ),
)


def section(run: ReportedRun) -> Section | None:
    """None where there is no row."""
    if not run.rows:
        return None
    tables = [_table(run, run.rows, _ranks(run))]
    swept = run.sweep.numbers if run.sweep else frozenset[int]()
    for rows in run.sets:
        left = [row for row in rows if row not in run.rows]
        if left and not all(row.number in swept for row in left):
            tables.append(_table(run, left, {}))
    return Section("leaderboard", "Leaderboard", "leaderboard.html", {"tables": tables, "ties": _ties(run)})


def _ranks(run: ReportedRun) -> dict[int, tuple[int, int] | None]:
    """The best and the worst rank of each row by its number."""
    if run.standings is None or run.sitting is None:
        return {}
    numbers = (entrant.row.number for entrant in run.sitting.entrants)
    return dict(zip(numbers, run.standings.ranks, strict=True))


def _table(run: ReportedRun, rows: Sequence[ResultRow], ranks: Mapping[int, tuple[int, int] | None]) -> dict[str, Any]:
    """A table with the columns that say something."""
    columns = [column for column in _COLUMNS if any(column.value(row) is not None for row in rows)]
    columns += [column for column in _STATES if any(column.value(row) for row in rows)]
    published = {each.row.number: each for each in beside(run.results)}
    known = [bound for row in rows for bound in (row.accuracy_low, row.accuracy) if bound is not None]
    floor = max(0.0, int(min(known, default=0.0) * 10) / 10)
    return {
        "rows": [_line(row, columns, ranks, published.get(row.number), not run.unfinished) for row in rows],
        "columns": columns,
        "ranked": bool(ranks) and len(rows) > 1,
        "published": any(row.number in published for row in rows),
        "floor": floor if floor < 1 else 0.0,
        "images": rows[0].images,
        "classes": rows[0].classes,
        "seed": rows[0].seed,
        "names": [str(each["name"]) for each in rows[0].per_class[:3]],
        "blind": all(row.blind for row in rows),
    }


def _line(
    row: ResultRow,
    columns: Sequence[Column],
    ranks: Mapping[int, tuple[int, int] | None],
    published: Beside | None,
    finished: bool,
) -> dict[str, Any]:
    best, worst = ranks.get(row.number) or (None, None)
    return {
        "row": row,
        "cells": [(column.value(row), column.text(column.value(row))) for column in columns],
        "best": best,
        "worst": worst,
        "tied": best == 1 and finished,
        "published": published,
    }


def _ties(run: ReportedRun) -> list[list[str]]:
    """The rows of each tie by their names."""
    if run.standings is None or run.sitting is None:
        return []
    entrants = run.sitting.entrants
    return [[run.labels[entrants[place].row.number] for place in tie.places] for tie in run.standings.ties]
