"""Shares of right answers of groups of images, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from snellen.report.charts import data, spec
from snellen.report.elements import Spec


def shares_chart(found: Sequence[tuple[str, float | None, float | None, float | None]], title: str) -> Spec:
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
