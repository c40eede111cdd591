"""What strategies will ask, by made-up answers."""

from __future__ import annotations

import pytest

from snellen.forecast import forecast
from snellen.images import Image
from snellen.rows import Row
from snellen.specs import strategy_plan
from snellen.types import Classes, Example

CLASSES = Classes(("cat", "dog", "bird", "horse", "cow", "background"), "background")
IMAGES = [Image(data=bytes([number])) for number in range(40)]


def row(strategy: str, classes: Classes = CLASSES) -> Row:
    plan = strategy_plan(strategy)
    shots = tuple(Example(f"{name}{n}", IMAGES[n], name) for name in classes.names for n in range(plan.shots))
    return Row(plan.strategy, classes, 0, shots)


@pytest.mark.parametrize(
    ("strategy", "likely", "most"),
    [
        ("closed-set", 1, 1),
        ("closed-set,votes=5", 5, 5),
        ("closed-set,shots=2", 1, 1),
        ("closed-set,answer=choose,votes=3", 3, 3),
        ("binary,decide=argmax", 5, 5),
        ("cascade,first=demo/classifier,threshold=0", 2, 2),  # though what is made up is always sure enough
        ("cascade,first=demo/classifier,threshold=0,then=(binary,decide=argmax)", 6, 6),
        ("binary-then-choose", 5, 6),
        ("tournament,size=2", 3, 3),
        ("letters", 1, 1),
        ("likelihood,calibrate=blank", 2, 2),
        ("open-set", 1, 1),
        ("vocabulary", 1, 1),
        ("zero-shot", 1, 1),
    ],
)
def test_the_questions_about_an_image_are_counted(strategy: str, likely: int, most: int) -> None:
    found = forecast(row(strategy))
    assert found is not None
    asked = found.likely(IMAGES[0], "cat")
    assert asked is not None and len(asked) == likely
    assert max(map(len, found.longest(IMAGES[0]))) == most


def test_first_yes_asks_half_of_the_classes_on_average_and_all_at_most() -> None:
    found = forecast(row("binary"))
    assert found is not None
    counts = [len(found.likely(image, "cat") or ()) for image in IMAGES]
    assert set(counts) == {1, 2, 3, 4, 5}
    assert 2 < sum(counts) / len(counts) < 4
    assert {max(map(len, found.longest(image))) for image in IMAGES} == {5}
    assert len(found.likely(IMAGES[0], "background") or ()) == 5


def test_what_is_asked_once_is_counted_apart() -> None:
    letters, zero_shot = forecast(row("letters")), forecast(row("zero-shot"))
    assert letters is not None and len(letters.first) == 6
    assert zero_shot is not None and len(zero_shot.first) == 6
