"""cascade: the first model decides where it is sure enough, else the model itself."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from inquiries import listed, told

from snellen import plugins
from snellen.errors import WrongUse
from snellen.specs import kinds_of, split_spec, strategy_plan, with_roles
from snellen.strategies.cascade import Strategy
from snellen.types import (
    Choose,
    Classes,
    Embed,
    EmbedText,
    Generate,
    Outcome,
    Prediction,
    Recognise,
    Role,
    Scores,
    Text,
    Vector,
)

CLASSES = Classes(("cat", "dog", "bird"))
LABELS = ("cat", "dog", "tree")


def ask(scores: tuple[float, ...], said: str = "bird", seed: int = 0, **options: Any) -> tuple[Prediction, list[Any]]:
    """The prediction, and all questions about the photo."""
    strategy = configured(**{"first": "classifier/x", "threshold": 0.6, **options})
    known, _ = told(strategy.prepare(CLASSES, ()), lambda question: Vector((1.0, 0.0)))

    def answer(question: Any) -> Any:
        if isinstance(question, Recognise):
            return Scores(LABELS, scores)
        if isinstance(question, Choose):
            return Scores(question.choices, tuple(0.0 if each == said else -9.0 for each in question.choices))
        return Text(said)

    prediction, rounds = told(strategy.inquire(CLASSES, known, Random(seed)), answer)
    return prediction, [question for questions in rounds for question in questions]


def configured(**given: Any) -> Strategy:
    made: Strategy = plugins.configure(plugins.load("strategies", "cascade").Strategy, given, "cascade")
    return made


def test_where_the_first_is_sure_enough_the_model_is_not_asked() -> None:
    for score in (0.9, 0.75):
        prediction, (question,) = ask((score, 0.1, 0.0), threshold=0.75)
        assert question == Recognise(to="first")
        assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)
        assert prediction.details == {
            "stage": 1,
            "first": "cat",
            "confidence": pytest.approx(score),
            "own": {"concept": "cat", "score": pytest.approx(score)},
        }
        assert prediction.scores == pytest.approx({"cat": score, "dog": 0.1})


def test_where_it_is_not_the_model_decides() -> None:
    prediction, (first, second) = ask((0.5, 0.4, 0.1))
    assert first == Recognise(to="first") and isinstance(second, Generate) and second.to == "model"
    assert (prediction.label, prediction.outcome, prediction.scores) == ("bird", Outcome.EXACT, None)
    assert (prediction.details["stage"], prediction.details["first"]) == (2, "cat")
    assert prediction.details["confidence"] == pytest.approx(0.5)
    assert "votes" in prediction.details["own"]


def test_where_the_first_names_no_class_the_model_decides_whatever_the_threshold() -> None:
    prediction, asked = ask((0.1, 0.1, 0.8), threshold=-1.0)
    assert len(asked) == 2 and prediction.label == "bird"
    assert (prediction.details["first"], prediction.details["confidence"]) == (None, None)


def test_both_are_asked_what_they_are_asked_alone() -> None:
    """A shuffle of the first does not change the list that the model sees, nor the other way round."""
    options = {"by": "closed-set,answer=choose,votes=2", "then": "closed-set"}
    orders = []
    for seed in range(5):
        _, asked = ask((), seed=seed, threshold=2.0, **options)
        alone = [
            [listed(question) for question in next(strategy_plan(spec).strategy.inquire(CLASSES, None, Random(seed)))]
            for spec in options.values()
        ]
        assert [listed(question) for question in asked] == [*alone[0], *alone[1]]
        assert [question.to for question in asked] == ["first", "first", "model"]
        orders.append(tuple(listed(asked[0])))
    assert len(set(orders)) > 1


def test_each_prepares_what_it_has_to_know() -> None:
    strategy = configured(first="clip/x", threshold=0.5, then="likelihood")
    known, rounds = told(strategy.prepare(CLASSES, ()), lambda question: Vector((1.0, 0.0)))
    assert rounds == [[EmbedText(f"a photo of a {name}.", "first") for name in CLASSES.names]]
    assert known[1] is None
    assert strategy.roles == {"first": Role("clip/x", frozenset({Embed, EmbedText}))} and strategy.asks == {Choose}
    nothing = configured(first="demo/vlm", by="likelihood", threshold=0)
    assert told(nothing.prepare(CLASSES, ()), lambda question: Text("")) == ((None, ()), [])


@pytest.mark.parametrize(
    ("first", "kinds", "by"),
    [
        ("clip/openai/clip-vit-base-patch32", {Embed, EmbedText}, "zero-shot"),
        ("demo/clip", {Embed, EmbedText}, "zero-shot"),
        ("demo/classifier", {Recognise, Embed}, "vocabulary"),
        ("predictions/mine.csv", {Recognise}, "vocabulary"),
        ("clarifai/general-image-recognition", {Recognise}, "vocabulary"),
    ],
)
def test_the_first_is_asked_by_what_fits_it(first: str, kinds: set[type], by: str) -> None:
    assert kinds_of(first) >= kinds
    assert strategy_plan(f"cascade,first={first},threshold=0.8").title == f"cascade,first={first},threshold=0.8,by={by}"


def test_a_strategy_with_options_stands_in_parentheses_and_is_shown_so() -> None:
    by, then = "(zero-shot,templates=a {name})", "(letters,order=given)"
    text = f"cascade,first=(demo/clip,dtype=float32),threshold=0.5,by={by},then={then}"
    assert split_spec(text) == (
        "cascade",
        {
            "first": "(demo/clip,dtype=float32)",
            "threshold": "0.5",
            "by": by,
            "then": then,
        },
    )
    assert split_spec("(closed-set,votes=5)") == ("closed-set", {"votes": "5"})
    assert split_spec("x,template=a (b, c=d) e,y=1") == ("x", {"template": "a (b", "c": "d) e", "y": "1"})
    assert split_spec("x,separator=(,y=1") == ("x", {"separator": "(", "y": "1"})  # never closed
    plan = with_roles(strategy_plan(text))
    assert plan.title == text and plan.roles["first"].title == "demo/clip,dtype=float32"
    assert strategy_plan(plan.title).strategy == plan.strategy


def test_a_mapping_says_the_same_as_the_text_and_all_options_are_kept() -> None:
    longer: Mapping[str, Any] = {"strategy": "zero-shot", "templates": ["a {name}", "the {name}"]}
    strategy = configured(first="demo/clip", threshold="0.5", by=longer, then={"strategy": "closed-set", "votes": 3})
    assert strategy.by == longer
    assert isinstance(strategy.then, Mapping) and strategy.then["votes"] == 3 and strategy.then["order"] == "shuffled"
    again = configured(first="demo/clip", threshold=0.5, by=strategy.by, then=strategy.then)
    assert again == strategy == pickle.loads(pickle.dumps(strategy)) and hash(again) == hash(strategy)
    assert strategy != configured(first="demo/clip", threshold=0.5, by="zero-shot")
    plan = strategy_plan({"strategy": "cascade", "first": "demo/clip", "threshold": 0.5, "by": longer})
    assert plan.title.startswith("cascade,first=demo/clip,threshold=0.5,by=(zero-shot,templates=")


def test_what_a_file_says_is_kept_with_the_cascade(tmp_path: Any) -> None:
    file = tmp_path / "templates.txt"
    file.write_text("a {name}")
    strategy = configured(first="demo/clip", threshold=0.5, by=f"zero-shot,templates={file}")
    file.unlink()
    assert strategy.by == {"strategy": "zero-shot", "templates": ["a {name}"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "cascade needs the option first: write cascade,first="),
        ({"first": "demo/clip"}, "needs the option threshold"),
        ({"first": "demo/clip", "threshold": math.nan}, "threshold=nan: expected a number"),
        ({"first": "demo/vlm", "threshold": 1}, r"demo/vlm has no strategy of its own .* by=likelihood"),
        ({"first": "demo/clip", "threshold": 1, "by": "linear-probe"}, "by=linear-probe is given labelled examples"),
        ({"first": "demo/clip", "threshold": 1, "then": "closed-set,shots=1"}, "shots=1 is given labelled examples"),
        ({"first": "demo/vlm", "threshold": 1, "by": "closed-set"}, "in words, which have no score; name a strategy"),
        ({"first": "demo/clip", "threshold": 1, "then": "shortlist,encoder=demo/clip"}, "asks another model itself"),
        (
            {"first": "demo/clip", "threshold": 1, "then": "closed-set,vots=3"},
            r"no option 'vots' \(did you mean 'votes'",
        ),
        ({"first": "demo/clip", "threshold": 1, "then": {"votes": 3}}, "expected the key 'strategy'"),
        ({"first": "text/x", "threshold": 1}, "text/x has no strategy of its own to be asked first"),
        ({"first": "clip", "threshold": 1}, "a model is written PROVIDER/NAME"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        configured(**options)


def test_each_strategy_checks_the_classes() -> None:
    strategy = configured(first="demo/classifier", threshold=0.5, by="vocabulary,background=none")
    with pytest.raises(WrongUse, match="needs a background class"):
        strategy.check(CLASSES)
    mapped = configured(first="demo/classifier", threshold=0.5, by={"strategy": "vocabulary", "mapping": {"x": "cow"}})
    with pytest.raises(WrongUse, match="'x' is mapped to 'cow', no class"):
        mapped.check_names(CLASSES)
    many = Classes(tuple(f"thing {number}" for number in range(40)))
    with pytest.raises(WrongUse, match="at most 26 classes"):
        configured(first="demo/clip", threshold=0.5, then="letters").check(many)


def test_at_its_fullest_everything_is_handed_over() -> None:
    strategy = configured(first="demo/classifier", threshold=0.5)
    _, rounds = told(strategy.fullest.inquire(CLASSES, (None, None), Random(0)), lambda question: _sure(question))
    assert [type(question) for questions in rounds for question in questions] == [Recognise, Generate]


def _sure(question: Any) -> Any:
    return Text("cat") if isinstance(question, Generate) else Scores(LABELS, (1.0, 0.0, 0.0))
