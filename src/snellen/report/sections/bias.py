"""What sways answers beside the image: places in a list, readiness to say yes, and the kind of image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from snellen.metrics.diagnostics import spans
from snellen.report.charts import data, spec
from snellen.report.elements import Cell, Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.verdict.diagnosing import Diagnosis
from snellen.verdict.image_groups import ImageGroup, differ
from snellen.verdict.places import Places, Span
from snellen.verdict.yes_rates import ClassRates, YesRates

_BARS = 40  # of a chart of places
_CLASSES = 30  # of a chart of classes
_OWN, _OTHERS = "images of the class", "images of other classes"


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its name and its diagnosis."""

    row: ResultRow
    name: str
    found: Diagnosis


def section(run: ReportedRun) -> Section | None:
    """None where no strategy tells of places or yeses, and no group of images differs from another."""
    rows = [Row(row, run.labels[row.number], run.diagnosis(row)) for row in run.shown]
    placed = [(each.name, each.found.places) for each in rows if each.found.places]
    asked = [(each.name, each.found.yes) for each in rows if each.found.yes]
    by_pixels = [(each.name, each.found.by_pixels) for each in rows if differ(each.found.by_pixels)]
    by_class = [(each.name, each.found.by_class_size) for each in rows if differ(each.found.by_class_size)]
    if not (placed or asked or by_pixels or by_class):
        return None
    context: dict[str, Any] = {
        "placed": placed,
        "place_figures": _place_figures(placed),
        "asked": asked,
        "yes_figures": _yes_figures(asked),
        "group_figures": _group_figures(by_pixels, by_class),
        "alike": _alike(rows),
        "read_again": _read_again(rows),
    }
    figures = (*context["place_figures"], *context["yes_figures"], *context["group_figures"])
    return Section("bias", "Bias", "bias.html", context, figures)


def _read_again(rows: Sequence[Row]) -> int | None:
    """How many images places and yeses rest on; None where that is all of them."""
    looked = [each for each in rows if each.found.places or each.found.yes]
    fewer = [each.found.read_again for each in looked if each.found.read_again < each.found.accuracy.of]
    return min(fewer, default=None)


def _alike(rows: Sequence[Row]) -> list[str]:
    """By what accuracy was looked at without a difference more than chance explains in any row."""
    looked = {
        "the size of the images": [each.found.by_pixels for each in rows],
        "the number of images in the class": [each.found.by_class_size for each in rows],
    }
    return [
        name
        for name, of_rows in looked.items()
        if any(len(groups) > 1 for groups in of_rows) and not any(map(differ, of_rows))
    ]


# Places


def _place_figures(placed: Sequence[tuple[str, Places]]) -> tuple[Figure, ...]:
    free = [(name, places) for name, places in placed if not places.fixed]
    if not free:
        return ()
    right = Figure(
        "accuracy-by-place",
        "Accuracy by the place of the true class",
        "The order of the class names differs from image to image. Each bar is a third of the places with the share of "
        "right answers where the true class stands there, and its 95 % interval. Without a bias all are alike.",
        tuple(Variant(name, _right_chart(places.spans), _right_numbers(places.spans)) for name, places in free),
    )
    chosen = Figure(
        "chosen-places",
        "How often each place is chosen",
        "Share of the readable answers that name the class at a place. The line is what a model without a preference "
        "for places would do.",
        tuple(Variant(name, _chosen_chart(places), _chosen_numbers(places)) for name, places in free),
    )
    return right, chosen


def _span(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}–{span.last}"


def _right_chart(found: Sequence[Span]) -> Spec:
    return _shares_chart([(_span(each), each.right.share, each.right.low, each.right.high) for each in found], "Place")


def _shares_chart(found: Sequence[tuple[str, float | None, float | None, float | None]], title: str) -> Spec:
    """Shares of right answers with their intervals."""
    values = data(
        {"group": name, "share": share, "low": low, "high": high}
        for name, share, low, high in found
        if share is not None
    )
    y = alt.Y("share:Q", title="Right", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(values).encode(
        x=alt.X("group:N", sort=[name for name, *_ in found], title=title, axis=alt.Axis(labelAngle=0, labelLimit=120)),
        tooltip=[
            alt.Tooltip("group:N", title=title),
            alt.Tooltip("share:Q", title="Right", format=".1%"),
            alt.Tooltip("low:Q", title="from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )
    bars = base.mark_bar(size=44, opacity=0.35).encode(y=y)
    ends = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q")
    marks = base.mark_point(filled=True, size=70, opacity=1).encode(y=y)
    return spec(bars + ends + marks, 260)


def _right_numbers(found: Sequence[Span]) -> Numbers:
    rows = [(_span(each), each.right.of, each.right.share, each.right.low, each.right.high) for each in found]
    return Numbers(("Places of the true class", "Images", "Right", "from", "to"), rows)


def _chosen(places: Places) -> list[tuple[str, int, float, float]]:
    """Places, or so many spans of them: how often chosen, as a share, and what is expected."""
    total = sum(each.chosen for each in places.places)
    found = []
    for span in spans(places.length, _BARS):
        count = sum(each.chosen for each in places.places[span.start - 1 : span.stop - 1])
        name = str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}"
        found.append((name, count, count / total if total else 0.0, len(span) / places.length))
    return found


def _chosen_chart(places: Places) -> Spec:
    found = _chosen(places)
    values = data({"place": n, "count": count, "share": share, "expected": want} for n, count, share, want in found)
    base = alt.Chart(values).encode(
        x=alt.X(
            "place:N",
            sort=[name for name, *_ in found],
            title="Place asked about" if places.one_by_one else "Place in the list",
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
        ),
        tooltip=[
            alt.Tooltip("place:N", title="Place"),
            alt.Tooltip("share:Q", title="Chosen", format=".1%"),
            alt.Tooltip("expected:Q", title="Expected", format=".1%"),
            alt.Tooltip("count:Q", title="Answers", format=","),
        ],
    )
    y = alt.Y("share:Q", title="Answers", axis=alt.Axis(format="%", tickCount=5))
    line = base.mark_line(strokeDash=[5, 4], interpolate="step").encode(y="expected:Q", color=alt.value("#8a8f98"))
    return spec(base.mark_bar(opacity=0.75).encode(y=y) + line, 240)


def _chosen_numbers(places: Places) -> Numbers:
    return Numbers(("Place", "Answers", "Share", "Expected"), _chosen(places))


# Yes


def _yes_figures(asked: Sequence[tuple[str, YesRates]]) -> tuple[Figure, ...]:
    told = [(name, rates, _worst(rates)) for name, rates in asked if rates.per_class]
    if not told:
        return ()
    most = max(len(rates.per_class) for _, rates, _ in told)
    limited = (
        f" Of {most} classes those {_CLASSES} that others' images get a yes to most often." if most > _CLASSES else ""
    )
    figure = Figure(
        "yes-rates",
        "How often a class gets a yes",
        "Share of the questions whether the class is there that got a yes: of images of the class (the more, the "
        f"better) and of images of other classes (the fewer, the better).{limited}",
        tuple(Variant(name, _yes_chart(worst), _yes_numbers(worst)) for name, _, worst in told),
    )
    return (figure,)


def _worst(rates: YesRates) -> list[ClassRates]:
    """The classes that other images get a yes to most often."""
    return sorted(rates.per_class, key=lambda each: -(each.false.share or 0.0))[:_CLASSES]


def _yes_chart(classes: Sequence[ClassRates]) -> Spec:
    values = data(
        {"class": each.name, "of": of, "rate": rate.share, "yes": rate.count, "asked": rate.of}
        for each in classes
        for of, rate in ((_OWN, each.true), (_OTHERS, each.false))
        if rate.share is not None
    )
    order = [_OWN, _OTHERS]
    legend = alt.Legend(title=None)
    chart = (
        alt.Chart(values)
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=alt.X("rate:Q", title="Yes", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y(
                "class:N", sort=[each.name for each in classes], title=None, axis=alt.Axis(labelLimit=140, grid=True)
            ),
            color=alt.Color("of:N", scale=alt.Scale(domain=order), legend=legend),
            shape=alt.Shape("of:N", scale=alt.Scale(domain=order, range=["circle", "triangle-up"]), legend=legend),
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("of:N", title="Asked of"),
                alt.Tooltip("rate:Q", title="Yes", format=".1%"),
                alt.Tooltip("yes:Q", title="Yeses", format=","),
                alt.Tooltip("asked:Q", title="Questions", format=","),
            ],
        )
    )
    return spec(chart, 18 * len(classes) + 20)


def _yes_numbers(classes: Sequence[ClassRates]) -> Numbers:
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.true.of, each.true.share, each.false.of, each.false.share, each.false.low, each.false.high)
        for each in classes
    ]
    return Numbers(("Class", "Asked of its images", "Yes", "Asked of others", "Yes to others", "from", "to"), rows)


# Groups of images


def _group_figures(
    by_pixels: Sequence[tuple[str, Sequence[ImageGroup]]], by_class: Sequence[tuple[str, Sequence[ImageGroup]]]
) -> tuple[Figure, ...]:
    """The groups of those rows in which they differ by more than chance explains."""
    kinds = (
        ("accuracy-by-size", "Accuracy by image size", "Pixels of the image", by_pixels),
        ("accuracy-by-class-size", "Accuracy by class size", "Images in the class", by_class),
    )
    return tuple(
        Figure(
            name,
            title,
            "Images in groups of about equal number; shares of right answers with their 95 % intervals. Only rows in "
            "which groups differ more than chance explains.",
            tuple(Variant(row, _group_chart(groups, axis), _group_numbers(groups, axis)) for row, groups in rows),
        )
        for name, title, axis, rows in kinds
        if rows
    )


def _range(group: ImageGroup) -> str:
    return f"{group.low:,}" if group.low == group.high else f"{group.low:,}–{group.high:,}"


def _group_chart(groups: Sequence[ImageGroup], axis: str) -> Spec:
    return _shares_chart([(_range(each), each.right.share, each.right.low, each.right.high) for each in groups], axis)


def _group_numbers(groups: Sequence[ImageGroup], axis: str) -> Numbers:
    rows = [(_range(each), each.right.of, each.right.share, each.right.low, each.right.high) for each in groups]
    return Numbers((axis, "Images", "Right", "from", "to"), rows)
