"""Subsets are nested, even, and depend on nothing but the seed and the names."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.errors import WrongUse
from snellen.images import Image
from snellen.selection import Selection, rank, select
from snellen.types import Classes, Example

PIXEL = Image(data=b"")


@dataclass
class Toy:
    """So many examples of each class, in an order of its own."""

    sizes: dict[str, int]
    background: str | None = None
    order: int = 0
    name: str = "toy"
    source: str = "toy:"
    read: int = 0

    @property
    def classes(self) -> Classes:
        return Classes(tuple(self.sizes), self.background)

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def __iter__(self) -> Iterator[Example]:
        examples = [Example(f"{name}/{i}", PIXEL, name) for name, size in self.sizes.items() for i in range(size)]
        random.Random(self.order).shuffle(examples)
        for example in examples:
            self.read += 1
            yield example


def ids(selection: Selection) -> set[str]:
    found = [example.id for example in selection]
    assert len(found) == len(set(found)) == len(selection)
    return set(found)


def per_label(selection: Selection) -> Counter[str]:
    return Counter(example.label for example in selection)


class_names = st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=3, max_size=12, unique=True)


@st.composite
def toys(draw: st.DrawFn, smallest: int = 0) -> Toy:
    names = draw(class_names)
    sizes = {name: draw(st.integers(smallest, 9)) for name in names}
    return Toy(sizes, draw(st.sampled_from([None, *names])), draw(st.integers(0, 3)))


seeds = st.integers(-5, 10_000)


@given(toys(), seeds)
def test_everything_is_chosen_unless_told_otherwise(toy: Toy, seed: int) -> None:
    whole = select(toy, seed=seed)
    assert whole.classes == toy.classes and len(whole) == len(toy)
    assert [e.id for e in whole] == [e.id for e in toy] == [e.id for e in whole]
    assert (whole.name, whole.source) == (toy.name, toy.source)


@given(toys(), seeds, st.data())
def test_numbers_of_classes_are_nested(toy: Toy, seed: int, data: st.DataObject) -> None:
    large = data.draw(st.integers(2, len(toy.sizes)))
    small = data.draw(st.integers(2, large))
    more, fewer = select(toy, large, seed=seed), select(toy, small, seed=seed)
    assert len(fewer.classes.names) == small
    assert set(fewer.classes.names) <= set(more.classes.names)
    assert [name for name in toy.classes.names if name in fewer.classes.names] == list(fewer.classes.names)
    assert fewer.classes.background == toy.background
    if toy.background is not None:
        assert toy.background in fewer.classes.names
    assert ids(fewer) <= ids(more)
    assert set(per_label(fewer)) <= set(fewer.classes.names)


@given(toys(), seeds, st.data())
def test_lists_of_classes_are_taken_as_they_are(toy: Toy, seed: int, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(list(toy.sizes)), min_size=2, unique=True))
    selection = select(toy, wanted, seed=seed)
    assert list(selection.classes.names) == [name for name in toy.sizes if name in wanted]
    assert selection.classes.background == (toy.background if toy.background in wanted else None)
    assert len(selection) == sum(toy.sizes[name] for name in wanted)


@given(toys(), seeds, st.integers(1, 10), st.integers(0, 5))
def test_images_a_class_are_nested(toy: Toy, seed: int, small: int, more: int) -> None:
    fewer, larger = select(toy, per_class=small, seed=seed), select(toy, per_class=small + more, seed=seed)
    assert ids(fewer) <= ids(larger)
    assert per_label(fewer) == Counter({name: min(size, small) for name, size in toy.sizes.items() if size})


@given(toys(), seeds, st.integers(1, 60), st.integers(0, 20), st.one_of(st.none(), st.integers(1, 6)))
def test_limits_are_nested_and_even(toy: Toy, seed: int, small: int, more: int, per_class: int | None) -> None:
    fewer = select(toy, per_class=per_class, limit=small, seed=seed)
    assert ids(fewer) <= ids(select(toy, per_class=per_class, limit=small + more, seed=seed))
    assert ids(fewer) <= ids(select(toy, per_class=per_class, seed=seed))
    sizes = {name: size if per_class is None else min(size, per_class) for name, size in toy.sizes.items()}
    assert len(fewer) == min(small, sum(sizes.values()))
    counts = per_label(fewer)
    unexhausted = [counts[name] for name, size in sizes.items() if counts[name] < size]
    if unexhausted:
        assert max(counts.values(), default=0) <= min(unexhausted) + 1


@given(toys(smallest=3), seeds, st.data())
def test_a_limit_is_spread_over_the_classes(toy: Toy, seed: int, data: st.DataObject) -> None:
    limit = data.draw(st.integers(1, 3 * len(toy.sizes)))
    counts = per_label(select(toy, limit=limit, seed=seed))
    every = [counts[name] for name in toy.sizes]
    assert sum(every) == limit and max(every) - min(every) <= 1


@given(toys(), seeds, st.integers(1, 5), st.integers(1, 30))
def test_the_choice_does_not_depend_on_the_order(toy: Toy, seed: int, per_class: int, limit: int) -> None:
    turned = Toy(dict(reversed(toy.sizes.items())), toy.background, toy.order + 1)
    for options in ({"per_class": per_class}, {"limit": limit}, {"classes": 2}):
        one, other = (select(data, seed=seed, **options) for data in (toy, turned))
        assert ids(one) == ids(other)
        assert set(one.classes.names) == set(other.classes.names)


def test_other_seeds_choose_otherwise() -> None:
    toy = Toy({f"class {i}": 20 for i in range(40)})
    classes = {select(toy, 10, seed=seed).classes.names for seed in range(10)}
    images = {frozenset(ids(select(toy, per_class=5, seed=seed))) for seed in range(10)}
    limited = {frozenset(ids(select(toy, limit=7, seed=seed))) for seed in range(10)}
    assert len(classes) == len(images) == len(limited) == 10


def test_the_order_by_seed_stays_the_same_for_ever() -> None:
    assert rank(0, "cat") == 102376260321226144768051411389376400811
    toy = Toy(dict.fromkeys("abcdefghij", 1), background="j")
    assert select(toy, 4, seed=0).classes.names == ("a", "d", "f", "j")


def test_reading_ends_with_the_last_chosen_image() -> None:
    toy = Toy({"a": 500, "b": 500})
    selection = select(toy, limit=2)
    toy.read = 0
    assert len(list(selection)) == 2 and toy.read < 1000


def test_a_plain_filter_is_counted_once_and_only_when_asked() -> None:
    toy = Toy({"a": 5, "b": 5, "c": 5})
    selection = select(toy, ["a", "b"])
    assert toy.read == 0
    assert len(selection) == len(selection) == 10 and toy.read == 15


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"classes": 1}, "expected a number from 2 to 3, which the data set has, got 1"),
        ({"classes": 0}, "got 0"),
        ({"classes": -3}, "got -3"),
        ({"classes": 4}, "got 4"),
        ({"classes": "cat"}, "a number or a list of names"),
        ({"classes": ["cat"]}, "expected at least two, got cat"),
        ({"classes": []}, "expected at least two, got none"),
        ({"classes": ["cat", "dgo"]}, "no class 'dgo' (did you mean 'dog'?)"),
        ({"classes": ["cat", "dog", "cat"]}, "'cat' is given 2 times"),
        ({"per_class": 0}, "per_class: expected at least 1, got 0"),
        ({"limit": -1}, "limit: expected at least 1, got -1"),
    ],
)
def test_impossible_choices_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(WrongUse) as raised:
        select(Toy({"cat": 2, "dog": 2, "eel": 2}), **options)  # type: ignore[arg-type]
    assert told in str(raised.value)
