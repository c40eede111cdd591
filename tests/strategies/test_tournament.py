"""tournament: lists of a few names, the winners of which meet again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inquiries import listed, told

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.tournament import Strategy
from snellen.types import Classes, Generate, Outcome, Prediction, Text


def classes_of(count: int, background: bool = False) -> Classes:
    names = tuple(f"thing {number}" for number in range(count))
    return Classes((*names, "clutter"), "clutter") if background else Classes(names)


def play(
    classes: Classes, choose: Callable[[list[str]], str], size: int = 20, seed: int = 0
) -> tuple[Prediction, list[list[list[str]]]]:
    """The prediction and the lists of each stage."""
    rounds = Strategy(size).inquire(classes, None, Random(seed))
    prediction, asked = told(rounds, lambda question: Text(choose(listed(question))))
    return prediction, [[listed(question) for question in stage] for stage in asked]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 130), st.integers(2, 25), st.booleans(), st.integers(0, 99), st.data())
def test_a_model_that_knows_the_class_finds_it_in_lists_of_equal_length(
    count: int, size: int, background: bool, seed: int, data: st.DataObject
) -> None:
    classes = classes_of(count, background)
    truth = data.draw(st.sampled_from(classes.names))
    others = Random(seed)

    def choose(names: list[str]) -> str:
        if truth in names:
            return truth
        return "clutter" if "clutter" in names else others.choice(names)

    prediction, stages = play(classes, choose, size, seed)
    assert (prediction.label, prediction.outcome) == (truth, Outcome.EXACT)
    entrants = set(classes.foreground)
    for stage, winners in zip(stages, prediction.details["stages"], strict=True):
        competing = [[name for name in each if name != classes.background] for each in stage]
        assert sorted(chain(*competing)) == sorted(entrants)  # each name stands in one list
        lengths = {len(each) for each in competing}
        assert max(lengths) <= max(size, 3) and max(lengths) - min(lengths) <= 1
        assert all(("clutter" in each) == background for each in stage)
        entrants = set(winners)
    assert len(entrants) == (truth != "clutter")


def test_all_lists_of_a_stage_are_one_round_and_the_winners_are_kept() -> None:
    prediction, stages = play(classes_of(45), max)
    assert [[len(each) for each in stage] for stage in stages] == [[15, 15, 15], [3]]
    first, last = prediction.details["stages"]
    assert sorted(stages[1][0]) == sorted(first) == sorted(max(each) for each in stages[0])
    assert last == [prediction.label] == [max(first)]


def test_as_many_classes_as_a_list_holds_are_one_question() -> None:
    prediction, stages = play(classes_of(20, background=True), min)
    assert [len(each) for each in stages[0]] == [21] and len(stages) == 1
    assert (prediction.label, prediction.details) == ("clutter", {"stages": [[]]})


def test_the_names_are_shuffled_by_the_generator_given() -> None:
    lists = [play(classes_of(9), max, 3, seed)[1] for seed in range(8)]
    assert len({str(each) for each in lists}) == 8
    assert lists[3] == play(classes_of(9), max, 3, 3)[1]
    places = {play(classes_of(3, background=True), max, seed=seed)[1][0][0].index("clutter") for seed in range(20)}
    assert places == {0, 1, 2, 3}


def test_the_background_wins_where_it_is_left_alone_and_loses_to_a_winner() -> None:
    prediction, stages = play(classes_of(40, background=True), lambda names: "clutter")
    assert (prediction.label, prediction.outcome, len(stages)) == ("clutter", Outcome.EXACT, 1)
    prediction, stages = play(
        classes_of(40, background=True), lambda names: "thing 7" if "thing 7" in names else "Clutter."
    )
    assert (prediction.label, prediction.details, len(stages)) == ("thing 7", {"stages": [["thing 7"]]}, 1)

    def at_last(names: list[str]) -> str:
        return "clutter" if len(names) == 3 else next(name for name in names if name != "clutter")

    prediction, stages = play(classes_of(40, background=True), at_last)
    assert prediction.label == "clutter" and len(stages) == 2
    assert prediction.details["stages"][1] == []


def test_a_list_that_cannot_be_read_sends_nobody_on() -> None:
    def choose(names: list[str]) -> str:
        return "who knows" if "thing 0" in names else names[0]

    prediction, stages = play(classes_of(60), choose)
    assert [len(stage) for stage in stages] == [3, 1]
    assert len(stages[1][0]) == 2 and prediction.label == stages[1][0][0]
    prediction, stages = play(classes_of(40), choose)  # one winner is left of two lists
    assert len(stages) == 1 and prediction.details == {"stages": [[prediction.label]]}
    assert prediction.outcome is Outcome.EXACT


def test_where_nobody_is_left_the_first_outcome_stands() -> None:
    answers = iter(["", "cow", "cow"])
    prediction, _ = play(classes_of(60), lambda names: next(answers))
    assert prediction == Prediction(None, Outcome.EMPTY, details={"stages": [[]]})
    answers = iter(["", "clutter", "cow"])
    prediction, _ = play(classes_of(60, background=True), lambda names: next(answers))
    assert (prediction.label, prediction.outcome) == ("clutter", Outcome.EXACT)
    prediction, _ = play(classes_of(45), lambda names: names[0] if len(names) > 3 else "thing 1 or thing 2")
    assert prediction.label is None and len(prediction.details["stages"]) == 2


def test_a_class_that_stood_in_another_list_is_out_of_list() -> None:
    prediction, _ = play(
        classes_of(40), lambda names: next(f"thing {n}" for n in range(40) if f"thing {n}" not in names)
    )
    assert (prediction.label, prediction.outcome) == (None, Outcome.OUT_OF_LIST)


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "tournament").Strategy, given, "it")

    assert configured(size="5") == Strategy(5)
    assert Strategy().asks == {Generate}
    for options, message in (({"size": 1}, "size"), ({"template": "Which?"}, "has no {classes}")):
        with pytest.raises(WrongUse, match=message):
            configured(**options)
