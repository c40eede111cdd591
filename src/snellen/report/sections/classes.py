"""Which classes are hard: recall, precision and F1 of each class, and the rows side by side."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from snellen.report.charts import Value, accuracy_axis, chart_names, data, interval_tooltips, spec
from snellen.report.elements import Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.verdict.diagnosing import ClassDiagnosis

MOST_BARS = 40
MOST_LINES = 60
_MEASURES = ("Recall", "Precision", "F1")


def section(run: ReportedRun) -> Section | None:
    """None where nothing was answered."""
    if not run.shown:
        return None
    count = run.shown[0].classes
    which = f"the {MOST_BARS} of {count} classes with the lowest recall" if count > MOST_BARS else "all classes"
    figure = Figure(
        "per-class",
        "Classes by recall",
        f"Bars are the recall, the share of a class's images that are right, with its 95 % interval: {which}, the "
        "worst first. Precision is the share of right ones among all images taken for the class; F1 is the harmonic "
        "mean of both. A click on a bar leads to the images of the class.",
        tuple(_variant(run, row) for row in run.shown),
    )
    return Section("classes", "Classes", "classes.html", _table(run), (figure,))


def _variant(run: ReportedRun, row: ResultRow) -> Variant:
    found = run.diagnosis(row)
    classes = [each for each in found.classes if each.recall.of]
    sure = found.interval != "anytime"  # where answers said when to stop, no interval but that of the accuracy holds
    lines = [
        (
            each.name,
            each.recall.of,
            each.recall.share,
            *((each.recall.low, each.recall.high) if sure else ()),
            each.precision,
            each.f1,
        )
        for each in found.classes
    ]
    columns = ("Class", "Images", "Recall", *(("from", "to") if sure else ()), "Precision", "F1")
    return Variant(run.labels[row.number], _chart(run, row, classes[:MOST_BARS], sure), Numbers(columns, lines))


def _chart(run: ReportedRun, row: ResultRow, classes: list[ClassDiagnosis], sure: bool) -> Spec:
    names = chart_names(each.name for each in classes)
    values = [_bar(run, row, each, name, sure) for each, name in zip(classes, names, strict=True)]
    legend = alt.Legend(title=None, symbolOpacity=1)
    color = alt.Color("measure:N", scale=alt.Scale(domain=list(_MEASURES)), legend=legend)
    shapes = alt.Scale(domain=list(_MEASURES), range=["square", "diamond", "circle"])
    base = alt.Chart(data(values)).encode(
        y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=150)),
        href="href:N",
        tooltip=[
            alt.Tooltip("class:N", title="Class"),
            *interval_tooltips("share", "Recall")[: 3 if sure else 1],
            alt.Tooltip("precision:Q", title="Precision", format=".1%"),
            alt.Tooltip("f1:Q", title="F1", format=".1%"),
            alt.Tooltip("images:Q", title="Images", format=","),
        ],
    )
    # bars are not to be stacked: what does that keeps them by their names, and fails on one that is "constructor"
    x = alt.X("share:Q", title="Share", axis=alt.Axis(format="%", tickCount=5), scale=accuracy_axis(), stack=None)
    bars = base.transform_calculate(measure="'Recall'")
    layers = [bars.mark_bar(opacity=0.55, height={"band": 0.72}, cursor="pointer").encode(x=x, color=color)]
    if sure:
        layers.append(base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q"), x2="high:Q"))
    for field, measure, size, filled in (("f1", "F1", 36, True), ("precision", "Precision", 90, False)):
        points = base.transform_calculate(measure=f"'{measure}'")
        layers.append(
            points.mark_point(size=size, filled=filled, opacity=1, cursor="pointer").encode(
                x=f"{field}:Q", color=color, shape=alt.Shape("measure:N", scale=shapes, legend=legend)
            )
        )
    return spec(alt.layer(*layers), max(60, 20 * len(classes)))


def _bar(run: ReportedRun, row: ResultRow, each: ClassDiagnosis, name: str, sure: bool) -> dict[str, Value]:
    bounds: dict[str, Value] = {"low": each.recall.low, "high": each.recall.high} if sure else {}
    return {
        "class": name,
        "share": each.recall.share,
        **bounds,
        "precision": each.precision,
        "f1": each.f1,
        "images": each.recall.of,
        "href": run.links.images(row.number, each.name),
    }


def _table(run: ReportedRun) -> dict[str, Any]:
    """Recall of the classes by all shown rows, those that are hardest on average first."""
    classes = run.sheet(run.shown[0]).classes
    recalls = np.stack([_recalls(run, row) for row in run.shown], axis=1)
    known = ~np.isnan(recalls)
    means = np.where(known.any(axis=1), np.nansum(recalls, axis=1) / np.maximum(known.sum(axis=1), 1), np.inf)
    order = np.argsort(means, kind="stable")
    first = run.shown[0].number
    lines = [
        {
            "name": classes[place],
            "href": run.links.images(first, classes[place]),
            "mean": float(means[place]) if np.isfinite(means[place]) else None,
            "recalls": [None if np.isnan(value) else float(value) for value in recalls[place]],
        }
        for place in order[:MOST_LINES].tolist()
    ]
    return {
        "lines": lines,
        "rows": [run.labels[row.number] for row in run.shown],
        "left": len(classes) - len(lines),
        "stopped": run.stopped,
    }


def _recalls(run: ReportedRun, row: ResultRow) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The recall of each class in the order of the sheet; nan where none of its images is answered."""
    sheet = run.sheet(row)
    count = len(sheet.classes)
    answered = np.bincount(sheet.labels[sheet.answered], minlength=count)
    right = np.bincount(sheet.labels[sheet.right], minlength=count)
    return np.where(answered > 0, right / np.maximum(answered, 1), np.nan)
