"""What the places of class names do to answers, as figures."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from snellen.metrics.diagnostics import spans
from snellen.report.charts import data, spec
from snellen.report.elements import Figure, Numbers, Spec, Variant
from snellen.report.shares_chart import shares_chart
from snellen.verdict.places import Places, Span

_BARS = 40  # of a chart of places


def place_figures(placed: Sequence[tuple[str, Places]]) -> tuple[Figure, ...]:
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
    return shares_chart([(_span(each), each.right.share, each.right.low, each.right.high) for each in found], "Place")


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
