"""How near vectors are to classes, against plain computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.placing import Placed
from snellen.runner import replay
from snellen.types import EmbedText, Preparation, Vector
from snellen.vectors import ClassVectors, best, class_texts, embedded_classes, unit

NUMBERS = st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3)


def classes(scale: float | None = None, bias: float | None = None) -> ClassVectors:
    return ClassVectors(("cat", "dog"), unit(np.asarray([[3, 4, 0], [0, 0, 2]], dtype=np.float32)), scale, bias)


def test_without_a_scale_scores_are_cosines() -> None:
    assert classes().scores(Vector((6, 8, 0))) == pytest.approx({"cat": 1.0, "dog": 0.0}, abs=1e-6)


def test_a_scale_makes_texts_compete_and_a_bias_judges_each_apart() -> None:
    photo = Vector((6, 8, 10))
    near = 1 / math.sqrt(2)
    assert classes(5.0).scores(photo) == pytest.approx({"cat": 0.5, "dog": 0.5}, abs=1e-6)
    expected = 1 / (1 + math.exp(-(5 * near - 3)))
    assert classes(5.0, -3.0).scores(photo) == pytest.approx({"cat": expected, "dog": expected}, abs=1e-6)


@given(NUMBERS, st.floats(0.1, 100), st.booleans())
def test_scores_order_classes_as_cosines_do_and_stay_finite(values: list[float], scale: float, apart: bool) -> None:
    scores = classes(scale, -10.0 if apart else None).scores(Vector(values))
    cosines = classes().cosines(Vector(values))
    assert all(0 <= score <= 1 for score in scores.values())
    if not apart:
        assert sum(scores.values()) == pytest.approx(1)
    nearer, farther = ("cat", "dog") if cosines[0] >= cosines[1] else ("dog", "cat")
    assert scores[nearer] >= scores[farther]
    assert classes(scale).nearest(Vector(values), 1) == (nearer,)


def test_texts_of_a_class_are_joined_as_the_mean_of_unit_vectors() -> None:
    given = {"a cat": (2, 0, 0), "one cat": (0, 5, 0), "a dog": (0, 0, 7)}
    asking = embedded_classes({"cat": ["a cat", "one cat"], "dog": ["a dog"]}, to="encoder")
    questions = next(asking)
    assert questions == [EmbedText(text, "encoder") for text in given]
    with pytest.raises(StopIteration) as stop:
        asking.send([Vector(given[each.text], scale=4.0, bias=-1.0) for each in questions])  # type: ignore[union-attr]
    found: ClassVectors = stop.value.value
    half = 1 / math.sqrt(2)
    assert found.matrix == pytest.approx(np.asarray([[half, half, 0], [0, 0, 1]]), abs=1e-6)
    assert (found.names, found.scale, found.bias) == (("cat", "dog"), 4.0, -1.0)


def test_texts_are_asked_for_in_rounds_of_whole_classes() -> None:
    texts = {f"class {place}": [f"{place} {number}" for number in range(80)] for place in range(20)}
    asking = embedded_classes(texts)
    rounds: list[int] = []

    def lookup(placed: Placed) -> Vector:
        assert isinstance(placed.question, EmbedText)
        return Vector([1, 0] if placed.question.text.startswith("7 ") else [0, 1])

    def counted() -> Preparation:
        questions = next(asking)
        while True:
            rounds.append(len(questions))
            answers = yield questions
            try:
                questions = asking.send(answers)
            except StopIteration as stop:
                return stop.value

    found, asked = replay(counted(), None, lookup) or (None, 0)
    assert asked == 1600
    assert rounds == [560, 560, 480]
    assert found.matrix.argmax(axis=1).tolist() == [1] * 7 + [0] + [1] * 12


def test_a_class_may_have_a_text_of_its_own() -> None:
    assert class_texts(["{x}", "clutter"], ["a {name}."], {"clutter": "a mess"}) == {
        "{x}": ["a {x}."],
        "clutter": ["a mess"],
    }


def test_vectors_of_another_size_are_refused_and_one_of_nothing_is_near_to_none() -> None:
    with pytest.raises(ValueError, match="a vector of 2 values cannot be compared with 3"):
        classes().scores(Vector((1, 2)))
    assert classes(5.0).scores(Vector((0, 0, 0))) == {"cat": 0.5, "dog": 0.5}
    assert best({"cat": 0.5, "dog": 0.5}) == "cat"
