"""closed-set with labelled examples before the photo."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from inquiries import listed, text_of, told

from snellen import plugins
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.strategies.closed_set import Strategy
from snellen.types import PHOTO, Choose, Classes, Example, Scores, Text

CLASSES = Classes(("cat", "dog", "bird"))
ASKED = (
    "Question: Answer this question in one word: What type of object is in this photo? "
    "Choose one from cat, dog, bird. Answer:"
)


def shots(count: int, names: tuple[str, ...] = CLASSES.names) -> list[Example]:
    """`count` examples of each class, class by class."""
    return [Example(f"{name} {i}", Image(data=f"{name} {i}".encode()), name) for name in names for i in range(count)]


def prompts(given: list[Example], seed: int = 0, **options: Any) -> list[tuple[Any, ...]]:
    """The prompts about a photo, after the preparation, which asks nothing."""
    strategy = Strategy(shots=len(given) // 3, **options)
    known, rounds = told(strategy.prepare(CLASSES, given), lambda _: Text(""))
    assert rounds == []
    _, (questions,) = told(strategy.inquire(CLASSES, known, Random(seed)), answer)
    return [question.prompt for question in questions]


def answer(question: Any) -> Text | Scores:
    if isinstance(question, Choose):
        return Scores(question.choices, (0.0, *[-math.inf] * (len(question.choices) - 1)))
    return Text("cat")


def test_each_example_is_a_picture_the_question_and_its_label_and_the_photo_comes_last() -> None:
    given = shots(2)
    (prompt,) = prompts(given, order="given")
    assert prompt[-2:] == (PHOTO, ASKED)
    pictures, texts = prompt[:-2:2], prompt[1:-2:2]
    labels = {shot.image: shot.label for shot in given}
    assert set(pictures) == set(labels) and len(pictures) == 6
    assert texts == tuple(f"{ASKED} {labels[picture]}\n" for picture in pictures)


def test_the_picture_may_come_behind_the_question() -> None:
    (prompt,) = prompts(shots(1), order="given", image="last")
    assert prompt[-2:] == (ASKED, PHOTO)
    assert prompt[0:-2:3] == (ASKED,) * 3
    assert [f"{shot.label}\n" for shot in shots(1) for part in prompt if part == shot.image] == [
        "cat\n",
        "dog\n",
        "bird\n",
    ]
    assert all(prompt[at + 1] == f"{shot.label}\n" for shot in shots(1) for at in [prompt.index(shot.image)])


def test_all_prompts_begin_with_the_same_examples_in_a_mixed_order() -> None:
    given = shots(3)
    asked = [prompt for seed in range(6) for prompt in prompts(given, seed, votes=3)]
    assert {prompt[:-1] for prompt in asked} == {asked[0][:-1]}
    assert len({prompt[-1] for prompt in asked}) > 3  # the photo's own list is shuffled
    labels = [text.rsplit(maxsplit=1)[-1] for text in asked[0][1:-2:2]]
    assert sorted(labels) == ["bird"] * 3 + ["cat"] * 3 + ["dog"] * 3
    assert labels != sorted(labels, key=CLASSES.names.index)


def test_without_examples_the_prompt_is_what_it_was() -> None:
    strategy = Strategy(votes=3)
    known, rounds = told(strategy.prepare(CLASSES, ()), lambda _: Text(""))
    assert (known, rounds) == ((), [])
    with_none = told(strategy.inquire(CLASSES, None, Random(0)), answer)
    assert told(strategy.inquire(CLASSES, known, Random(0)), answer) == with_none
    assert all(len(question.prompt) == 2 for question in with_none[1][0])


def test_examples_go_with_probabilities_too() -> None:
    strategy = Strategy(shots=1, answer="choose")
    known, _ = told(strategy.prepare(CLASSES, shots(1)), lambda _: Text(""))
    prediction, ((question,),) = told(strategy.inquire(CLASSES, known, Random(0)), answer)
    assert isinstance(question, Choose) and len(question.prompt) == 8
    assert sorted(listed(question)) == sorted(CLASSES.names) and text_of(question).endswith("Answer:")
    assert prediction.label == "cat"


def test_shots_are_a_count() -> None:
    made = plugins.configure(plugins.load("strategies", "closed-set").Strategy, {"shots": "2"}, "closed-set")
    assert made == Strategy(shots=2)
    with pytest.raises(WrongUse, match="shots"):
        plugins.configure(plugins.load("strategies", "closed-set").Strategy, {"shots": -1}, "closed-set")
