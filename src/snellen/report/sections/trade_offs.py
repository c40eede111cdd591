"""Accuracy against what it takes: time, memory and money, with the rows worth having marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import altair as alt
import numpy as np

from snellen.metrics.pareto import domination, front
from snellen.report.charts import accuracy_axis, by_model, data, model_scale, spec
from snellen.report.elements import Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.verdict.advice import CASCADE_FIGURES, told_cascades
from snellen.verdict.candidates import TOLERANCE, candidates_of, surely_better
from snellen.verdict.limits import Limits
from snellen.verdict.recommending import recommend


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row takes; `least` says that less of it is better."""

    name: str
    title: str
    axis: str
    value: Callable[[ResultRow], float | None]
    least: bool = True


_COSTS = (
    Cost("speed", "Accuracy against speed", "Images a second", lambda row: row.images_per_second, least=False),
    Cost("memory", "Accuracy against memory", "Most memory of its process, GB", lambda row: row.peak_rss_gb),
    Cost("gpu-memory", "Accuracy against GPU memory", "Most memory of the GPU, GB", lambda row: row.peak_gpu_gb),
    Cost("money", "Accuracy against money", "USD for 1000 images", lambda row: row.cost_per_1000_usd),
)


def section(run: ReportedRun) -> Section | None:
    """None where nothing was measured of two rows or more."""
    figures = tuple(figure for cost in _COSTS if (figure := _figure(run, cost)) is not None)
    if not any(sum((cost.value(row) or 0) > 0 for row in run.answered) > 1 for cost in _COSTS):
        return None
    advice = recommend(run.results, Limits())
    folder = Path("runs") / run.results.path.resolve().name  # as in all commands of the page
    context = {
        "advice": advice,
        "cascades": told_cascades(run.results, advice, folder),
        "cascade_figures": CASCADE_FIGURES,
    }
    return Section("trade-offs", "Trade-offs", "trade_offs.html", context, figures)


def _figure(run: ReportedRun, cost: Cost) -> Figure | None:
    rows = [row for row in run.answered if (cost.value(row) or 0) > 0]
    values = [cost.value(row) or 0 for row in rows]
    if len(rows) < 2 or max(values) < min(values) * (1 + TOLERANCE):  # all take the same, as far as can be measured
        return None
    worth = _front(run, rows, cost)
    marked = "Filled marks with a name are worth having: as far as these images tell, none of the others is as accurate"
    left = len(run.answered) - len(rows)
    rows_left = "1 more row is" if left == 1 else f"{left} more rows are"
    without = f" {rows_left} not here: it was not measured, or is 0." if left else ""
    return Figure(
        f"accuracy-{cost.name}",
        cost.title,
        f"Each mark is a row, its bar the 95 % interval; the axis below is logarithmic. {marked} for less.{without}",
        (Variant("", _chart(run, rows, cost, worth), _numbers(run, rows, cost, worth)),),
    )


def _front(run: ReportedRun, rows: Sequence[ResultRow], cost: Cost) -> set[int]:
    """The rows of which no other is known to be as accurate for less (Pareto front, with intervals taken seriously)."""
    candidates = candidates_of(run.results, rows)
    if not candidates:  # no row is ever right
        return set()
    better = surely_better(run.results, candidates)
    values = [cost.value(each.row) or np.nan for each in candidates]
    costs = np.asarray([[value if cost.least else 1 / value] for value in values])
    favoured = front(domination(better, costs, TOLERANCE), np.asarray([each.merit for each in candidates]))
    return {each.row.number for each, other in zip(candidates, favoured, strict=True) if other < 0}


def _chart(run: ReportedRun, rows: Sequence[ResultRow], cost: Cost, worth: set[int]) -> Spec:
    known = [value for row in rows if (value := cost.value(row))]
    middle = sqrt(min(known) * max(known))

    def side(row: ResultRow) -> str:
        """In which half of the chart its mark is: names are written to the other one."""
        return "right" if (cost.value(row) or 0) > middle else "left"

    values = data(
        {
            "row": run.labels[row.number],
            "model": run.models[row.model],
            "accuracy": row.accuracy,
            "low": row.accuracy_low,
            "high": row.accuracy_high,
            "cost": cost.value(row),
            "worth": row.number in worth,
            "end": side(row),
        }
        for row in rows
    )
    least = min(row.accuracy_low or 0.0 for row in rows)
    shown = [
        alt.Tooltip("row:N", title="Row"),
        alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
        alt.Tooltip("low:Q", title="from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("cost:Q", title=cost.axis, format=".3~g"),
    ]
    x = alt.X(
        "cost:Q",
        title=cost.axis,
        scale=alt.Scale(type="log", nice=False, padding=40),
        axis=alt.Axis(tickCount=6, format="~g"),
    )
    y = alt.Y("accuracy:Q", title="Accuracy", scale=accuracy_axis(least), axis=alt.Axis(format="%"))
    base = alt.Chart(values)
    models = [run.models[row.model] for row in rows]
    coded = by_model(models)
    bars = base.mark_rule(opacity=0.5).encode(
        x=x, y=alt.Y("low:Q", scale=accuracy_axis(least)), y2="high:Q", color=coded["color"]
    )
    marks = base.mark_point(size=110, strokeWidth=2).encode(
        x=x,
        y=y,
        fillOpacity=alt.condition("datum.worth", alt.value(1), alt.value(0)),
        fill=alt.Fill("model:N", scale=model_scale(models), legend=alt.Legend(title=None)),
        tooltip=shown,
        **coded,
    )
    half = alt.ExprRef("width / 2")  # what is free beside a mark: longer names would take the room of the plot
    names = [
        base.transform_filter(f"datum.worth && datum.end == '{end}'")
        .mark_text(align="right" if end == "right" else "left", dx=-9 if end == "right" else 9, dy=-9, limit=half)
        .encode(x=x, y=y, text="row:N")
        for end in sorted({side(row) for row in rows if row.number in worth})  # a layer without marks is warned of
    ]
    return spec(alt.layer(bars, marks, *names), 340)


def _numbers(run: ReportedRun, rows: Sequence[ResultRow], cost: Cost, worth: set[int]) -> Numbers:
    return Numbers(
        ("Row", "Accuracy", "from", "to", cost.axis, "Worth having"),
        [
            (
                run.labels[row.number],
                row.accuracy,
                row.accuracy_low,
                row.accuracy_high,
                cost.value(row),
                "yes" if row.number in worth else "no",
            )
            for row in rows
        ],
    )
