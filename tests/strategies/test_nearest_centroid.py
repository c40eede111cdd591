"""The nearest centroid: means of unit vectors, compared by the cosine."""

from __future__ import annotations

from random import Random

import pytest

from snellen.images import Image
from snellen.strategies.nearest_centroid import Strategy
from snellen.types import Classes, Example, Vector


def test_a_class_is_the_mean_of_the_unit_vectors_of_its_examples() -> None:
    classes = Classes(("up", "right"))
    shots = [Example(str(n), Image(data=str(n).encode()), label) for n, label in enumerate(["up", "up", "right"])]
    preparing = Strategy(shots=2).prepare(classes, shots)
    next(preparing)
    with pytest.raises(StopIteration) as stop:
        preparing.send([Vector([0, 3]), Vector([-0.1, 0]), Vector([5, 0])])
    inquiry = Strategy(shots=2).inquire(classes, stop.value.value, Random(0))
    next(inquiry)
    with pytest.raises(StopIteration) as stop:
        inquiry.send([Vector([3, 4])])
    # up is the direction between (0, 1) and (-1, 0), however long these two were
    assert stop.value.value.scores == pytest.approx({"up": 0.2 * 0.5**0.5, "right": 0.6})
    assert stop.value.value.label == "right"
