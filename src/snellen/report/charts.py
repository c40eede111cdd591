"""Charts by Altair, as they go into the page and into files: sizes, colours and how intervals are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import altair as alt

from snellen.report.elements import Spec

Value: TypeAlias = str | int | float | bool | None
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
    found: dict[str, Any] = made.to_dict()
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
    order = list(dict.fromkeys(names))
    shapes = [_SHAPES[place % len(_SHAPES)] for place in range(len(order))]
    return {
        "color": alt.Color("model:N", scale=model_scale(order), legend=alt.Legend(title=None)),
        "shape": alt.Shape("model:N", scale=alt.Scale(domain=order, range=shapes), legend=alt.Legend(title=None)),
    }
