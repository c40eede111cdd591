"""The figures of a report as files, fit for a paper: SVG, and PNG of 300 dots an inch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import vl_convert

from snellen.errors import WrongUse, cannot_write
from snellen.exports import whole_file
from snellen.naming import slug
from snellen.report.elements import Figure, Spec
from snellen.report.page import sections_of
from snellen.report.reported import ReportedRun

WIDTH = 480  # pixels of 1/96 inch: 5 inches, as wide as a column of text
_DOTS = 300  # an inch
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_LONGEST = 60  # characters of a variant in a file's name


def write_all(runs: Sequence[ReportedRun], folder: Path) -> list[Path]:
    """Writes every chart of the reports of some runs into a folder; returns the files, SVG and PNG in turn.

    Raises Missing (no space), WrongUse (`folder` is none, or may not be written to).
    """
    if folder.exists() and not folder.is_dir():
        raise WrongUse(f"expected a folder for the figures, but {folder} is a file; name another one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    written: list[Path] = []
    taken: set[str] = set()
    for run in runs:
        begin = "" if len(runs) == 1 else f"{slug(run.title)[:_LONGEST]}-"
        for name, chart in _named([figure for section in sections_of(run) for figure in section.figures]):
            written += _write(chart, folder, _free(f"{begin}{name}", taken))
    return written


def _named(figures: Sequence[Figure]) -> Iterator[tuple[str, Spec]]:
    """The charts of all variants with names for their files."""
    for figure in figures:
        for variant in figure.variants:
            several = len(figure.variants) > 1
            yield (
                (f"{slug(figure.name)}-{slug(variant.name)[:_LONGEST]}" if several else slug(figure.name)),
                variant.chart,
            )


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken; names that differ in case alone are the same to some."""
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free.casefold())
    return free


def _write(chart: Spec, folder: Path, name: str) -> tuple[Path, Path]:
    spec, theme = _for_print(chart), _theme()
    svg = vl_convert.vegalite_to_svg(spec, config=theme, allowed_base_urls=[])
    png = vl_convert.vegalite_to_png(spec, config=theme, allowed_base_urls=[], scale=72 / 96, ppi=_DOTS)
    places = folder / f"{name}.svg", folder / f"{name}.png"
    with whole_file(places[0]) as file:
        file.write(svg)
    with whole_file(places[1], "wb") as file:
        file.write(png)
    return places


def _for_print(part: Any) -> Any:
    """A chart, or a part of one, with a width of its own and without links."""
    if isinstance(part, dict):
        kept = {key: _for_print(value) for key, value in part.items() if key not in ("href", "tooltip")}
        return {**kept, "width": WIDTH} if kept.get("width") == "container" else kept
    return [_for_print(each) for each in part] if isinstance(part, list) else part


def _theme() -> dict[str, Any]:
    """The theme of the page in its light colours, on white."""
    style = files("snellen.report").joinpath("static", "report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): light-dark\((#\w+),", style))
    ink, soft, line = colours["ink"], colours["soft"], colours["line"]
    palette = [colours[f"c{number}"] for number in range(1, 9)]
    heat = [colours["heat-low"], colours["heat-high"]]
    sizes = {"labelFontSize": 10, "titleFontSize": 11}
    return {
        "background": "white",
        "font": _FONT,
        "padding": 8,
        "axis": {
            **sizes,
            **{"labelColor": ink, "titleColor": ink, "titleFontWeight": "normal"},
            **{"gridColor": line, "domainColor": soft, "tickColor": soft, "labelLimit": 220},
        },
        "legend": {"labelColor": ink, "titleColor": ink, "labelLimit": 400, **sizes, "orient": "top", "columns": 2},
        "header": {"labelColor": ink, "titleColor": ink, **sizes},
        "title": {"color": ink, "fontSize": 12},
        "text": {"color": ink, "fontSize": 10},
        "rule": {"color": soft},
        "mark": {"color": palette[0]},
        "range": {
            **{"category": palette, "heatmap": heat, "ramp": heat},
            "diverging": [palette[1], heat[0], palette[0]],
        },
        "view": {"stroke": None},
    }
