"""The drawn data set is always the same, varied, and drawn only when asked."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest

from snellen import plugins
from snellen.datasets import shapes
from snellen.datasets.shapes import BACKGROUND, OBJECTS, Options, load
from snellen.errors import WrongUse


def test_every_class_has_its_pictures() -> None:
    dataset = load("", Options(pictures=3, size=40))
    assert dataset.classes.background == BACKGROUND
    assert len(dataset.classes.names) == len(OBJECTS) + 1 == 12
    examples = list(dataset)
    assert len(examples) == len(dataset) == 36
    assert [example.label for example in examples[:4]] == ["arrow"] * 3 + ["circle"]
    assert examples[0].id == "arrow/0001"
    assert all(example.image.pixels().size == (40, 40) for example in examples)
    assert len({example.image.digest for example in examples}) == len({example.id for example in examples}) == 36


def test_the_pictures_depend_on_seed_class_and_number_alone() -> None:
    few, many = load("", Options(pictures=1)), load("", Options(pictures=2))
    digests = {example.id: example.image.digest for example in many}
    assert all(digests[example.id] == example.image.digest for example in few)
    assert few.source == many.source
    other = load("", Options(pictures=1, drawing_seed=1))
    assert not {example.image.digest for example in other} & set(digests.values())
    assert other.source != few.source != load("", Options(size=64)).source


@pytest.mark.parametrize("outline", OBJECTS)
def test_every_object_fits_into_the_unit_circle(outline: object) -> None:
    points = np.array(outline())  # type: ignore[operator]
    assert np.hypot(*points.T).max() <= 1.05
    assert np.hypot(*points.T).max() >= 0.8


def test_pictures_are_drawn_when_their_turn_comes() -> None:
    with mock.patch.object(shapes, "draw", wraps=shapes.draw) as draw:
        assert len(list(itertools.islice(load("", Options()), 2))) == 2
    assert draw.call_count == 2


def test_options_have_their_limits() -> None:
    for given in ({"pictures": 0}, {"size": 8}, {"size": 4096}, {"drawing_seeds": 1}):
        with pytest.raises(WrongUse):
            plugins.configure(Options, given, "shapes")
    with pytest.raises(WrongUse, match="drawn, not read"):
        load("here", Options())
    assert {"folder", "manifest", "shapes"} <= set(plugins.names("datasets"))
