"""The speed of hosted models by the times of their stored answers."""

from __future__ import annotations

from random import Random

import pytest

from snellen.images import Image
from snellen.placing import Placed
from snellen.rows import Row
from snellen.specs import strategy_plan
from snellen.stored_times import Times, attempts, times, timing
from snellen.types import Answer, Classes, Finish, Text, Usage

CLASSES = Classes(("cat", "dog", "bird", "cow"))
PHOTO = Image(data=b"photo")


def asked(spec: str, seconds: list[float | None]) -> Times | None:
    left = list(seconds)

    def lookup(placed: Placed) -> Answer | None:
        return Text("No", usage=Usage(seconds=left.pop(0))) if left else None

    return times(Row(strategy_plan(spec).strategy, CLASSES, 0).inquire(PHOTO), PHOTO, lookup)


def test_an_image_takes_the_longest_answer_of_each_round() -> None:
    assert asked("binary", [1.0, 2.0, 3.0, 4.0]) == Times(10.0, 10.0, 4, 4)
    assert asked("binary,ahead=2", [1.0, 2.0, 3.0, 4.0]) == Times(6.0, 10.0, 4, 4)


def test_an_image_with_an_answer_that_is_not_known_or_was_not_timed_has_no_time() -> None:
    assert asked("binary", [1.0, 2.0]) is None
    assert asked("binary", [1.0, None, 3.0, 4.0]) is None


def test_an_image_takes_as_long_as_it_takes_to_refuse() -> None:
    row = Row(strategy_plan("binary,answer=choose").strategy, CLASSES, 0)
    no = Text("no", Finish.REFUSED, Usage(seconds=1.5))
    assert times(row.inquire(PHOTO), PHOTO, lambda placed: no) == Times(1.5, 1.5, 1, 1)


def test_the_speed_is_that_of_the_answers_in_flight() -> None:
    rng = Random(1)
    found = [Times(1.0 + rng.random() * 1e-6, 2.0) for _ in range(50)]
    row = timing(found, in_flight=8.0)
    assert row.images_per_second == pytest.approx(4.0)
    assert row.latency_p50 == pytest.approx(1.0, abs=1e-5)
    assert (row.timed_images, row.latency_images) == (50, 50)


def test_what_is_not_known_is_not_told() -> None:
    row = timing([], in_flight=None)
    assert (row.images_per_second, row.latency_p50, row.timed_images) == (None, None, 0)
    assert timing([Times(1.0, 1.0)], None).images_per_second is None


def test_how_often_a_question_was_asked_is_a_mean_over_answers() -> None:
    row = Row(strategy_plan("closed-set,votes=2").strategy, CLASSES, 0)
    tries = iter((1, 4, 1, 2))
    lookup = lambda placed: Text("cat", usage=Usage(seconds=1.0, attempts=next(tries)))  # noqa: E731
    found = [each for _ in range(2) if (each := times(row.inquire(PHOTO), PHOTO, lookup))]
    assert [(each.answers, each.attempts) for each in found] == [(2, 5), (2, 3)]
    assert attempts(found) == 2.0
    assert attempts([]) is None
