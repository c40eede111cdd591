"""Labelled examples for strategies: by seed, nested, readable, and never among the chosen."""

from __future__ import annotations

import random

import pytest

from snellen.datasets import shapes
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.selection import Selection, select
from snellen.shots import first, hold_out
from snellen.types import Example
from test_selection import Toy

PICTURES = [example.image for example in shapes.load("", shapes.Options(pictures=8))]


class Drawn(Toy):
    """So many different pictures of each class; some ids are no pictures."""

    broken: frozenset[str] = frozenset()

    def __iter__(self):  # type: ignore[no-untyped-def]
        pictures = dict(zip(sorted(each.id for each in super().__iter__()), PICTURES, strict=False))
        for example in super().__iter__():
            data = b"none" if example.id in self.broken else pictures[example.id].data
            yield Example(example.id, Image(data=data), example.label)


SIZES = {"a": 6, "b": 4, "c": 9}


def chosen(selection: Selection) -> set[str]:
    return {example.id for example in selection}


@pytest.mark.parametrize(("seed", "count", "order", "limit"), [(0, 1, 0, None), (1, 3, 1, 7)])
def test_shots_and_chosen_ones_never_overlap(seed: int, count: int, order: int, limit: int | None) -> None:
    whole = select(Drawn(SIZES, order=order), limit=limit, seed=seed)
    held = hold_out(whole, count)
    shots = {example.id for example in held.shots}
    assert len(shots) == 3 * count
    assert chosen(held) == chosen(whole) - shots
    assert len(held) == len(chosen(held))
    assert [example.label for example in held.shots] == [name for name in SIZES for _ in range(count)]
    again = hold_out(select(Drawn(SIZES, order=order + 1), limit=None, seed=seed), count)
    assert [example.id for example in again.shots] == [example.id for example in held.shots]
    fewer = hold_out(whole, 1)
    assert first(held.shots, 1) == fewer.shots


def test_other_seeds_draw_other_shots() -> None:
    drawn = {hold_out(select(Drawn(SIZES), seed=seed), 2).shots for seed in range(3)}
    assert len(drawn) == 3


def test_unreadable_files_and_copies_are_passed_over() -> None:
    data = Drawn(SIZES)
    before = hold_out(select(data), 3)
    data.broken = frozenset(random.Random(0).sample([shot.id for shot in before.shots if shot.label == "c"], 2))
    after = hold_out(select(data), 3)
    assert not {shot.id for shot in after.shots} & data.broken
    assert data.broken <= chosen(after)  # they are told as unreadable where they are asked about


def test_a_class_too_small_is_told() -> None:
    with pytest.raises(WrongUse, match="the class 'b' has 4"):
        hold_out(select(Drawn(SIZES)), 4)


def test_no_two_shots_are_copies_of_each_other_within_a_class_or_across() -> None:
    class Copied(Drawn):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for example in super().__iter__():
                same = example.id in copies or (twin and example.id == twin)
                yield Example(example.id, Image(data=PICTURES[-1].data) if same else example.image, example.label)

    copies, twin = set[str](), ""
    before = hold_out(select(Copied(SIZES)), 2).shots
    (one, other), (twin, _) = ([shot.id for shot in before if shot.label == label] for label in "ac")
    copies = {one, other}
    after = hold_out(select(Copied(SIZES)), 2).shots
    assert len({shot.image.digest for shot in after}) == 6
    assert one in {shot.id for shot in after} and not {other, twin} & {shot.id for shot in after}
