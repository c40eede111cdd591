"""A sweep as people and programs read it: tables of a terminal, and the section of `results.json`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from snellen.class_sets import Order
from snellen.console import one_line
from snellen.results import Results
from snellen.short_names import model_cells, strategy_cells
from snellen.summary import not_shown, widest
from snellen.verdict.sweeps import Band, Curve, Point, SweepResults, sweep_of

_LEAST_MODEL, _LEAST_STRATEGY = 12, 11
_BAND, _MEAN = 7, 5  # the widths of .85–.90 and 0.876
_BandOf: TypeAlias = Callable[[Point], Band | None]


def print_sweep(sweep: SweepResults, console: Console) -> None:
    """Prints the curves of each order: on all images of the sets, and on those of the smallest sets alone."""
    lead, narrow = "", False
    for order in dict.fromkeys(curve.order for curve in sweep.curves):
        curves = [curve for curve in sweep.curves if curve.order == order]
        least = min(point.count for curve in curves for point in curve.points)
        confused = sweep.description.hard is None or sweep.description.hard.confused
        bands = _have_room(curves, console.width)
        narrow = narrow or not bands
        console.print(Text(f"{lead}{_head(order, curves, confused)}{'; 95 % interval' if bands else ''}"))
        _print(curves, lambda point: point.band, console)
        if len(curves[0].points) > 1:
            console.print(Text(f"\nThe same on the images of the {least} classes of the smallest sets alone"))
            _print(curves, lambda point: point.same, console)
        lead = "\n"
    if narrow:
        console.print(Text(not_shown(["95 % intervals"])))


def _head(order: Order, curves: Sequence[Curve], confused: bool) -> str:
    draws = max(len(point.by_draw) for curve in curves for point in curve.points)
    if order == "random":
        mean = f", mean of {draws} draws" if draws > 1 else ""
        return f"Accuracy by number of classes, random sets{mean}"
    which = "most confused classes first" if confused else "none confused, so sets at random"
    return f"Accuracy by number of classes, {which}"


def _print(curves: Sequence[Curve], band_of: _BandOf, console: Console) -> None:
    """One table; intervals are left out where they do not fit, numbers never."""
    counts = [point.count for point in curves[0].points]
    bands = _have_room(curves, console.width)
    cell = max(_BAND if bands else _MEAN, *(len(str(count)) for count in counts))
    models, strategies, rooms = _names(curves, console.width - 1 - len(counts) * (cell + 1))
    coloured = not console.no_color
    table = Table(box=None, pad_edge=False, header_style="bold" if coloured else "", padding=(0, 1, 0, 0))
    for title, room in zip(("Model", "Strategy"), rooms, strict=True):
        table.add_column(title, overflow="fold", width=room)
    for count in counts:
        table.add_column(str(count), justify="right", no_wrap=True, width=cell)
    for curve in curves:
        found = [band_of(point) for point in curve.points]
        style = "yellow" if coloured and any(point.open for point in curve.points) else ""
        names = models[one_line(curve.model)], strategies[one_line(curve.strategy)]
        table.add_row(
            *map(Text, names), *(Text("–" if each is None else f"{each.accuracy:.3f}") for each in found), style=style
        )
        if bands:
            table.add_row("", "", *map(_interval, found), style="dim" if coloured else "")
    table.add_row("guessing", "", *(f"{1 / count:.3f}" for count in counts))
    console.width = max(console.width, sum(rooms) + 1 + len(counts) * (cell + 1))
    console.print(table)


def _have_room(curves: Sequence[Curve], width: int) -> bool:
    """Whether intervals fit a table of so many columns."""
    return width >= _LEAST_MODEL + _LEAST_STRATEGY + 1 + len(curves[0].points) * (_BAND + 1)


def _names(curves: Sequence[Curve], room: int) -> tuple[dict[str, str], dict[str, str], tuple[int, int]]:
    """The shown names of models and strategies, and the widths that these take of the room."""
    models, strategies = ([one_line(name) for name in names] for names in zip(*map(_title, curves), strict=True))
    strategy_room = max(min(max(map(cell_len, strategies)), room * 2 // 5), _LEAST_STRATEGY)
    model_room = max(room - strategy_room, _LEAST_MODEL)
    shown = model_cells(models, model_room), strategy_cells(strategies, strategy_room)
    return *shown, (widest((*shown[0].values(), "guessing")), widest((*shown[1].values(), "Strategy")))


def _title(curve: Curve) -> tuple[str, str]:
    return curve.model, curve.strategy


def _interval(band: Band | None) -> str:
    """Such as .85–.90: an accuracy of 1 is 1.0."""
    return (
        ""
        if band is None
        else "–".join(f"{end:.2f}".lstrip("0") if end < 0.995 else "1.0" for end in (band.low, band.high))
    )


def sweep_notes(results: Results, sweep: SweepResults) -> Iterator[str]:
    """What is to be known of the figures, each on a line."""
    needed, asked = results.store.sharing()
    if asked < needed:
        yield f"{needed} questions about images were needed and {asked} asked: rows share the answers to equal ones"
    if (hard := sweep.description.hard) and any(curve.order == "hard" for curve in sweep.curves):
        of = f"of {len(hard.base.names)} classes"
        if hard.confused:
            chosen = f"the hard sets are those {of} that the models of this folder confuse most"
            yield f"{chosen}; the same errors choose them and count in them, so their figures are pessimistic"
        else:
            yield f"no two {of} were taken for each other, so the hard sets are random ones"
    selections = {row.number: row.selection for row in results.rows}
    if torn := sum(len({selections[number] for number in rows}) > 1 for rows in sweep.rows.values()):
        yield f"rows of {torn} sets are not about the same images: the same command for all models asks what is missing"


def sweep_data(results: Results) -> dict[str, Any]:
    """The section `sweep` of `results.json`; nothing where the folder has no sweep."""
    sweep = sweep_of(results)
    if sweep is None:
        return {}
    needed, asked = results.store.sharing()
    hard = sweep.description.hard
    return {
        "sweep": {
            "seed": sweep.description.seed,
            "points": [
                {
                    "order": each.order,
                    "count": each.count,
                    "draw": each.draw,
                    "rows": rows,
                    "classes": each.classes.names,
                }
                for each, rows in sweep.rows.items()
            ],
            "curves": [
                {
                    **{name: getattr(curve, name) for name in ("model", "strategy", "order")},
                    "points": [*map(_point, curve.points)],
                }
                for curve in sweep.curves
            ],
            "hard_order": hard and {"of": len(hard.base.names), "confused": hard.confused, "classes": hard.order},
            "questions_needed": needed,
            "questions_asked": asked,
        }
    }


def _point(point: Point) -> dict[str, Any]:
    known = [each for each in point.by_draw if each is not None]
    return {
        "count": point.count,
        "chance": 1 / point.count,
        **_ends("accuracy", point.band),
        "accuracy_by_draw": point.by_draw,
        "accuracy_least": min(known, default=None),
        "accuracy_most": max(known, default=None),
        **_ends("accuracy_same_images", point.same),
        "macro_f1": point.macro_f1,
        "rows": tuple(dict.fromkeys(point.rows)),
        "without_answer": point.open,
    }


def _ends(name: str, band: Band | None) -> dict[str, float | None]:
    values = dataclasses.astuple(band) if band else (None,) * 3
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
