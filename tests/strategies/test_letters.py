"""letters: classes as lettered options, and the model's taste in letters taken away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inquiries import text_of, told

from snellen import plugins
from snellen.blank import BLANK
from snellen.errors import WrongUse
from snellen.strategies.letters import Strategy
from snellen.types import PHOTO, Choose, Classes, Generate, Outcome, Prediction, Scores, Text

CLASSES = Classes(("cat", "dog", "bird", "clutter"), "clutter")
LETTERS = ("A", "B", "C", "D")
PRIOR = {"A": 0.82, "B": 0.1, "C": 0.05, "D": 0.03}  # of a model that answers A whatever it is asked


def options(question: Any) -> dict[str, str]:
    """The class behind each letter of a question."""
    lines = [line.partition(". ") for line in text_of(question).splitlines() if line[1:3] == ". "]
    return {letter: name for letter, _, name in lines}


def product(question: Choose, letters: Mapping[str, float], content: Mapping[str, float]) -> Scores:
    """As PriDe has it: p(letter) in proportion to its prior times the probability of the option behind it."""
    order = options(question)
    return Scores(question.choices, tuple(math.log(letters[each] * content[order[each]]) for each in question.choices))


def answer(question: Any) -> Scores:
    """Takes everything grey for a cat, the photo for a dog by a little, and the letter A for the best."""
    seen = {"cat": 0.7, "dog": 0.1, "bird": 0.1, "clutter": 0.1}
    if PHOTO in question.prompt:
        seen = {"cat": 0.3, "dog": 0.4, "bird": 0.2, "clutter": 0.1}
    return product(question, PRIOR, seen)


def ask(strategy: Strategy, given: Any = answer, seed: int = 0) -> tuple[Prediction, list[list[Any]], list[list[Any]]]:
    """The prediction, the rounds of the preparation, and those about the photo."""
    known, prepared = told(strategy.prepare(CLASSES, ()), given)
    prediction, asked = told(strategy.inquire(CLASSES, known, Random(seed)), given)
    return prediction, prepared, asked


def test_the_classes_are_lettered_lines() -> None:
    _, _, ((question,),) = ask(Strategy(order="given"))
    text = (
        "What type of object is in this photo?\nA. cat\nB. dog\nC. bird\nD. clutter\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert question == Choose((PHOTO, text), LETTERS)
    strategy = Strategy("Pick:\n{classes}", image="last", order="given", answer="generate", max_tokens=3)
    _, _, ((question,),) = ask(strategy, lambda _: Text("A"))
    assert question == Generate(("Pick:\nA. cat\nB. dog\nC. bird\nD. clutter", PHOTO), 3)


def test_the_options_are_shuffled_by_the_generator_given() -> None:
    orders = [tuple(options(ask(Strategy(), seed=seed)[2][0][0]).values()) for seed in range(20)]
    assert len(set(orders)) > 8 and all(sorted(order) == sorted(CLASSES.names) for order in orders)
    assert orders[4] == tuple(options(ask(Strategy(), seed=4)[2][0][0]).values())


def test_the_prior_is_asked_once_with_a_grey_picture_and_each_class_at_each_letter() -> None:
    _, (round_,), _ = ask(Strategy())
    assert len(round_) == 4
    assert all(question.prompt[0] == BLANK and question.choices == LETTERS for question in round_)
    behind = {letter: sorted(options(question)[letter] for question in round_) for letter in LETTERS}
    assert behind == dict.fromkeys(LETTERS, sorted(CLASSES.names))
    _, _, ((question,),) = ask(Strategy(order="given"))
    assert round_[0] == Choose((BLANK, *question.prompt[1:]), LETTERS)  # the same words as about the photo


def test_a_taste_in_letters_is_found_and_taken_away() -> None:
    known, _ = told(Strategy().prepare(CLASSES, ()), answer)
    assert {letter: math.exp(log) for letter, log in known.items()} == pytest.approx(PRIOR, abs=1e-6)
    for seed in range(12):
        prediction, _, ((question,),) = ask(Strategy(), seed=seed)
        assert (prediction.label, prediction.outcome) == ("dog", Outcome.SCORED)
        assert prediction.scores == pytest.approx({"cat": 0.3, "dog": 0.4, "bird": 0.2, "clutter": 0.1}, abs=1e-6)
        assert options(question)[prediction.details["letter"]] == "dog"
    raw = [ask(Strategy(debias="none"), seed=seed) for seed in range(12)]
    assert all(prediction.details == {"letter": "A"} for prediction, _, _ in raw)
    assert all(prepared == [] for _, prepared, _ in raw)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(0, 50))
def test_what_is_left_is_the_content_whatever_the_prior(data: st.DataObject, seed: int) -> None:
    shares = st.floats(0.01, 1)
    prior, grey, photo = (data.draw(st.tuples(*[shares] * 4)) for _ in range(3))

    def given_(question: Any) -> Scores:
        seen = dict(zip(CLASSES.names, photo if PHOTO in question.prompt else grey, strict=True))
        return product(question, dict(zip(LETTERS, prior, strict=True)), seen)

    prediction, _, _ = ask(Strategy(), given_, seed)
    expected = np.asarray(photo) / sum(photo)
    assert prediction.scores is not None
    np.testing.assert_allclose(list(prediction.scores.values()), expected, rtol=1e-4)


def test_a_letter_without_probability_has_the_least_and_silence_says_nothing() -> None:
    low, none = -5.0, -math.inf

    def given_(question: Any) -> Scores:
        if PHOTO in question.prompt:
            return Scores(LETTERS, (-1.0, -1.0, -1.0, none))
        first = options(question)["A"]
        return Scores(LETTERS, (0.0, low, none, none) if first != "cat" else (none,) * 4)

    known, _ = told(Strategy().prepare(CLASSES, ()), given_)
    assert known["B"] - known["A"] == pytest.approx(low)
    assert known["B"] == known["C"] == known["D"]
    prediction = ask(Strategy(order="given"), given_)[0]
    assert prediction.label == "dog" and prediction.scores is not None and prediction.scores["clutter"] == 0

    def silent(question: Any) -> Scores:
        return Scores(LETTERS, (-2.0, -1.0, -3.0, -4.0) if PHOTO in question.prompt else (none,) * 4)

    assert told(Strategy().prepare(CLASSES, ()), silent)[0] == dict.fromkeys(LETTERS, 0.0)
    assert ask(Strategy(order="given"), silent)[0].label == "dog"
    prediction = ask(Strategy(), lambda _: Scores(LETTERS, (none,) * 4))[0]
    assert (prediction.label, prediction.outcome, prediction.scores) == (None, Outcome.OUT_OF_LIST, None)


@pytest.mark.parametrize(
    ("said", "outcome", "label"),
    [("C", Outcome.EXACT, "C"), ("(c)", Outcome.NORMALISED, "C"), ("The answer is C.", Outcome.MENTIONED, "C"),
     ("B or C", Outcome.AMBIGUOUS, None), ("", Outcome.EMPTY, None), ("Z", Outcome.OUT_OF_LIST, None)],
)  # fmt: skip
def test_a_letter_is_read_out_of_a_text(said: str, outcome: Outcome, label: str | None) -> None:
    prediction, prepared, ((question,),) = ask(Strategy(answer="generate"), lambda _: Text(said), seed=2)
    assert prepared == []
    assert (prediction.outcome, prediction.details) == (outcome, {"letter": label})
    assert prediction.label == (options(question)[label] if label else None)


def test_more_classes_than_letters_are_refused_before_the_run() -> None:
    Strategy().check(Classes(tuple(f"thing {number}" for number in range(26))))
    with pytest.raises(WrongUse, match=r"at most 26 classes, one for each letter, got 27; shortlist and tournament"):
        Strategy().check(Classes(tuple(f"thing {number}" for number in range(27))))


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "letters").Strategy, given, "it")

    assert configured().asks == {Choose} and configured(answer="generate", debias="none").asks == {Generate}
    for given_, message in (
        ({"answer": "generate", "debias": "prior"}, "goes with answer=choose"),
        ({"debias": "blank"}, "debias"),
        ({"template": "Which?"}, "has no {classes}"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**given_)
