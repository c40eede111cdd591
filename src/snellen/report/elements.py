"""What a report consists of: sections, charts and the numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Spec: TypeAlias = Mapping[str, Any]  # a chart in Vega-Lite


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere."""

    text: str
    href: str


Cell: TypeAlias = str | int | float | Link | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a chart as a table: texts, counts, and shares or measures; None is what was not measured."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the charts among which the reader of a figure chooses, such as that of one row."""

    name: str
    chart: Spec
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its numbers, or several of them of which one is shown.

    `name` is its anchor and the name of its file, `caption` says what is seen and how it is to be read; `choice` is
    what the reader chooses by where there are several.
    """

    name: str
    title: str
    caption: str
    variants: tuple[Variant, ...]
    choice: str = "Row"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: its template below `templates/sections/` is rendered with `context` and `figures`."""

    name: str
    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
