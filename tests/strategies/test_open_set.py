"""The open-set strategy: what it asks, and how it reads captions and boxes."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen import plugins
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.placing import Placed
from snellen.plan import DEFAULT_STRATEGIES, strategy_plan
from snellen.rows import Row
from snellen.runner import replay
from snellen.strategies.open_set import Strategy
from snellen.types import (
    PHOTO,
    Answer,
    Classes,
    EmbedText,
    Finish,
    Generate,
    Outcome,
    Prediction,
    Question,
    Text,
    Vector,
)

CLASSES = Classes(("cat", "dog", "sports car", "background"), "background")


def ask(text: str, strategy: Strategy | None = None, finish: Finish = Finish.STOP) -> tuple[Prediction, Question]:
    """The prediction from an answer, and the one question that led to it."""
    inquiry = (strategy or Strategy()).inquire(CLASSES, None, Random(0))
    (question,) = next(inquiry)
    with pytest.raises(StopIteration) as stop:
        inquiry.send([Text(text, finish)])
    return stop.value.value, question


def read(text: str, finish: Finish = Finish.STOP) -> tuple[str | None, Outcome]:
    prediction, _ = ask(text, finish=finish)
    return prediction.label, prediction.outcome


def test_the_question_is_the_published_one() -> None:
    assert ask("cat")[1] == Generate((PHOTO, "What type of object is in this photo?"), 50)


def test_prompts_are_sent_as_they_are() -> None:
    strategy = strategy_plan("open-set,prompt=<CAPTION>,max_tokens=9").strategy
    assert isinstance(strategy, Strategy)
    assert ask("cat", strategy)[1] == Generate((PHOTO, "<CAPTION>"), 9)
    assert ask("cat", Strategy("a photo of", image="last"))[1] == Generate(("a photo of", PHOTO), 50)


def test_an_empty_prompt_shows_the_photo_alone() -> None:
    strategy = strategy_plan("open-set,prompt=").strategy
    assert isinstance(strategy, Strategy)
    assert ask("cat", strategy)[1] == Generate((PHOTO,), 50)


def test_wrong_options_are_told() -> None:
    for options in ({"max_tokens": 0}, {"image": "middle"}, {"template": "What?"}):
        with pytest.raises(WrongUse):
            plugins.configure(Strategy, options, "open-set")


def test_it_is_asked_only_when_it_is_named() -> None:
    assert "open-set" not in DEFAULT_STRATEGIES


@pytest.mark.parametrize(
    ("text", "label", "outcome"),
    [
        ("cat", "cat", Outcome.EXACT),
        ("A cat.", "cat", Outcome.NORMALISED),
        ("a red sports car parked on a street", "sports car", Outcome.MENTIONED),
        ("two cats lying on a couch", "cat", Outcome.MENTIONED),
        ("a cat and a dog on a couch", None, Outcome.AMBIGUOUS),
        ("a caterpillar on a leaf", None, Outcome.OUT_OF_LIST),
        ("", None, Outcome.EMPTY),
        ("I'm sorry, I cannot help with that.", None, Outcome.REFUSED),
    ],
)
def test_captions_are_read_by_whole_names(text: str, label: str | None, outcome: Outcome) -> None:
    assert read(text) == (label, outcome)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("background", "background"),
        ("Background.", "background"),
        ("a dog on a white background", "dog"),
        ("a lamp on a white background", None),
        ("an empty street", None),
    ],
)
def test_the_background_is_an_answer_only_by_itself(text: str, label: str | None) -> None:
    assert read(text)[0] == label


def test_an_answer_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    assert read("a dog on a", Finish.LENGTH) == ("dog", Outcome.MENTIONED)
    assert read("a red sports", Finish.LENGTH) == (None, Outcome.TRUNCATED)


SMALL, LARGE = "<loc_100><loc_100><loc_300><loc_300>", "<loc_0><loc_200><loc_900><loc_999>"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"dog{SMALL}cat{LARGE}", "cat"),
        (f"cat{LARGE}dog{SMALL}", "cat"),
        (f"dog{SMALL}{LARGE}cat{SMALL}", "dog"),  # a label with two boxes
        (f"tree{LARGE}cat{SMALL}", None),  # what is largest is none of the classes
        (f"dog{SMALL}<loc_1><loc_2>", "dog"),
        (f"dog{SMALL}cat<loc_0><loc_0><loc_999>", "dog"),  # cut before the box was whole
        (f"a small dog with a ball{SMALL}", "dog"),
        (f" dog{SMALL}\nwall", "dog"),
        ("cat<loc_5>", "cat"),  # no box at all: the label is read as a text
        ("dog<loc_900><loc_900><loc_0><loc_0>", "dog"),
    ],
)
def test_of_things_with_boxes_the_largest_is_read(text: str, label: str | None) -> None:
    assert read(text)[0] == label


def test_a_whole_box_counts_where_the_answer_was_cut_off() -> None:
    assert read(f"dog{SMALL}wall<loc_1>", Finish.LENGTH) == ("dog", Outcome.EXACT)
    assert read(f"dog{SMALL}", Finish.REFUSED) == (None, Outcome.REFUSED)


def test_details_repeat_what_was_said() -> None:
    assert ask("a lamp")[0].details == {"said": "a lamp", "contains": []}
    assert ask(f"dog{SMALL}cat{LARGE}")[0].details == {
        "said": "cat",
        "contains": ["cat"],
        "box": [0, 200, 900, 999],
    }
    said = ask("word " * 100)[0].details["said"]
    assert len(said) == 200 and said.endswith("…")


corner = st.integers(0, 999)
boxes = st.lists(
    st.tuples(st.sampled_from(["cat", "dog", "tree"]), corner, corner, corner, corner), min_size=1, max_size=6
)


@given(boxes)
def test_the_box_that_is_read_is_none_smaller_than_any_other(things: list[tuple[str, int, int, int, int]]) -> None:
    text = "".join(f"{name}<loc_{a}><loc_{b}><loc_{c}><loc_{d}>" for name, a, b, c, d in things)
    areas = [max(0, c - a) * max(0, d - b) for _, a, b, c, d in things]
    first = things[areas.index(max(areas))]
    prediction, _ = ask(text)
    assert (prediction.details["said"], prediction.details["box"]) == (first[0], list(first[1:]))
    assert prediction.label == (first[0] if first[0] in CLASSES.names else None)


# Mapped by an encoder

VECTORS = {
    "cat": (1, 0, 0),
    "dog": (0, 1, 0),
    "sports car": (0, 0, 1),
    "a kitty": (3, 1, 0),
    "racer": (0, 1, 9),
    "?": (0, 0, 0),
}


def mapped(said: str, **options: Any) -> Prediction:
    """The prediction with an encoder that knows these words."""
    row = Row(Strategy(encoder="text/x", **options), CLASSES, 0)

    def lookup(placed: Placed) -> Answer:
        question = placed.question
        if isinstance(question, EmbedText):
            assert question.to == "encoder"
            return Vector(VECTORS[question.text])
        return Text(said)

    state, _ = replay(row.prepare(), None, lookup) or (None, 0)
    photo = Image(data=b"photo")
    prediction, _ = replay(dataclasses.replace(row, known=state).inquire(photo), photo, lookup) or (None, 0)
    assert isinstance(prediction, Prediction)
    return prediction


@pytest.mark.parametrize(
    ("said", "label", "outcome", "raw"),
    [
        ("cat", "cat", Outcome.EXACT, "cat"),
        ("a kitty", "cat", Outcome.MAPPED, None),
        (" racer\n", "sports car", Outcome.MAPPED, None),
        ("?", None, Outcome.EMPTY, None),
        ("background", "background", Outcome.EXACT, "background"),
        ("I cannot help with that.", None, Outcome.REFUSED, None),
    ],
)
def test_what_names_no_class_is_mapped_to_the_nearest_and_the_raw_reading_stays(
    said: str, label: str | None, outcome: Outcome, raw: str | None
) -> None:
    prediction = mapped(said)
    assert (prediction.label, prediction.outcome, prediction.details["raw"]) == (label, outcome, raw)


def test_below_the_threshold_an_answer_stays_unread() -> None:
    assert mapped("a kitty", threshold=0.94).label == "cat"
    far = mapped("a kitty", threshold=0.95)
    assert (far.label, far.outcome) == (None, Outcome.OUT_OF_LIST)
    assert far.details["similarity"] == pytest.approx(3 / 10**0.5, abs=1e-4)


def test_words_that_the_encoder_does_not_know_are_near_to_no_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VECTORS, "gibberish", (0, 0, 0))
    assert (mapped("gibberish").label, mapped("gibberish").outcome) == (None, Outcome.OUT_OF_LIST)


def test_a_threshold_needs_an_encoder() -> None:
    with pytest.raises(WrongUse, match=r"threshold=0\.5 is for an encoder"):
        plugins.configure(Strategy, {"threshold": 0.5}, "open-set")
