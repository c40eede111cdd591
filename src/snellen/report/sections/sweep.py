"""Accuracy against the number of classes, with bands: on all images, and on the same images throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import altair as alt

from snellen.class_sets import Order
from snellen.console import one_line
from snellen.report.charts import QUIET, Value, coded, data, interval_tooltips, model_scale, spec
from snellen.report.elements import Cell, Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import MOST_ROWS, ReportedRun
from snellen.result_row import ResultRow
from snellen.short_names import short_models, short_strategies
from snellen.verdict.published import Beside, beside
from snellen.verdict.sweep_tables import sweep_notes
from snellen.verdict.sweeps import Band, Curve, Point, SweepResults

_MODEL, _STRATEGY = 26, 30  # characters of names in the legend
_WIDE = 30  # from so many times as many classes on the axis is logarithmic
_LEFT = 12  # cells without all answers that are listed
_STEPS = 40  # of the line of guessing
_ORDERS: Mapping[Order, str] = {"random": "random sets of classes", "hard": "the most confused classes first"}


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A point of a curve that does not rest on all images of its sets."""

    curve: str
    order: str
    count: int
    answered: int
    images: int


@dataclass(frozen=True)
class Curves:
    """The curves of a sweep as they are drawn; `labels` name them by model and strategy."""

    sweep: SweepResults
    rows: Mapping[int, ResultRow]
    published: Sequence[Beside]

    @cached_property
    def labels(self) -> dict[tuple[str, str], str]:
        titles = list(dict.fromkeys((curve.model, curve.strategy) for curve in self.sweep.curves))
        models = short_models((one_line(model) for model, _ in titles), _MODEL)
        strategies = short_strategies((one_line(strategy) for _, strategy in titles), _STRATEGY)
        return {title: f"{models[one_line(title[0])]} · {strategies[one_line(title[1])]}" for title in titles}

    @property
    def orders(self) -> list[Order]:
        return list(dict.fromkeys(curve.order for curve in self.sweep.curves))

    def label(self, curve: Curve) -> str:
        return self.labels[curve.model, curve.strategy]

    def of(self, order: Order) -> list[Curve]:
        return [curve for curve in self.sweep.curves if curve.order == order]

    @cached_property
    def drawn(self) -> list[str]:
        """The curves that are drawn: the best ones where there are many, in their own order."""
        best = sorted(self.sweep.curves, key=_last, reverse=True)
        chosen = list(dict.fromkeys(map(self.label, best)))[:MOST_ROWS]
        return [label for label in self.labels.values() if label in chosen]

    def images(self, point: Point) -> int:
        return sum(self.rows[number].images for number in set(point.rows))


def section(run: ReportedRun) -> Section | None:
    """None where the run has no sweep."""
    if run.sweep is None:
        return None
    rows = {row.number: row for row in run.results.rows}
    curves = Curves(run.sweep, rows, [each for each in beside(run.results) if each.row.number in run.sweep.numbers])
    incomplete = list(_incomplete(curves))
    context = {
        "notes": list(sweep_notes(run.results, run.sweep)),
        "incomplete": incomplete[:_LEFT],
        "incomplete_left": len(incomplete[_LEFT:]),
        "undrawn": len(curves.labels) - len(curves.drawn),
        "sources": list({each.source.name: each.source for each in curves.published if _known(each)}.values())
        if "random" in curves.orders
        else [],
    }
    figures = [_all_images(curves)]
    if any(len(curve.points) > 1 for curve in run.sweep.curves):
        figures.append(_same_images(curves))
    return Section("sweep", "Number of classes", "sweep.html", context, tuple(figures))


def _last(curve: Curve) -> float:
    return max((point.band.accuracy for point in curve.points[-1:] if point.band), default=-1.0)


def _all_images(curves: Curves) -> Figure:
    draws = max(len(point.by_draw) for curve in curves.sweep.curves for point in curve.points)
    faint = " Faint marks are the single draws of classes, of which the lines are the mean." if draws > 1 else ""
    hollow = " Hollow marks do not rest on all images." if any(True for _ in _incomplete(curves)) else ""
    crosses = (
        " Crosses are published figures; those of other numbers of classes stand below."
        if "random" in curves.orders and any(map(_known, curves.published))
        else ""
    )
    return Figure(
        "accuracy-by-classes",
        "Accuracy by number of classes",
        "How often the right one of so many classes is named. Bands are 95 % intervals, the dashed line is guessing."
        f"{faint}{hollow}{crosses}",
        tuple(
            Variant(_ORDERS[order], _chart(curves, order, _band, whole=True), _numbers(curves, order))
            for order in curves.orders
        ),
        choice="Classes",
    )


def _same_images(curves: Curves) -> Figure:
    return Figure(
        "accuracy-on-same-images",
        "The same images, among more and more classes",
        "Only the images of the smallest sets of classes: these are the same throughout, so that a curve falls for the "
        "length of the list alone and not for harder images. Bands are 95 % intervals, the dashed line is guessing.",
        tuple(
            Variant(_ORDERS[order], _chart(curves, order, _same, whole=False), _numbers_of_same(curves, order))
            for order in curves.orders
        ),
        choice="Classes",
    )


def _band(point: Point) -> Band | None:
    return point.band


def _same(point: Point) -> Band | None:
    return point.same


def _chart(curves: Curves, order: Order, band_of: Callable[[Point], Band | None], whole: bool) -> Spec:
    """`whole` tells that it is about all images, which draws and published figures are too."""
    found = [curve for curve in curves.of(order) if curves.label(curve) in curves.drawn]
    counts = sorted({point.count for curve in found for point in curve.points})
    between = range(counts[0], counts[-1] + 1)
    published = [each for each in _published(curves, order) if each["count"] in between] if whole else []
    x = alt.X(
        "count:Q",
        title="Number of classes",
        axis=alt.Axis(values=counts, format=",d", labelOverlap=True),
        scale=alt.Scale(zero=False, nice=False, padding=14, type="log" if counts[-1] > _WIDE * counts[0] else "linear"),
    )
    y = alt.Y("accuracy:Q", title="Accuracy", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1], clamp=True))
    legend = alt.Legend(title=None, symbolOpacity=1)
    code = coded("curve", curves.drawn, legend)
    base = alt.Chart(data(_points(curves, found, band_of))).encode(x=x, color=code["color"])
    tooltip = [
        alt.Tooltip("curve:N", title="Row"),
        alt.Tooltip("count:Q", title="Classes", format=","),
        *interval_tooltips("accuracy", "Accuracy"),
    ]
    fill = alt.Fill("curve:N", scale=model_scale(curves.drawn), legend=legend)
    is_whole = alt.condition("datum.open == 0", alt.value(1), alt.value(0))
    drawn = [*tooltip[:2], alt.Tooltip("accuracy:Q", title="Accuracy of one draw", format=".1%")]
    layers = [
        _guessing(counts[0], counts[-1], x, y),
        base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y),
        base.mark_point(size=70, strokeWidth=2).encode(
            y=y, fill=fill, fillOpacity=is_whole, shape=code["shape"], tooltip=tooltip
        ),
    ]
    if whole and (draws := list(_draws(curves, found))):
        layers.insert(
            -1, alt.Chart(data(draws)).mark_point(size=26, opacity=0.4).encode(x=x, y=y, **code, tooltip=drawn)
        )
    if published:
        layers.append(_beside(published, x, y, code["color"]))
    return spec(alt.layer(*layers), 360)


def _points(
    curves: Curves, found: Sequence[Curve], band_of: Callable[[Point], Band | None]
) -> Iterator[dict[str, Value]]:
    for curve in found:
        for point in curve.points:
            if band := band_of(point):
                ends = {"accuracy": band.accuracy, "low": band.low, "high": band.high}
                yield {"curve": curves.label(curve), "count": point.count, **ends, "open": point.open}


def _draws(curves: Curves, found: Sequence[Curve]) -> Iterator[dict[str, Value]]:
    """The draws of classes, where there are several."""
    for curve in found:
        for point in curve.points:
            for accuracy in point.by_draw if len(point.by_draw) > 1 else ():
                if accuracy is not None:
                    yield {"curve": curves.label(curve), "count": point.count, "accuracy": accuracy}


def _guessing(least: int, most: int, x: alt.X, y: alt.Y) -> alt.LayerChart:
    counts = sorted({least * (most / least) ** (step / _STEPS) for step in range(_STEPS + 1)})
    line = alt.Chart(data({"count": count, "accuracy": 1 / count} for count in counts))
    word = alt.Chart(data([{"count": most, "accuracy": 1 / most, "word": "guessing"}]))
    return alt.layer(
        line.mark_line(strokeDash=[5, 4], color=QUIET, strokeWidth=1.5).encode(x=x, y=y),
        word.mark_text(align="right", dy=-8).encode(x=x, y=y, text="word:N"),
    )


def _known(each: Beside) -> bool:
    """Whether the source has an accuracy of the same scoring."""
    return each.figure.protocol.scoring is None and "accuracy" in each.figure.values


def _published(curves: Curves, order: Order) -> Iterator[dict[str, Value]]:
    """What sources say of the drawn models by the same protocol, for all numbers of classes; nothing of hard sets."""
    if order != "random":
        return
    nearest = {(each.row.model, each.row.strategy, each.source.name): each for each in curves.published if _known(each)}
    for (model, strategy, _), each in nearest.items():
        if (label := curves.labels[model, strategy]) not in curves.drawn:
            continue
        for figure in each.source.figures:
            alike = figure.model == each.figure.model and figure.protocol is each.figure.protocol
            if alike and "accuracy" in figure.values:
                said = float(figure.values["accuracy"])
                yield {"curve": label, "count": figure.classes, "accuracy": said, "source": one_line(each.source.title)}


def _beside(published: Sequence[Mapping[str, Value]], x: alt.X, y: alt.Y, color: alt.Color) -> alt.Chart:
    tooltip = [
        alt.Tooltip("curve:N", title="Published of"),
        alt.Tooltip("count:Q", title="Classes", format=","),
        alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
        alt.Tooltip("source:N", title="Source"),
    ]
    chart: alt.Chart = (
        alt.Chart(data(published))
        .mark_point(shape="M-1,-1L1,1M-1,1L1,-1", size=60, strokeWidth=2)
        .encode(x=x, y=y, color=color, tooltip=tooltip)
    )
    return chart


def _incomplete(curves: Curves) -> Iterator[Incomplete]:
    for curve in curves.sweep.curves:
        for point in curve.points:
            if point.open:
                images = curves.images(point)
                yield Incomplete(curves.label(curve), _ORDERS[curve.order], point.count, images - point.open, images)


def _numbers(curves: Curves, order: Order) -> Numbers:
    columns = ("Row", "Classes", "Accuracy", "from", "to", "Least draw", "Most", "Macro-F1", "Answered", "No answer")
    lines: list[tuple[Cell, ...]] = []
    for curve in curves.of(order):
        for point in curve.points:
            known = [each for each in point.by_draw if each is not None]
            lines.append(
                (
                    *_line(curves, curve, point, point.band),
                    min(known, default=None),
                    max(known, default=None),
                    point.macro_f1,
                    curves.images(point) - point.open,
                    point.open,
                )
            )
    lines += [
        (f"{each['curve']} (published)", int(str(each["count"])), float(str(each["accuracy"])), *(None,) * 7)
        for each in _published(curves, order)
    ]
    return Numbers(columns, lines)


def _numbers_of_same(curves: Curves, order: Order) -> Numbers:
    lines = [_line(curves, curve, point, point.same) for curve in curves.of(order) for point in curve.points]
    return Numbers(("Row", "Classes", "Accuracy", "from", "to"), lines)


def _line(
    curves: Curves, curve: Curve, point: Point, band: Band | None
) -> tuple[str, int, float | None, float | None, float | None]:
    ends = (band.accuracy, band.low, band.high) if band else (None, None, None)
    return curves.label(curve), point.count, *ends
