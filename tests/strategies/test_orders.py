"""The orders of class names that a row tells are those that its prompts have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from inquiries import told

from snellen.images import Image
from snellen.rows import Row
from snellen.specs import strategy_plan
from snellen.types import Answer, Choose, Classes, Generate, Question, Scores, Text

CLASSES = Classes(("cat", "dog", "bird", "cow", "clutter"), "clutter")
IMAGES = [Image(Path(), digest=f"{number:064x}") for number in range(4)]


def row(spec: Mapping[str, Any], seed: int = 5) -> Row:
    return Row(strategy_plan(spec).strategy, CLASSES, seed)


def no(question: Question) -> Answer:
    if isinstance(question, Choose):
        return Scores(question.choices, tuple(-9.0 * (choice.lower() == "yes") for choice in question.choices))
    return Text("no")


def named(question: Question) -> Iterator[str]:
    """The class names of a prompt in their order."""
    assert isinstance(question, Generate | Choose)
    text = " ".join(part for part in question.prompt if isinstance(part, str))
    yield from re.findall("|".join(CLASSES.names), text)


@pytest.mark.parametrize(
    ("spec", "orders"),
    [
        ({"strategy": "closed-set"}, 1),
        ({"strategy": "closed-set", "votes": 5}, 5),
        ({"strategy": "closed-set", "votes": 3, "answer": "choose"}, 3),
        ({"strategy": "closed-set", "order": "given"}, 1),
        ({"strategy": "likelihood"}, 1),
        ({"strategy": "letters", "debias": "none"}, 1),
        ({"strategy": "letters", "answer": "generate"}, 1),
    ],
    ids=str,
)
def test_lists_stand_in_the_prompts_as_they_are_told(spec: Mapping[str, Any], orders: int) -> None:
    for image in IMAGES:
        (questions,) = told(row(spec).inquire(image), no)[1]
        assert [tuple(named(question)) for question in questions] == list(row(spec).orders(image))
        assert len(questions) == orders


@pytest.mark.parametrize("options", [{}, {"ahead": 3}, {"answer": "choose"}], ids=str)
def test_classes_are_asked_about_in_the_order_that_is_told(options: Mapping[str, Any]) -> None:
    for image in IMAGES:
        asking = row({"strategy": "binary", **options})
        _, rounds = told(asking.inquire(image), no)
        (order,) = asking.orders(image)
        assert [name for questions in rounds for question in questions for name in named(question)] == list(order)
        assert sorted(order) == sorted(CLASSES.foreground)


@pytest.mark.parametrize(
    "spec",
    [
        {"strategy": "likelihood", "prompt": "open"},
        {"strategy": "binary", "decide": "argmax"},
        {"strategy": "tournament"},
        {"strategy": "zero-shot"},
    ],
    ids=str,
)
def test_where_no_order_is_known_before_the_answers_none_is_told(spec: Mapping[str, Any]) -> None:
    assert list(row(spec).orders(IMAGES[0])) == []


def test_an_order_depends_on_the_seed_and_the_image_alone() -> None:
    spec = {"strategy": "closed-set"}
    found = [row(spec, seed).orders(image) for seed in (0, 1) for image in IMAGES]
    assert found == [row(spec, seed).orders(image) for seed in (0, 1) for image in IMAGES]
    assert len({tuple(order) for (order,) in found}) > 4
