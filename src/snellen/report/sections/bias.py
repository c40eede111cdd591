"""What sways answers beside the image: places in a list, readiness to say yes, and the kind of image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from snellen.report.elements import Figure, Numbers, Section, Spec, Variant
from snellen.report.place_figures import place_figures
from snellen.report.reported import ReportedRun
from snellen.report.shares_chart import shares_chart
from snellen.report.yes_figures import yes_figures
from snellen.result_row import ResultRow
from snellen.verdict.diagnosing import Diagnosis
from snellen.verdict.image_groups import ImageGroup, differ, size_matters, too_alike


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
    by_class = [(each.name, each.found.by_class_size) for each in rows if size_matters(each.found.by_class_size)]
    if not (placed or asked or by_pixels or by_class):
        return None
    context: dict[str, Any] = {
        "placed": placed,
        "place_figures": place_figures(placed),
        "asked": asked,
        "yes_figures": yes_figures(asked),
        "group_figures": _group_figures(by_pixels, by_class),
        "alike": _alike(rows),
        "read_again": _read_again(rows),
        "stopped": run.stopped,
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
    by_class = [each.found.by_class_size for each in rows]
    looked = {
        "the size of the images": [each.found.by_pixels for each in rows],
        "the number of images in the class": [groups for groups in by_class if groups and not too_alike(groups)],
    }
    return [
        name
        for name, of_rows in looked.items()
        if any(len(groups) > 1 for groups in of_rows) and not any(map(differ, of_rows))
    ]


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
            "Images in groups of about equal number; shares of right answers with their 95 % intervals. Rows in which "
            f"groups differ more than chance explains: {'; '.join(row for row, _ in rows)}.",
            tuple(Variant(row, _group_chart(row, groups, axis), _group_numbers(groups, axis)) for row, groups in rows),
        )
        for name, title, axis, rows in kinds
        if rows
    )


def _range(group: ImageGroup) -> str:
    return f"{group.low:,}" if group.low == group.high else f"{group.low:,}–{group.high:,}"


def _group_chart(row: str, groups: Sequence[ImageGroup], axis: str) -> Spec:
    found = [(_range(each), each.right.share, each.right.low, each.right.high) for each in groups]
    title = {"text": row, "anchor": "start", "fontWeight": "normal", "limit": {"expr": "width"}}
    return {**shares_chart(found, axis), "title": title}


def _group_numbers(groups: Sequence[ImageGroup], axis: str) -> Numbers:
    rows = [(_range(each), each.right.of, each.right.share, each.right.low, each.right.high) for each in groups]
    return Numbers((axis, "Images", "Right", "from", "to"), rows)
