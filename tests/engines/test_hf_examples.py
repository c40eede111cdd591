"""Prompts with labelled examples: several pictures in one prompt, by families that take them and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from local_models import altered, ask, load, varied
from test_hf_sharing import assert_equal, furthest

from snellen.exemplars import Exemplars
from snellen.images import Image
from snellen.strategies.closed_set import Strategy
from snellen.types import PHOTO, Choose, Classes, Failure, Question, Scores

pytest.importorskip("torch")
pytest.importorskip("transformers")

Checkpoint = Callable[[str], Path]
CLASSES = Classes(("cup", "bat", "bat wing"))
PLAIN = Choose((PHOTO, "Is it a cup?"), ("yes", "no"))


def questions(photos: list[Image], exemplars: Exemplars) -> list[tuple[Image, Question]]:
    """What closed-set asks in its different ways, the same words after each picture."""
    ways = (Strategy(max_tokens=3, votes=2), Strategy(answer="choose"), Strategy(answer="choose", image="last"))
    return [
        (photo, question)
        for number, photo in enumerate(photos)
        for way in ways
        for question in next(way.inquire(CLASSES, exemplars, Random(number)))
    ]


@pytest.mark.parametrize("family", ["idefics3", "qwen2_vl"])
def test_prompts_with_examples_are_answered_alike_with_shared_beginnings(checkpoint: Checkpoint, family: str) -> None:
    pictures = varied(5)
    exemplars = tuple(zip(pictures[:3], CLASSES.names, strict=True))
    asked = questions(pictures[3:], exemplars)
    plain = ask(load(checkpoint(family), batch_size=4, prefix_sharing="off"), asked)
    engine = load(checkpoint(family), batch_size=4)
    assert engine.facts()["prefix_sharing"] == "on"
    assert_equal(plain, ask(engine, asked))
    share = engine.facts()["computed_tokens_share"]
    assert share < 0.6  # examples and photo are computed once for all questions about the photo
    without = ask(engine, questions(pictures[3:], ()))
    turned = ask(engine, questions(pictures[3:], (exemplars[2], *exemplars[:2])))
    assert furthest(plain, without) > 1e-3 and furthest(plain, turned) > 1e-4  # the examples are seen, in their order


@pytest.mark.parametrize("family", ["llava", "llava_onevision"])
def test_a_template_that_gathers_the_pictures_tells_examples_from_nothing_and_is_refused(
    checkpoint: Checkpoint, family: str
) -> None:
    pictures = varied(4)
    exemplars = tuple(zip(pictures[:3], CLASSES.names, strict=True))
    asked: list[Any] = [*questions(pictures[3:], exemplars), (pictures[3], PLAIN)]
    *failed, answered = ask(load(checkpoint(family)), asked)
    assert isinstance(answered, Scores)
    assert {"does not leave the 4 pictures of a prompt between the texts" in failure.reason for failure in failed} == {
        True
    }


def test_a_model_that_takes_one_picture_says_so_and_answers_the_rest(checkpoint: Checkpoint, tmp_path: Path) -> None:
    one_picture = (
        "{% for message in messages %}{{ message.role | upper }}: {% for part in message.content %}"
        "{% if part.type == 'image' %}{% if loop.index > 1 %}{{ raise_exception('one picture at most') }}{% endif %}"
        "<image>\n{% else %}{{ part.text }}{% endif %}{% endfor %} {% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )
    folder = altered(checkpoint("llava"), tmp_path / "one", chat_template__jinja=one_picture)
    pictures = varied(4)
    exemplars = tuple(zip(pictures[:3], CLASSES.names, strict=True))
    asked: list[Any] = [*questions(pictures[3:], exemplars), (pictures[3], PLAIN)]
    for sharing in ("auto", "off"):
        *failed, answered = ask(load(folder, prefix_sharing=sharing), asked)
        assert isinstance(answered, Scores)
        for failure in failed:
            assert isinstance(failure, Failure)
            assert "cannot be put to the model" in failure.reason and "one picture at most" in failure.reason
