"""The closed-set strategy: its prompts, its votes, its scores."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.closed_set import Strategy
from snellen.types import PHOTO, Answer, Choose, Classes, Finish, Generate, Outcome, Prediction, Question, Scores, Text

CLASSES = Classes(("cat", "dog", "Bird", "clutter"), "clutter")


def ask(
    strategy: Strategy, answer: Callable[[Any], Answer], seed: int = 0, classes: Classes = CLASSES
) -> tuple[Prediction, list[Question]]:
    """The prediction and the one round of questions that led to it."""
    inquiry = strategy.inquire(classes, None, Random(seed))
    questions: Sequence[Question] = next(inquiry)
    with pytest.raises(StopIteration) as stop:
        inquiry.send([answer(question) for question in questions])
    return stop.value.value, list(questions)


def listed(question: Question) -> list[str]:
    """The class names in the order in which the prompt lists them."""
    assert isinstance(question, Generate | Choose)
    text = question.prompt[1]
    assert isinstance(text, str)
    return text.partition("Choose one from ")[2].removesuffix(". Answer:").split(", ")


def test_the_prompt_is_the_published_one_with_the_list_for_the_braces() -> None:
    _, questions = ask(Strategy(order="given"), lambda _: Text("cat"))
    assert questions == [
        Generate(
            (
                PHOTO,
                "Question: Answer this question in one word: What type of object is in this photo? "
                "Choose one from cat, dog, Bird, clutter. Answer:",
            ),
            20,
        )
    ]


def test_template_separator_image_and_tokens_are_options() -> None:
    strategy = Strategy("Pick {{classes}}!", " | ", image="last", order="given", max_tokens=3)
    _, questions = ask(strategy, lambda _: Text("cat"), classes=Classes(("{classes}", "%s {0}")))
    assert questions == [Generate(("Pick {{classes} | %s {0}}!", PHOTO), 3)]


def test_names_are_shuffled_by_the_generator_given() -> None:
    orders = [listed(ask(Strategy(), lambda _: Text("cat"), seed)[1][0]) for seed in range(20)]
    assert all(sorted(order) == sorted(CLASSES.names) for order in orders)
    assert len({tuple(order) for order in orders}) > 5
    assert orders[3] == listed(ask(Strategy(), lambda _: Text("dog"), 3)[1][0])


def test_more_votes_begin_with_the_same_questions() -> None:
    rounds = [ask(Strategy(votes=votes), lambda _: Text("cat"), 7)[1] for votes in (1, 3, 5)]
    assert rounds[1] == rounds[2][:3] and rounds[0] == rounds[2][:1]
    assert len(rounds[2]) == 5


@pytest.mark.parametrize(
    ("texts", "label", "outcome"),
    [
        (["cat"], "cat", Outcome.EXACT),
        (["A dog."], "dog", Outcome.NORMALISED),
        (["It is a bird."], "Bird", Outcome.MENTIONED),
        (["clutter"], "clutter", Outcome.EXACT),
        (["cat", "dog", "dog"], "dog", Outcome.EXACT),
        (["Cat!", "dog", "cat"], "cat", Outcome.NORMALISED),
        (["dog", "cat", "Bird"], "dog", Outcome.EXACT),  # the earliest of equals
        (["cow", "cat", "dog", "", "dog or cat"], "cat", Outcome.EXACT),  # the unreadable are dropped
        (["", "cow", "cat or dog"], None, Outcome.EMPTY),
        (["cow"], None, Outcome.OUT_OF_LIST),
    ],
)
def test_the_majority_of_readable_votes_wins(texts: list[str], label: str | None, outcome: Outcome) -> None:
    answers = iter(texts)
    prediction, questions = ask(Strategy(votes=len(texts)), lambda _: Text(next(answers)))
    assert (prediction.label, prediction.outcome, prediction.scores) == (label, outcome, None)
    votes = prediction.details["votes"]
    assert json.loads(json.dumps(votes)) == votes
    for vote, question in zip(votes, questions, strict=True):
        assert vote["place"] == (listed(question).index(vote["label"]) + 1 if vote["label"] else None)


def test_a_vote_that_was_cut_off_or_refused_is_no_vote() -> None:
    answers = iter([Text("It is", Finish.LENGTH), Text("cat", Finish.REFUSED), Text("dog")])
    prediction, _ = ask(Strategy(votes=3), lambda _: next(answers))
    assert prediction.label == "dog"
    assert [vote["outcome"] for vote in prediction.details["votes"]] == ["truncated", "refused", "exact"]


def test_a_record_tells_what_was_said_and_what_that_contains_at_all() -> None:
    answers = iter(["A catbird, I THINK!", "dog " * 100, ""])
    prediction, _ = ask(Strategy(votes=3), lambda _: Text(next(answers)))
    said = [vote["said"] for vote in prediction.details["votes"]]
    assert said[0] == "A catbird, I THINK!" and said[2] == ""
    assert said[1].startswith("dog dog ") and said[1].endswith("…") and len(said[1]) == 200
    assert prediction.details["contains"] == ["cat", "Bird"]  # of the first vote, as if there were no others
    assert "contains" not in ask(Strategy(answer="choose"), lambda q: scored(q, cat=1))[0].details


def scored(question: Any, **values: float) -> Scores:
    """Log-probabilities of the given shares; what is not named has almost none."""
    assert isinstance(question, Choose)
    return Scores(question.choices, tuple(math.log(values.get(choice, 1e-30)) for choice in question.choices))


def test_choose_sums_the_spellings_of_a_name() -> None:
    strategy = Strategy(answer="choose", order="given")
    prediction, questions = ask(strategy, lambda question: scored(question, cat=0.2, Cat=0.2, dog=0.3, Bird=0.1))
    assert [type(question) for question in questions] == [Choose]
    assert questions[0].choices == ("cat", "Cat", "dog", "Dog", "Bird", "clutter", "Clutter")  # type: ignore[union-attr]
    assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)
    assert prediction.scores == pytest.approx({"cat": 0.5, "dog": 0.375, "Bird": 0.125, "clutter": 0}, abs=1e-6)
    assert prediction.details == {"votes": [{"label": "cat", "outcome": "scored", "place": 1}]}


def test_a_spelling_belongs_to_the_class_of_that_very_name() -> None:
    _, questions = ask(Strategy(answer="choose"), lambda q: scored(q, cup=1), classes=Classes(("cup", "Cup", "ox")))
    assert questions[0].choices == ("cup", "Cup", "ox", "Ox")  # type: ignore[union-attr]


def test_choose_averages_the_logarithms_over_the_votes() -> None:
    shares = iter([{"cat": 0.9, "dog": 0.1}, {"cat": 0.2, "dog": 0.8}, {"cat": 0.4, "dog": 0.6}])
    strategy = Strategy(answer="choose", votes=3)
    prediction, _ = ask(strategy, lambda question: scored(question, **next(shares)), classes=Classes(("cat", "dog")))
    cat, dog = (0.9 * 0.2 * 0.4) ** (1 / 3), (0.1 * 0.8 * 0.6) ** (1 / 3)
    assert prediction.label == "cat"  # against the majority of the votes: two prefer the dog
    assert prediction.scores == pytest.approx({"cat": cat / (cat + dog), "dog": dog / (cat + dog)}, abs=1e-6)
    assert [vote["label"] for vote in prediction.details["votes"]] == ["cat", "dog", "dog"]


def test_scores_without_any_probability_name_no_class() -> None:
    def nothing(question: Any) -> Scores:
        return Scores(question.choices, (-math.inf,) * len(question.choices))

    prediction, _ = ask(Strategy(answer="choose"), nothing)
    assert (prediction.label, prediction.outcome, prediction.scores) == (None, Outcome.OUT_OF_LIST, None)
    answers = iter([nothing, lambda question: scored(question, dog=1.0)])
    prediction, _ = ask(Strategy(answer="choose", votes=2), lambda question: next(answers)(question))
    assert (prediction.label, prediction.outcome) == ("dog", Outcome.SCORED)


def test_what_it_asks() -> None:
    assert Strategy().asks == {Generate}
    assert Strategy(answer="choose").asks == {Choose}


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "closed-set").Strategy, given, "closed-set")

    assert configured(votes="3", answer="choose") == Strategy(votes=3, answer="choose")
    for given, message in (
        ({"template": "What is it?"}, "has no {classes}"),
        ({"votes": 3, "order": "given"}, "same question again"),
        ({"votes": 0}, "votes"),
        ({"answer": "guess"}, "answer"),
        ({"vote": 3}, "did you mean 'votes'"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**given)
