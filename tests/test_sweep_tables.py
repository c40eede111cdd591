"""The tables of a sweep: numbers are never cut, and intervals stand where there is room."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from snellen.class_sets import ClassSet
from snellen.types import Classes
from snellen.verdict.sweep_tables import print_sweep
from snellen.verdict.sweeps import Band, Curve, Description, Point, SweepResults

USUAL = Band(0.876, 0.851, 0.9)
PUBLISHED = (10, 25, 50, 75, 100, 150, 200)


def printed(counts: tuple[int, ...], width: int = 80, band: Band | None = USUAL) -> list[str]:
    points = tuple(Point(count, (0.9, None), band, None, 0.8, (1,), 0) for count in counts)
    names = (("hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16", "closed-set,votes=5"), ("demo/clip", "zero-shot"))
    curves = tuple(Curve(*name, "random", points) for name in names)
    sets = {ClassSet("random", 1, Classes(("a", "b"))): (1,)}
    console = Console(file=io.StringIO(), width=width, no_color=True)
    print_sweep(SweepResults(Description("", 0, tuple(sets)), curves, sets), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_seven_numbers_of_classes_have_their_intervals_in_80_columns() -> None:
    lines = printed(PUBLISHED)
    assert max(map(len, lines)) <= 80
    assert sum(line.count("0.876") for line in lines) == 14
    assert sum(line.count(".85–.90") for line in lines) == 14
    assert lines[1].split() == ["Model", "Strategy", *map(str, PUBLISHED)]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_where_there_is_no_room_intervals_go_and_numbers_stay(width: int) -> None:
    lines = printed((*range(10, 101, 10), 150, 200), width)
    assert sum(line.count("0.876") for line in lines) == 24
    assert not any(".85–.90" in line for line in lines)


def test_what_is_not_answered_is_a_dash_and_all_right_fits() -> None:
    lines = printed((10, 25), band=None)
    assert sum(line.count("–") for line in lines) == 8
    assert sum(line.count(".95–1.0") for line in printed((10, 25), band=Band(1.0, 0.95, 1.0))) == 4
    assert sum(line.count(".00–.05") for line in printed((10, 25), band=Band(0.0, 0.0, 0.05))) == 4
