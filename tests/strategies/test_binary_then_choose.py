"""binary-then-choose: one round of yes or no, and a list of the yeses where that does not decide."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inquiries import listed, text_of, told

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.binary_then_choose import Strategy
from snellen.types import PHOTO, Classes, Generate, Outcome, Prediction, Text

CLASSES = Classes(("bat", "bat wing", "clutter", "dog", "ant"), "clutter")
PUBLISHED = Strategy()
NO_BACKGROUND = Classes(("cat", "dog", "bird"))


def ask(
    choice: str = "", classes: Classes = CLASSES, seed: int = 0, strategy: Strategy = PUBLISHED, **said: str
) -> tuple[Prediction, list[list[Any]]]:
    """Says No to every class that is not given otherwise (`_` for a space), and `choice` to the list."""
    texts = {name.replace("_", " "): text for name, text in said.items()}

    def answer(question: Generate) -> Text:
        if "Choose" in text_of(question):
            return Text(choice)
        return Text(texts.get(text_of(question).partition("Is the ")[2].removesuffix(" in this photo?"), "No."))

    return told(strategy.inquire(classes, None, Random(seed)), answer)


def test_all_classes_but_the_background_are_asked_about_in_one_round() -> None:
    prediction, (first,) = ask(dog="Yes")
    words = "Answer the question in one word: yes or no. Is the {} in this photo?"
    assert first == [Generate((PHOTO, words.format(name)), 5) for name in ("bat", "bat wing", "dog", "ant")]
    assert prediction == Prediction("dog", Outcome.CONFIRMED, details={"asked": 4, "unreadable": 0, "yeses": ["dog"]})


def test_of_several_yeses_and_only_of_them_the_model_chooses() -> None:
    prediction, (_, (question,)) = ask("bat wing", bat="yes", bat_wing="Yes.", ant="perhaps")
    assert sorted(listed(question)) == ["bat", "bat wing"]
    assert (prediction.label, prediction.outcome) == ("bat wing", Outcome.EXACT)
    assert prediction.details == {"asked": 4, "unreadable": 1, "yeses": ["bat", "bat wing"]}


def test_the_yeses_are_shuffled_by_the_generator_given() -> None:
    asked = [tuple(listed(ask("bat", seed=seed, bat="yes", dog="yes", ant="yes")[1][1][0])) for seed in range(20)]
    assert len(set(asked)) > 3
    assert asked[5] == tuple(listed(ask("bat", seed=5, bat="yes", dog="yes", ant="yes")[1][1][0]))


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("ant", Outcome.OUT_OF_LIST), ("clutter", Outcome.OUT_OF_LIST), ("cow", Outcome.OUT_OF_LIST),
     ("", Outcome.EMPTY), ("bat or dog", Outcome.AMBIGUOUS), ("a bat wing", Outcome.OUT_OF_LIST)],
)  # fmt: skip
def test_what_is_not_one_of_the_yeses_is_no_answer(said: str, outcome: Outcome) -> None:
    """A "bat wing" that had no yes is not read as the bat that had one."""
    prediction, _ = ask(said, bat="yes", dog="yes")
    assert (prediction.label, prediction.outcome) == (None, outcome)
    assert prediction.details["yeses"] == ["bat", "dog"]


def test_no_yes_is_the_background_or_a_choice_among_all() -> None:
    prediction, rounds = ask(ant="", dog="I cannot tell")
    assert (prediction.label, prediction.outcome, len(rounds)) == ("clutter", Outcome.NONE_CONFIRMED, 1)
    assert prediction.details == {"asked": 4, "unreadable": 2, "yeses": []}
    prediction, (_, (question,)) = ask("A bird.", NO_BACKGROUND)
    assert sorted(listed(question)) == ["bird", "cat", "dog"]
    assert (prediction.label, prediction.outcome) == ("bird", Outcome.NORMALISED)


def test_where_nothing_can_be_read_the_first_outcome_stands() -> None:
    for classes in (NO_BACKGROUND, Classes((*NO_BACKGROUND.names, "clutter"), "clutter")):
        prediction, rounds = ask("cat", classes, cat="", dog="perhaps", bird="yes or no")
        assert (prediction.label, prediction.outcome, len(rounds)) == (None, Outcome.EMPTY, 1)
        assert prediction.details == {"asked": 3, "unreadable": 3, "yeses": []}


def test_with_the_background_alone_nothing_is_asked() -> None:
    assert ask(classes=Classes(("clutter",), "clutter")) == (Prediction("clutter", Outcome.NONE_CONFIRMED), [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(("Yes", "No", "perhaps")), min_size=1, max_size=6), st.booleans())
def test_a_model_that_knows_the_class_when_it_sees_it_in_a_list_is_right_about_its_yeses(
    texts: list[str], background: bool
) -> None:
    names = tuple(f"thing {number}" for number in range(len(texts)))
    classes = Classes((*names, "clutter"), "clutter") if background else Classes(names)
    said = {name.replace(" ", "_"): text for name, text in zip(names, texts, strict=True)}
    yeses = [name for name, text in zip(names, texts, strict=True) if text == "Yes"]
    prediction, rounds = ask((yeses or names)[-1], classes, **said)
    if set(texts) == {"perhaps"}:
        assert prediction.label is None
    else:
        assert prediction.label == (yeses[-1] if yeses else "clutter" if background else names[-1])
    assert len(rounds) == 1 + (prediction.outcome is Outcome.EXACT)


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "binary-then-choose").Strategy, given, "it")

    assert configured(image="last").asks == {Generate}
    _, rounds = ask("bat", strategy=Strategy("{name}?", "Which of {classes}?", "last"))
    assert rounds[0][0].prompt == ("bat?", PHOTO)
    for options, message in (({"prompt": "Is it?"}, "has no {name}"), ({"template": "Which?"}, "has no {classes}")):
        with pytest.raises(WrongUse, match=message):
            configured(**options)
