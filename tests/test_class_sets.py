"""Class sets are nested, have the background, and begin with those of a plain run."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.class_sets import Sweep, first_of, hard_sets, random_sets
from snellen.errors import WrongUse
from snellen.selection import select
from snellen.types import Classes
from test_selection import Toy

NAMES = tuple(f"class {number}" for number in range(12))


@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 4))
def test_sets_of_a_draw_are_nested_and_have_the_background(seed: int, background: bool, draws: int) -> None:
    classes = Classes(NAMES, NAMES[5] if background else None)
    sets = random_sets(classes, (2, 3, 7, 12), draws, seed)
    assert [(each.draw, each.count) for each in sets] == [
        (draw, count) for draw in range(1, draws + 1) for count in (2, 3, 7, 12)
    ]
    for one, other in pairwise(sets):
        assert one.draw != other.draw or set(one.classes.names) < set(other.classes.names)
    for each in sets:
        assert each.classes.background == classes.background
        assert [name for name in NAMES if name in each.classes.names] == list(each.classes.names)
        assert not background or NAMES[5] in each.classes.names


def test_the_first_draw_has_the_classes_of_a_run_and_the_others_have_others() -> None:
    toy = Toy(dict.fromkeys(NAMES, 2), background=NAMES[3])
    sets = {(each.draw, each.count): each.classes for each in random_sets(toy.classes, (3, 6), 3, 7)}
    assert sets[1, 3] == select(toy, 3, seed=7).classes
    assert sets[1, 6] == select(toy, 6, seed=7).classes
    assert len({sets[draw, 6] for draw in (1, 2, 3)}) == 3


def test_sets_do_not_change_when_larger_ones_or_more_draws_are_asked_for() -> None:
    classes = Classes(NAMES)
    few = {(each.draw, each.count): each for each in random_sets(classes, (3, 5), 2, 1)}
    many = {(each.draw, each.count): each for each in random_sets(classes, (2, 3, 5, 9), 4, 1)}
    assert {key: many[key] for key in few} == few


def test_hard_sets_take_the_beginning_of_an_order() -> None:
    classes = Classes(("a", "b", "c", "none"), "none")
    assert [each.classes.names for each in hard_sets(classes, (2, 3, 4), ("c", "a", "b"))] == [
        ("c", "none"),
        ("a", "c", "none"),
        ("a", "b", "c", "none"),
    ]
    assert first_of(Classes(("a", "b")), ("b", "a"), 1).names == ("b",)


def test_numbers_are_put_in_order_and_have_defaults_as_far_as_they_go() -> None:
    classes = Classes(NAMES)
    assert Sweep((7, 3, 7)).counts(classes) == (3, 7)
    assert Sweep().counts(classes) == (10, 12)
    assert Sweep().counts(Classes(tuple(map(str, range(257))))) == (10, 25, 50, 75, 100, 150, 200, 257)
    assert Sweep().counts(Classes(("a", "b"))) == (2,)
    with pytest.raises(WrongUse, match=r"13 classes are asked for, and there are 12"):
        Sweep((5, 13)).counts(classes)
    for wrong in ({"class_counts": (1, 5)}, {"draws": 0}):
        with pytest.raises(ValueError, match="expected"):
            Sweep(**wrong)  # type: ignore[arg-type]
