"""The binary strategy: its rounds, what decides, and that asking ahead changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.binary import Strategy
from snellen.types import PHOTO, Answer, Choose, Classes, Generate, Outcome, Prediction, Question, Scores, Text

CLASSES = Classes(("cat", "dog", "clutter", "bird", "ant"), "clutter")
NO_BACKGROUND = Classes(("cat", "dog", "bird"))


def ask(
    strategy: Strategy, answer: Callable[[str], Answer], seed: int = 0, classes: Classes = CLASSES
) -> tuple[Prediction, list[list[str]]]:
    """The prediction, and the names asked about in each round."""
    rounds: list[list[str]] = []
    inquiry = strategy.inquire(classes, None, Random(seed))
    try:
        questions = next(inquiry)
        while True:
            rounds.append([asked_about(question) for question in questions])
            questions = inquiry.send([answer(name) for name in rounds[-1]])
    except StopIteration as stop:
        return stop.value, rounds


def asked_about(question: Question) -> str:
    assert isinstance(question, Generate | Choose)
    text = question.prompt[1]
    assert isinstance(text, str)
    return text.removeprefix("Answer the question in one word: yes or no. Is the ").removesuffix(" in this photo?")


def says(**texts: str) -> Callable[[str], Text]:
    return lambda name: Text(texts.get(name, "No."))


def shares(**values: float) -> Callable[[str], Scores]:
    """p(yes) and p(no) = 1 - p(yes), in equal parts over the spellings."""

    def answer(name: str) -> Scores:
        yes = values.get(name, 0.01)
        logs = [math.log(yes / 3) if yes else -math.inf] * 3 + [math.log((1 - yes) / 3) if yes < 1 else -math.inf] * 3
        return Scores(("yes", "Yes", "YES", "no", "No", "NO"), tuple(logs))

    return answer


def test_the_prompts_are_the_published_ones() -> None:
    question = next(Strategy().inquire(Classes(("sea {0} %s",)), None, Random(0)))
    text = "Answer the question in one word: yes or no. Is the sea {0} %s in this photo?"
    assert question == [Generate((PHOTO, text), 5)]
    question = next(Strategy("{name}?", image="last", answer="choose").inquire(Classes(("cat",)), None, Random(0)))
    assert question == [Choose(("cat?", PHOTO), ("yes", "Yes", "YES", "no", "No", "NO"))]


def test_the_first_yes_ends_the_inquiry() -> None:
    prediction, rounds = ask(Strategy(), says(cat="Yes", dog="yes, it is"))
    names = [name for (name,) in rounds]
    assert prediction == Prediction(names[-1], Outcome.CONFIRMED, details={"asked": len(names), "unreadable": 0})
    assert names[-1] in ("cat", "dog") and not {"cat", "dog"} & set(names[:-1])


def test_the_order_is_random_and_leaves_the_background_out() -> None:
    orders = set()
    for seed in range(50):
        prediction, rounds = ask(Strategy(), says(), seed)
        names = tuple(name for (name,) in rounds)
        assert sorted(names) == ["ant", "bird", "cat", "dog"]
        assert prediction == Prediction("clutter", Outcome.NONE_CONFIRMED, details={"asked": 4, "unreadable": 0})
        assert ask(Strategy(), says(), seed) == (prediction, rounds)
        orders.add(names)
    assert len(orders) > 10


def test_without_a_background_no_yes_names_no_class() -> None:
    prediction, _ = ask(Strategy(), says(), classes=NO_BACKGROUND)
    assert (prediction.label, prediction.outcome) == (None, Outcome.NONE_CONFIRMED)
    assert ask(Strategy(), says(), classes=Classes(("clutter",), "clutter"))[0].label == "clutter"
    assert ask(Strategy(decide="argmax"), says(), classes=Classes(("clutter",), "clutter"))[0].label == "clutter"


def test_an_answer_that_is_neither_yes_nor_no_is_not_yes_and_is_counted() -> None:
    prediction, _ = ask(Strategy(), says(cat="perhaps", dog="", bird="yes or no"))
    assert prediction == Prediction("clutter", Outcome.NONE_CONFIRMED, details={"asked": 4, "unreadable": 3})


def test_where_nothing_can_be_read_the_first_outcome_stands() -> None:
    prediction, rounds = ask(Strategy(ahead=9), lambda name: Text("" if name == "cat" else "perhaps"))
    outcome = Outcome.EMPTY if rounds[0][0] == "cat" else Outcome.OUT_OF_LIST
    assert prediction == Prediction(None, outcome, details={"asked": 4, "unreadable": 4})


ANSWERS = st.lists(st.sampled_from(("Yes", "No", "yes, clearly", "no idea", "perhaps", "", "yes or no")), min_size=1)


@given(ANSWERS, st.integers(0, 2**32), st.integers(1, 8), st.booleans())
def test_asking_ahead_gives_the_same_prediction(texts: list[str], seed: int, ahead: int, background: bool) -> None:
    names = tuple(f"class {number}" for number in range(len(texts)))
    classes = Classes((*names, "clutter"), "clutter") if background else Classes(names)
    answer = dict(zip(names, texts, strict=True))
    one, rounds = ask(Strategy(), lambda name: Text(answer[name]), seed, classes)
    for more in (ahead, 5, len(names)):
        prediction, together = ask(Strategy(ahead=more), lambda name: Text(answer[name]), seed, classes)
        assert prediction == one
        assert all(len(group) <= more for group in together)
        assert list(chain(*together))[: len(rounds)] == list(chain(*rounds))


def test_first_yes_by_probabilities() -> None:
    strategy = Strategy(answer="choose")
    assert strategy.asks == {Choose}
    assert ask(strategy, shares(dog=0.51))[0].label == "dog"
    assert ask(strategy, shares(dog=0.5))[0].label == "clutter"


def test_argmax_asks_all_at_once_and_takes_the_highest() -> None:
    strategy = Strategy(decide="argmax")
    assert strategy.asks == {Choose}
    prediction, rounds = ask(strategy, shares(cat=0.7, dog=0.9, bird=0.6))
    assert rounds == [["cat", "dog", "bird", "ant"]]
    assert (prediction.label, prediction.outcome) == ("dog", Outcome.SCORED)
    assert prediction.scores == pytest.approx({"cat": 0.7, "dog": 0.9, "bird": 0.6, "ant": 0.01})
    assert prediction.details == {"asked": 4, "unreadable": 0, "yes": ["cat", "dog", "bird"]}


def test_argmax_below_the_threshold_is_the_background() -> None:
    prediction, _ = ask(Strategy(decide="argmax"), shares(cat=0.49))
    assert (prediction.label, prediction.outcome) == ("clutter", Outcome.NONE_CONFIRMED)
    assert prediction.scores is not None
    assert ask(Strategy(decide="argmax", threshold=0.4), shares(cat=0.49))[0].label == "cat"
    assert ask(Strategy(decide="argmax", threshold=0.9), shares(cat=0.8))[0].label == "clutter"
    prediction, _ = ask(Strategy(decide="argmax"), shares(cat=0.49), classes=NO_BACKGROUND)
    assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)


def test_only_the_share_of_yes_counts() -> None:
    def rarely(name: str) -> Scores:
        rare = {"cat": (1e-9, 1e-12), "dog": (0.3, 0.6)}.get(name, (0.1, 0.9))
        logs = [math.log(value / 3) for value in rare for _ in range(3)]
        return Scores(("yes", "Yes", "YES", "no", "No", "NO"), tuple(logs))

    prediction, _ = ask(Strategy(decide="argmax"), rarely)
    assert prediction.label == "cat"
    assert prediction.scores is not None
    assert prediction.scores["dog"] == pytest.approx(1 / 3)


def test_argmax_leaves_out_what_has_no_probability() -> None:
    def nothing(name: str) -> Scores:
        return Scores(("yes", "Yes", "YES", "no", "No", "NO"), (-math.inf,) * 6)

    prediction, _ = ask(Strategy(decide="argmax"), nothing)
    assert (prediction.label, prediction.outcome, prediction.scores) == (None, Outcome.OUT_OF_LIST, None)
    some = shares(dog=0.8)
    prediction, _ = ask(Strategy(decide="argmax"), lambda name: nothing(name) if name == "cat" else some(name))
    assert prediction.label == "dog"
    assert prediction.details == {"asked": 4, "unreadable": 1, "yes": ["dog"]}
    assert prediction.scores is not None and "cat" not in prediction.scores


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "binary").Strategy, given, "binary")

    assert configured(decide="argmax", threshold="0.3") == Strategy(decide="argmax", threshold=0.3)
    for given_options, message in (
        ({"prompt": "Is it there?"}, "has no {name}"),
        ({"decide": "argmax", "answer": "generate"}, "goes with answer=choose"),
        ({"threshold": 0.4}, "goes with decide=argmax"),
        ({"decide": "argmax", "threshold": 1.5}, "threshold"),
        ({"ahead": 0}, "ahead"),
        ({"decide": "best"}, "decide"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**given_options)
