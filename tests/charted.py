"""What tests of charts share: a report's view of a run, the data of a chart, and the chart drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import vl_convert

from snellen.report.elements import Numbers, Spec
from snellen.report.page import body
from snellen.report.reported import ReportedRun


def values(chart: Spec) -> list[list[dict[str, Any]]]:
    """The data sets of a chart and of its layers."""
    return [each["data"]["values"] for each in layers(chart) if "values" in each.get("data", {})]


def layers(chart: Spec) -> Iterator[Spec]:
    """A chart and all its layers."""
    yield chart
    for each in chart.get("layer", ()):
        yield from layers(each)


def drawn(chart: Spec) -> str:
    """The chart as SVG, as wide as a page; raises where it is no valid chart or Vega cannot draw it."""
    alt.Chart.from_dict(dict(chart))
    svg: str = vl_convert.vegalite_to_svg({**chart, "width": 600})
    return svg


def column(table: Numbers, name: str) -> list[Any]:
    """The values of a column of the numbers of a chart."""
    place = table.columns.index(name)
    return [row[place] for row in table.rows]


def html(run: ReportedRun, section: Any) -> str:
    """The section as it stands in the page."""
    return str(body(run, [section]))
