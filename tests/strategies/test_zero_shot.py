"""zero-shot: which texts stand for the classes, and what is concluded from vectors."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from snellen import plugins
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.placing import Placed
from snellen.rows import Row
from snellen.runner import replay
from snellen.strategies.nearest_centroid import Strategy as NearestCentroid
from snellen.strategies.zero_shot import Strategy
from snellen.types import Classes, EmbedText, Example, Outcome, Prediction, Vector
from snellen.vectors import ClassVectors, unit

CLASSES = Classes(("cat", "dog", "clutter"), "clutter")
PHOTO, SHOTS = Image(data=b"photo"), [Image(data=b"%d" % place) for place in range(3)]


def concluded(row: Row, photo: tuple[float, ...]) -> tuple[Prediction, list[str]]:
    """The prediction about a photo of this vector, and the texts asked for; cats point along x, dogs along y."""
    read: list[str] = []

    def lookup(placed: Placed) -> Vector:
        if isinstance(placed.question, EmbedText):
            read.append(placed.question.text)
            along = ["cat" in read[-1], "dog" in read[-1], "mess" in read[-1]]
            return Vector([*map(float, along), 0.1], scale=20.0)
        if placed.image == PHOTO:
            return Vector(photo)
        return Vector([float(placed.image == shot) for shot in SHOTS] + [0.1])

    state, _ = replay(row.prepare(), None, lookup) or (None, 0)
    prediction, _ = replay(dataclasses.replace(row, known=state).inquire(PHOTO), PHOTO, lookup) or (None, 0)
    assert isinstance(prediction, Prediction)
    return prediction, read


def zero_shot(photo: tuple[float, ...] = (1, 0, 0, 0), **options: Any) -> tuple[Prediction, list[str]]:
    strategy = plugins.configure(Strategy, options, "zero-shot")
    return concluded(Row(strategy, CLASSES, 0), photo)


def test_the_nearest_class_is_predicted_with_the_probability_of_each() -> None:
    prediction, read = zero_shot()
    assert read == ["a photo of a cat.", "a photo of a dog.", "a photo of a clutter."]
    assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)
    assert prediction.scores is not None and sum(prediction.scores.values()) == pytest.approx(1)


def test_the_background_may_have_a_text_of_its_own() -> None:
    prediction, read = zero_shot((0, 0, 1, 0), background="a mess")
    assert read[-1] == "a mess" and prediction.label == "clutter"
    with pytest.raises(WrongUse, match="needs a background class"):
        Strategy(background="a mess").check(Classes(("cat", "dog")))


def test_each_class_has_all_templates() -> None:
    _, read = zero_shot(templates=("one {name}", "two {name}s"))
    assert read == ["one cat", "two cats", "one dog", "two dogs", "one clutter", "two clutters"]


def test_where_scores_end_at_one_the_nearer_class_is_still_the_nearer() -> None:
    known = ClassVectors(("cat", "dog"), unit(np.asarray([[1, 0.2], [1, 0]], dtype=np.float32)), 100.0, -10.0)
    row = Row(Strategy(), Classes(("cat", "dog")), 0, known=known)
    prediction, _ = replay(row.inquire(PHOTO), PHOTO, lambda placed: Vector((1.0, 0.0))) or (None, 0)
    assert isinstance(prediction, Prediction)
    assert prediction.scores == {"cat": 1.0, "dog": 1.0} and prediction.label == "dog"


def test_a_vector_of_zeros_is_near_to_no_class() -> None:
    prediction, _ = zero_shot((0, 0, 0, 0))
    assert (prediction.label, prediction.outcome) == (None, Outcome.OUT_OF_LIST)
    shots = tuple(Example(name, image, name) for name, image in zip(CLASSES.names, SHOTS, strict=True))
    row = Row(NearestCentroid(shots=1), CLASSES, 0, shots)
    assert concluded(row, (0, 0, 0, 0))[0].label is None
    assert concluded(row, (0, 1, 0, 0))[0].label == "dog"
