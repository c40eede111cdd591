"""Which rows say the same, which of two is better, and what choosing between them could reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import altair as alt

from snellen.comparisons import Comparison
from snellen.report.charts import data, spec
from snellen.report.elements import Cell, Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow

_PAIRS = 150
_Pairs = Mapping[tuple[int, int], Comparison]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows by their names; `better` is the one that is told to be, None where they are not told apart."""

    first: str
    second: str
    better: str | None
    told: Comparison


def section(run: ReportedRun) -> Section | None:
    """None where no two rows answered a common image."""
    pairs = _pairs(run)
    if not pairs:
        return None
    rows = [row for row in run.shown if any(row.number in pair for pair in pairs)]
    figure = Figure(
        "agreement-of-rows",
        "Each two rows together",
        "Share of the images that both rows answered, in percent. Same answer: both predicted the same class, right or "
        "wrong. One of both right: what a perfect choice between the two could reach, such as a cascade; on the "
        "diagonal the accuracy of the row alone. The numbers above stand for the rows at the left.",
        (
            _variant(run, "Same answer", rows, pairs, lambda each: each.agreement, alone=False),
            _variant(run, "One of both right", rows, pairs, lambda each: each.either_right, alone=True),
        ),
        "Show",
    )
    told = [
        Pair(
            run.labels[a],
            run.labels[b],
            (run.labels[a], run.labels[b])[each.better] if each.better is not None else None,
            each,
        )
        for (a, b), each in pairs.items()
    ]
    context = {"pairs": told[:_PAIRS], "left": len(told) - _PAIRS, "anytime": any(each.told.anytime for each in told)}
    return Section("agreement", "Agreement", "agreement.html", context, (figure,))


def _pairs(run: ReportedRun) -> _Pairs:
    """The comparisons of each two rows shown, by their numbers."""
    if run.standings is None:
        return {}
    numbers = [entrant.row.number for entrant in run.standings.sitting.entrants]
    wanted = {row.number for row in run.shown}
    return {
        (numbers[a], numbers[b]): each
        for (a, b), each in run.standings.comparisons.items()
        if each.images and {numbers[a], numbers[b]} <= wanted
    }


def _variant(
    run: ReportedRun,
    title: str,
    rows: list[ResultRow],
    pairs: _Pairs,
    share: Callable[[Comparison], float | None],
    alone: bool,
) -> Variant:
    grid: list[list[float | None]] = [
        [(a.accuracy if alone else None) if a is b else _share(pairs, a.number, b.number, share) for b in rows]
        for a in rows
    ]
    names = [f"{place}  {run.labels[row.number]}" for place, row in enumerate(rows, 1)]
    columns = ("Row", *(str(place) for place in range(1, len(rows) + 1)))
    table: list[tuple[Cell, ...]] = [(name, *values) for name, values in zip(names, grid, strict=True)]
    return Variant(title, _chart(title, names, grid), Numbers(columns, table))


def _share(pairs: _Pairs, a: int, b: int, share: Callable[[Comparison], float | None]) -> float | None:
    found = pairs.get((a, b)) or pairs.get((b, a))
    return share(found) if found else None


def _chart(title: str, names: list[str], grid: list[list[float | None]]) -> Spec:
    values = data(
        {"row": names[a], "other": str(b + 1), "with": names[b], "share": value}
        for a, line in enumerate(grid)
        for b, value in enumerate(line)
        if value is not None
    )
    known = [value for line in grid for value in line if value is not None]
    low, high = min(known), max(known)
    # the numbers stand on the lower half of the colours, where they can be read in any theme
    scale = alt.Scale(domain=[low - 0.01, high + (high - low) + 0.01])
    room = alt.Axis(domain=False, ticks=False, labelLimit=alt.ExprRef("containerSize()[0] < 520 ? 110 : 260"))
    order = [str(place) for place in range(1, len(names) + 1)]
    base = alt.Chart(values).encode(
        x=alt.X(
            "other:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False)
        ),
        y=alt.Y("row:N", sort=names, title=None, axis=room),
        tooltip=[
            alt.Tooltip("row:N", title="Row"),
            alt.Tooltip("with:N", title="and"),
            alt.Tooltip("share:Q", title=title, format=".1%"),
        ],
    )
    cells = base.mark_rect(cornerRadius=3).encode(color=alt.Color("share:Q", scale=scale, legend=None))
    texts = base.transform_calculate(percent="round(100 * datum.share)").mark_text(fontSize=11).encode(text="percent:Q")
    return spec(cells + texts, 34 * len(names))
