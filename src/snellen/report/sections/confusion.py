"""Which classes are taken for which: a matrix of few classes, the most frequent pairs of many, and the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from snellen.report.charts import NO_CLASS, RIGHT, WRONG, chart_names, data, spec
from snellen.report.elements import Cell, Figure, Link, Numbers, Section, Spec, Variant
from snellen.report.links import quoted
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.verdict.diagnosing import Confused, confusion_counts

MOST_CLASSES = 40  # of a matrix
MOST_PAIRS = 60  # of a list
_WRITTEN = 12  # up to so many classes the counts stand in the cells
_NONE = "(no class)"
_KINDS = {"right": RIGHT, "another class": WRONG, "no class named": NO_CLASS}
_NAMES = 24  # characters of a class in the name of a pair


@dataclass(frozen=True, slots=True)
class Pairs:
    """The most frequent confusions of a row as a table whose lines lead to the images, and how many are left out."""

    name: str
    numbers: Numbers
    left: int


def section(run: ReportedRun) -> Section | None:
    """None where nothing was answered."""
    if not run.shown:
        return None
    classes = len(run.sheet(run.shown[0]).classes)
    is_matrix = classes <= MOST_CLASSES
    pairs = [_pairs(run, row) for row in run.shown]
    figure = _matrices(run) if is_matrix else _bars(run, pairs, classes)
    context = {"pairs": pairs if is_matrix else [], "is_matrix": is_matrix, "most": MOST_PAIRS}
    return Section("confusion", "Confusions", "confusion.html", context, (figure,) if figure else ())


def _pairs(run: ReportedRun, row: ResultRow) -> Pairs:
    found = run.diagnosis(row).confused
    lines = [
        (
            Link(each.true, run.links.images(row.number, each.true, each.predicted)),
            each.predicted,
            each.count,
            round(each.share, 4),
            each.back,
        )
        for each in found[:MOST_PAIRS]
    ]
    columns = ("Label", "Taken for", "Images", "Share of the label", "The other way round")
    return Pairs(run.labels[row.number], Numbers(columns, lines), len(found[MOST_PAIRS:]))


def _matrices(run: ReportedRun) -> Figure:
    return Figure(
        "confusion-matrix",
        "Confusion matrix",
        "Lines are the labels of the images, columns what the row took them for. The stronger the colour of a "
        "cell, the larger its share of the label's answered images; what is right is the pale diagonal. A click on a "
        "cell leads to its images.",
        tuple(_matrix(run, row) for row in run.shown),
    )


def _matrix(run: ReportedRun, row: ResultRow) -> Variant:
    sheet = run.sheet(row)
    counts = confusion_counts(sheet)
    if not counts[:, -1].any():
        counts = counts[:, :-1]
    names = chart_names([*sheet.classes, _NONE])
    columns = names[: counts.shape[1]]
    starts = [run.links.images(row.number, each, "") for each in sheet.classes]
    ends = [*map(quoted, sheet.classes), ""]
    table: list[tuple[Cell, ...]] = [(name, *map(int, line)) for name, line in zip(names, counts, strict=False)]
    return Variant(run.labels[row.number], _heat_map(counts, names, starts, ends), Numbers(("Label", *columns), table))


def _heat_map(counts: NDArray[np.int64], names: Sequence[str], starts: Sequence[str], ends: Sequence[str]) -> Spec:
    """Only the cells that are not empty; `starts` and `ends` are the addresses of their images in two parts.

    Cells are no more than three numbers, as there may be thousands: what they mean is told by lists beside them.
    """
    size = len(counts)
    cells = [{"t": true, "p": place, "n": int(counts[true, place])} for true, place in np.argwhere(counts).tolist()]
    kinds = [kind for kind, found in zip(_KINDS, _kinds_of(counts), strict=True) if found]
    lists = {"names": names, "support": counts.sum(axis=1).tolist(), "starts": starts, "ends": ends}
    base = (
        alt.Chart(data(cells))
        .transform_calculate(
            label="names[datum.t]",
            prediction="names[datum.p]",
            share="datum.n / support[datum.t]",
            href="starts[datum.t] + ends[datum.p]",
            kind=f"datum.t == datum.p ? 'right' : datum.p < {size} ? 'another class' : 'no class named'",
        )
        .encode(
            x=_axis("prediction", "Taken for", names[: counts.shape[1]], alt.X),
            y=_axis("label", "Label", names[:size], alt.Y),
            href="href:N",
            tooltip=[
                alt.Tooltip("label:N", title="Label"),
                alt.Tooltip("prediction:N", title="Taken for"),
                alt.Tooltip("n:Q", title="Images", format=","),
                alt.Tooltip("share:Q", title="Share of the label", format=".1%"),
            ],
        )
    )
    # a few mistakes are seen at once, what is right is no more than a pale line through the matrix
    strength = "datum.kind == 'right' ? 0.08 + 0.22 * datum.share : 0.35 + 0.65 * sqrt(datum.share)"
    tiles = base.transform_calculate(strength=strength).mark_rect(cursor="pointer")
    layers = [
        tiles.encode(
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[_KINDS[kind] for kind in kinds]),
                legend=alt.Legend(title=None, symbolType="square"),
            ),
            fillOpacity=alt.FillOpacity("strength:Q", scale=None),
        )
    ]
    if size <= _WRITTEN:
        layers.append(base.mark_text(fontSize=12, cursor="pointer").encode(text="n:Q"))
    height = (30 if size <= _WRITTEN else 18) * size
    made = alt.layer(*layers).add_params(*(alt.param(name=name, value=[*each]) for name, each in lists.items()))
    return spec(made, max(160, height))


def _kinds_of(counts: NDArray[np.int64]) -> tuple[bool, bool, bool]:
    """Whether any image is right, of another class, of no class, in the order of `_KINDS`."""
    size = len(counts)
    right = int(np.trace(counts[:, :size]))
    return right > 0, int(counts[:, :size].sum()) > right, bool(counts[:, size:].any())


def _axis(field: str, title: str, names: Sequence[str], channel: Any) -> Any:
    angle = {"labelAngle": -90} if channel is alt.X else {}
    axis = alt.Axis(labelLimit=120, labelOverlap=True, tickBand="extent", grid=True, gridOpacity=0.5, **angle)
    return channel(f"{field}:N", title=title, scale=alt.Scale(domain=[*names]), axis=axis)


def _bars(run: ReportedRun, pairs: Sequence[Pairs], classes: int) -> Figure | None:
    """The most frequent pairs of each row; None where no row confuses any."""
    if not any(run.diagnosis(row).confused for row in run.shown):
        return None
    charts = [_pair_chart(run, row, run.diagnosis(row).confused[:MOST_PAIRS]) for row in run.shown]
    return Figure(
        "confused-pairs",
        "Most frequent confusions",
        f"Of {classes} classes, the pairs that were confused most often, at most {MOST_PAIRS}: label → what it was "
        "taken for. A click on a bar leads to its images.",
        tuple(Variant(each.name, chart, each.numbers) for each, chart in zip(pairs, charts, strict=True)),
    )


def _whole(found: Sequence[Confused]) -> alt.Axis:
    """An axis of counts, which are no halves."""
    most = found[0].count if found else 1
    return alt.Axis(values=list(range(most + 1)), format="d") if most <= 5 else alt.Axis(tickCount=5, format=",d")


def _pair_chart(run: ReportedRun, row: ResultRow, found: Sequence[Confused]) -> Spec:
    names = list(dict.fromkeys(name for each in found for name in (each.true, each.predicted)))
    short = dict(zip(names, chart_names(names, _NAMES), strict=True))
    values = data(
        {
            "pair": f"{short[each.true]} → {short[each.predicted]}",
            "count": each.count,
            "share": each.share,
            "back": each.back,
            "href": run.links.images(row.number, each.true, each.predicted),
        }
        for each in found
    )
    chart = (
        alt.Chart(values)
        .mark_bar(color=WRONG, cursor="pointer")
        .encode(
            x=alt.X("count:Q", title="Images", axis=_whole(found)),
            y=alt.Y("pair:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
            href="href:N",
            tooltip=[
                alt.Tooltip("pair:N", title="Confused"),
                alt.Tooltip("count:Q", title="Images", format=","),
                alt.Tooltip("share:Q", title="Share of the label", format=".1%"),
                alt.Tooltip("back:Q", title="The other way round", format=","),
            ],
        )
    )
    return spec(chart, max(60, 17 * len(found)))
