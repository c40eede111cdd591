"""The demo's pictures are always the same, none of those that models learn from, and drawn only when asked."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from unittest import mock

import pytest

from conftest import Said
from snellen import plugins
from snellen.datasets.demo import FIRST_SHOWN, Options, Pictograms, load
from snellen.demo import pictograms
from snellen.errors import WrongUse
from snellen.plan import load_dataset

NAMES = pictograms.CLASSES


def first_of(dataset: Pictograms, count: int) -> dict[str, str]:
    """The digests of the first examples by id."""
    return {example.id: example.image.digest for example in itertools.islice(dataset, count)}


def test_every_class_has_its_pictures() -> None:
    dataset = load("pictograms", Options(pictures=2, size=32))
    assert dataset.name == "demo/pictograms"
    assert (dataset.classes.names, dataset.classes.background) == (NAMES, "background")
    examples = list(dataset)
    assert len(examples) == len(dataset) == 2 * len(NAMES)
    assert [example.label for example in examples] == [name for name in NAMES for _ in range(2)]
    assert [example.id for example in examples[:3]] == [f"{NAMES[0]}/0001", f"{NAMES[0]}/0002", f"{NAMES[1]}/0001"]
    assert {example.image.pixels().size for example in examples[::20]} == {(32, 32)}
    assert len({example.image.digest for example in examples}) == len({example.id for example in examples})


def test_the_pictures_depend_on_seed_class_and_number_alone() -> None:
    few, many = load("pictograms", Options(pictures=3)), load("pictograms", Options(pictures=6))
    assert first_of(few, 3).items() <= first_of(many, 6).items()
    assert first_of(many, 6) == first_of(many, 6)
    assert few.source == many.source
    other = load("pictograms", Options(drawing_seed=1))
    assert not set(first_of(other, 20).values()) & set(first_of(load("pictograms", Options()), 20).values())
    assert len({other.source, few.source, load("pictograms", Options(size=96)).source}) == 3


def test_a_picture_is_that_of_its_number_and_harder_than_most_for_training() -> None:
    number = FIRST_SHOWN + 2_000_000
    with mock.patch.object(pictograms, "draw", wraps=pictograms.draw) as draw:
        pictures = [example.image.pixels() for example in load("pictograms", Options(drawing_seed=2, pictures=1))]
    (name, drawn, size, first), *_ = asked = [call.args for call in draw.call_args_list]
    assert (name, drawn, size) == (NAMES[0], number, pictograms.SIZE)
    assert pictures[0].tobytes() == pictograms.draw(name, number, size, first).tobytes()
    difficulties = [difficulty for *_, difficulty in asked]
    assert min(difficulties) >= 0.45 and max(difficulties) <= 1 and 0.65 < sum(difficulties) / len(difficulties) < 0.8


def test_models_have_learned_from_none_of_the_pictures_shown() -> None:
    shown = {example.image.pixels().tobytes() for example in itertools.islice(load("pictograms", Options()), 20)}
    learned = {pictograms.draw(NAMES[0], number).tobytes() for number in range(20)}
    assert len(shown) == len(learned) == 20 and not shown & learned


def test_seeds_never_share_a_picture_however_many_there_are() -> None:
    most = len(load("pictograms", plugins.configure(Options, {"pictures": 1_000_000}, "demo"))) // len(NAMES)
    with pytest.raises(WrongUse, match="1000000"):
        plugins.configure(Options, {"pictures": most + 1}, "demo")
    with mock.patch.object(pictograms, "draw", wraps=pictograms.draw) as draw:
        for seed in range(3):
            _ = next(iter(load("pictograms", Options(drawing_seed=seed, size=32)))).image.data
    numbers = [call.args[1] for call in draw.call_args_list]
    assert numbers[0] == FIRST_SHOWN and all(b - a >= most for a, b in itertools.pairwise(numbers))


def test_pictures_are_drawn_when_they_are_looked_at() -> None:
    with mock.patch.object(pictograms, "draw", wraps=pictograms.draw) as draw:
        first, *_ = load("pictograms", Options())
        assert draw.call_count == 0
        assert first.image.digest
        assert draw.call_count == 1
    assert pickle.loads(pickle.dumps(first.image)).data == first.image.data  # as it goes to another process


@pytest.mark.parametrize(
    "given",
    [
        *({"pictures": 0}, {"pictures": "many"}, {"size": 31}, {"size": 513}),
        *({"drawing_seed": -1}, {"drawing_seed": 1001}, {"drawing_seeds": 1}),
    ],
    ids=str,
)
def test_options_have_their_limits(given: dict[str, object]) -> None:
    with pytest.raises(WrongUse, match=next(iter(given))):
        plugins.configure(Options, given, "demo")


def test_another_name_is_refused_with_a_hint() -> None:
    for name in ("pictogram", "Pictograms"):
        with pytest.raises(WrongUse, match=f"no data set '{name}' .did you mean 'pictograms'.*demo/pictograms"):
            load(name, Options())
    with pytest.raises(WrongUse, match=r"known: pictograms"):
        load("", Options())


def test_a_spec_names_it_as_others() -> None:
    dataset, spec = load_dataset("demo/pictograms,pictures=1,size=48")
    assert len(dataset) == len(NAMES)
    assert spec == {"path": "demo/pictograms", "pictures": 1, "drawing_seed": 0, "size": 48}
    with pytest.raises(WrongUse, match=r"no option 'picture'.*'pictures'"):
        load_dataset("demo/pictograms,picture=1")


def test_a_command_shows_its_classes(snellen: Callable[..., Said]) -> None:
    said = snellen("datasets", "show", "demo/pictograms,pictures=1,size=32")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith(f"demo/pictograms: {len(NAMES)} images of {len(NAMES)} classes")
    assert [line.split("  ")[1] for line in lines[1 : len(NAMES) + 1]] == list(NAMES)
    assert lines[len(NAMES)].split() == ["background", "1", "background"]
    assert [line for line in lines if line.startswith("note:")] == [
        "note: The name 'tree' is part of 'fir tree' and 'palm tree': an answer of 'tree' alone is read as 'tree'."
    ]
