"""shortlist: the nearest classes by an encoder, among which the model chooses."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from inquiries import listed, told

from snellen import plugins
from snellen.errors import WrongUse
from snellen.strategies.shortlist import Strategy
from snellen.types import PHOTO, Classes, Embed, EmbedText, Generate, Outcome, Prediction, Role, Text, Vector

CLASSES = Classes(("zero", "one", "two", "three", "clutter"), "clutter")
ENCODER = "clip/model"
NEAREST = ["three", "one", "two", "zero"]  # of the photo
_VECTORS = {"zero": (0, 1), "one": (2, 1), "two": (1, 1), "three": (3, 0.1)}


def encoded(question: Any) -> Vector:
    if isinstance(question, Embed):
        return Vector((1.0, 0.0), scale=None)
    return Vector(next(vector for name, vector in _VECTORS.items() if f" {name}." in question.text))  # type: ignore[arg-type]


def ask(
    said: str = "one", seed: int = 0, classes: Classes = CLASSES, **options: Any
) -> tuple[Prediction, list[list[Any]], list[list[Any]]]:
    """The prediction, the rounds of the preparation, and those about the photo."""
    strategy = Strategy(ENCODER, **options)
    known, prepared = told(strategy.prepare(classes, ()), encoded)

    def answer(question: Any) -> Any:
        return Text(said) if isinstance(question, Generate) else encoded(question)

    return (
        told(strategy.inquire(classes, known, Random(seed)), answer)[0],
        prepared,
        told(strategy.inquire(classes, known, Random(seed)), answer)[1],
    )


def test_the_encoder_embeds_the_classes_once_and_each_photo_and_the_model_chooses() -> None:
    prediction, prepared, ((photo,), (question,)) = ask(k=2, order="similarity")
    assert prepared == [[EmbedText(f"a photo of a {name}.", "encoder") for name in CLASSES.foreground]]
    assert photo == Embed(PHOTO, "encoder")
    text = (
        "Question: Answer this question in one word: What type of object is in this photo? "
        "Choose one from three, one, clutter. Answer:"
    )
    assert question == Generate((PHOTO, text), 20)
    assert prediction == Prediction("one", Outcome.EXACT, details={"shortlist": ["three", "one", "clutter"]})


def test_the_background_is_not_compared_and_stands_beside_the_nearest() -> None:
    for k in (2, 3, 4, 10):
        prediction, _, (_, (question,)) = ask("Clutter.", k=k)
        assert sorted(listed(question)) == sorted([*NEAREST[:k], "clutter"])
        assert prediction.label == "clutter"
        assert prediction.details == {"shortlist": [*NEAREST[:k], "clutter"]}
    prediction, _, (_, (question,)) = ask(classes=Classes(CLASSES.foreground), k=3)
    assert sorted(listed(question)) == sorted(NEAREST[:3]) and prediction.label == "one"


def test_the_list_is_shuffled_by_the_generator_given() -> None:
    orders = [tuple(listed(ask(k=3, seed=seed)[2][1][0])) for seed in range(20)]
    assert len(set(orders)) > 8 and orders[3] == tuple(listed(ask(k=3, seed=3)[2][1][0]))
    assert {tuple(ask(k=3, seed=seed)[0].details["shortlist"]) for seed in range(5)} == {(*NEAREST[:3], "clutter")}


@pytest.mark.parametrize(
    ("said", "outcome"), [("zero", Outcome.OUT_OF_LIST), ("four", Outcome.OUT_OF_LIST), ("", Outcome.EMPTY)]
)
def test_a_class_beyond_the_shortlist_is_out_of_list(said: str, outcome: Outcome) -> None:
    prediction, _, _ = ask(said, k=2)
    assert (prediction.label, prediction.outcome) == (None, outcome)
    assert prediction.details == {"shortlist": ["three", "one", "clutter"]}


def test_of_equally_near_classes_the_first_is_nearer() -> None:
    classes = Classes(("two", "one", "three"))
    known, _ = told(Strategy(ENCODER).prepare(classes, ()), lambda _: Vector((1.0, 1.0)))
    assert known.nearest(Vector((1.0, 0.0)), 2) == ("two", "one")


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "shortlist").Strategy, given, "shortlist")

    strategy = configured(encoder=ENCODER, k="3", templates="a {name}")
    assert strategy == Strategy(ENCODER, 3, ("a {name}",))
    assert strategy.asks == {Generate}
    assert strategy.roles == {"encoder": Role(ENCODER, frozenset({Embed, EmbedText}))}
    for options, message in (
        ({}, "shortlist needs the option encoder: write shortlist,encoder="),
        ({"encoder": ENCODER, "k": 1}, "k=1"),
        ({"encoder": ENCODER, "templates": "no such file"}, "templates"),
        ({"encoder": ENCODER, "template": "Which?"}, "has no {classes}"),
        ({"encoder": ENCODER, "order": "given"}, "order"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**options)
