"""Charts by Altair, as they go into the page and into files: sizes, colours and how intervals are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import altair as alt

from snellen.console import one_line
from snellen.report.elements import Spec

Value: TypeAlias = str | int | float | bool | None
# colours that mean something, at least 3 to 1 against the panels of both themes
RIGHT, WRONG, NO_CLASS, QUIET = "#0f9b74", "#d45d1c", "#7b6bc9", "#7d8590"
# what Vega takes for something of its own where it groups by names
_TAKEN = frozenset(
    ("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf")
)
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")


def data(values: Iterable[Mapping[str, Value]]) -> alt.Data:
    """Rows of a chart's data, kept in the chart itself; floats lose what nobody sees."""
    rounded = (
        {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in row.items()}
        for row in values
    )
    return alt.Data(values=list(rounded))


def spec(chart: Any, height: int | None = 300) -> Spec:
    """The chart in Vega-Lite, as wide as the page and so many pixels high; its theme is put on where it is drawn."""
    made = chart.properties(width="container", **({} if height is None else {"height": height}))
    found: dict[str, Any] = made.to_dict(validate=False)  # tests do, and it takes longer than all else
    found.pop("config", None)
    found.pop("$schema", None)
    return found


def accuracy_axis(least: float = 0.0) -> alt.Scale:
    """A scale of shares that begins at a whole tenth below the least of them."""
    return alt.Scale(domain=[max(0.0, int(least * 10 - 1e-9) / 10), 1.0], nice=False, clamp=True)


def model_scale(names: Sequence[str]) -> alt.Scale:
    """A colour for each model, the same in all charts where the models come in the same order."""
    return alt.Scale(domain=list(dict.fromkeys(names)))


def by_model(names: Sequence[str]) -> dict[str, Any]:
    """Colour and shape by the field `model`, so that no model is told by its colour alone."""
    return coded("model", names)


def coded(field: str, names: Sequence[str], legend: alt.Legend | None = None) -> dict[str, Any]:
    """Colour and shape by a field with these values; up to 64 of them differ in one or the other."""
    order = list(dict.fromkeys(names))
    count, legend = len(_SHAPES), legend or alt.Legend(title=None)
    shapes = [_SHAPES[(place + place // count) % count] for place in range(len(order))]
    return {
        "color": alt.Color(f"{field}:N", scale=model_scale(order), legend=legend),
        "shape": alt.Shape(f"{field}:N", scale=alt.Scale(domain=order, range=shapes), legend=legend),
    }


def chart_names(names: Iterable[str], room: int = 28) -> list[str]:
    """What classes are called in charts: on one line, clipped, and different where the classes are."""
    found: dict[str, None] = {}
    for name in names:
        text = one_line(name) or "(no name)"
        text = f"‘{text}’" if text in _TAKEN or text.startswith("__") else text
        short = text if len(text) <= room else f"{text[: room - 1]}…"
        number = 1
        while short in found:
            number += 1
            ending = f" ({number})"
            short = f"{text[: room - 1 - len(ending)]}…{ending}" if len(text) > room else f"{text}{ending}"
        found[short] = None
    return list(found)


def interval_tooltips(share: str, title: str) -> list[alt.Tooltip]:
    """Tooltips of a field that is a share, and of its interval in the fields `low` and `high`."""
    titles = {share: title, "low": "from", "high": "to"}
    return [alt.Tooltip(f"{field}:Q", title=title, format=".1%") for field, title in titles.items()]


def without_links(chart: Spec) -> Spec:
    """The chart for where its links lead nowhere, as in a file of its own."""
    kept = {**chart, "layer": [without_links(each) for each in chart["layer"]]} if "layer" in chart else {**chart}
    if "encoding" in kept:
        kept["encoding"] = {channel: told for channel, told in kept["encoding"].items() if channel != "href"}
    return kept
