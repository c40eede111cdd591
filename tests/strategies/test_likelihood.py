"""The likelihood strategy: its questions, what it compares, what it takes away, what it concludes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen import plugins
from snellen.blank import BLANK
from snellen.errors import WrongUse
from snellen.spellings import choices_of, spellings_of
from snellen.strategies import closed_set
from snellen.strategies.likelihood import OPEN, Strategy
from snellen.types import PHOTO, Choose, Classes, Outcome, Prediction, Scores

CLASSES = Classes(("cat", "dog", "Bird", "clutter"), "clutter")
PAIR = Classes(("Ox", "Sea cow"))  # one spelling each
NOTHING = -math.inf
Answerer = Callable[[Choose], Scores]


def ask(
    strategy: Strategy, answer: Answerer, classes: Classes = CLASSES, seed: int = 0
) -> tuple[Prediction, list[Choose]]:
    """The prediction and the one round of questions that led to it."""
    inquiry = strategy.inquire(classes, None, Random(seed))
    questions: Sequence[Any] = next(inquiry)
    with pytest.raises(StopIteration) as stop:
        inquiry.send([answer(question) for question in questions])
    return stop.value.value, list(questions)


def shares(question: Choose, values: Mapping[str, float], lengths: Mapping[str, int] | None = None) -> Scores:
    """Log-probabilities of the given shares; what is not named has none."""
    logs = tuple(math.log(values[choice]) if choice in values else NOTHING for choice in question.choices)
    told = None if lengths is None else tuple(lengths.get(choice, 1) for choice in question.choices)
    return Scores(question.choices, logs, lengths=told)


def seen(question: Choose) -> str:
    """Whether a question shows the photo, the blank picture or none."""
    return "photo" if PHOTO in question.prompt else "blank" if BLANK in question.prompt else "text"


def by_picture(**values: Mapping[str, float]) -> Answerer:
    """Shares for each of `photo`, `blank` and `text`."""
    return lambda question: shares(question, values[seen(question)])


# What is asked


def test_the_question_is_that_of_the_closed_set_so_that_one_answer_serves_both() -> None:
    for options in ({}, {"order": "given"}, {"image": "last", "separator": " | ", "template": "Is it {classes}?"}):
        _, asked = ask(Strategy(**options), lambda q: shares(q, {"cat": 1}), seed=5)  # type: ignore[arg-type]
        same = closed_set.Strategy(**options, answer="choose").inquire(CLASSES, None, Random(5))  # type: ignore[arg-type]
        assert asked == list(next(same))


def test_an_open_question_has_no_list_and_the_names_as_choices() -> None:
    prediction, asked = ask(Strategy(prompt="open"), lambda q: shares(q, {"cat": 1}))
    assert asked == [Choose((PHOTO, OPEN), ("cat", "Cat", "dog", "Dog", "Bird", "clutter", "Clutter"))]
    assert prediction.details == {}
    _, asked = ask(Strategy(template="What?", image="last"), lambda q: shares(q, {"cat": 1}))
    assert asked[0].prompt == ("What?", PHOTO)


@pytest.mark.parametrize("image", ["first", "last"])
def test_to_calibrate_the_same_is_asked_without_the_photo_in_the_same_round(image: Any) -> None:
    for calibrate, other in (("blank", (BLANK,)), ("text", ())):
        strategy = Strategy(calibrate=calibrate, image=image)  # type: ignore[arg-type]
        _, (first, second) = ask(strategy, lambda q: shares(q, {"cat": 1}))
        assert second.choices == first.choices
        places = {PHOTO: other}
        assert second.prompt == tuple(
            each
            for part in first.prompt
            for each in (places[part] if part is PHOTO else (part,))  # type: ignore[index]
        )


def test_the_blank_picture_is_the_same_grey_for_ever() -> None:
    assert BLANK.digest == "650b4b793c4d5e5fa143a97a08c85b52fc4cc4164f255232edfa4eca01245d55"
    assert (BLANK.pixels().size, BLANK.pixels().getcolors()) == ((336, 336), [(336 * 336, (128, 128, 128))])


# What is compared


def test_sum_is_the_share_of_a_class_over_its_spellings() -> None:
    values = {"cat": 0.2, "Cat": 0.2, "dog": 0.3, "Bird": 0.1}
    prediction, _ = ask(Strategy(order="given"), lambda q: shares(q, values))
    assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)
    assert prediction.scores == pytest.approx({"cat": 0.5, "dog": 0.375, "Bird": 0.125, "clutter": 0})
    assert prediction.details == {"place": 1}


@pytest.mark.parametrize(
    ("normalise", "ox", "label"),
    [
        # p(Ox) = 1/4 in 1 token and its end, p(Sea cow) = 1/16 in 7 and its end; 2 and 7 bytes
        ("sum", (1 / 4) / (1 / 4 + 1 / 16), "Ox"),
        ("mean", (1 / 2) / (1 / 2 + 2 ** -(4 / 8)), "Sea cow"),
        ("bytes", (1 / 2) / (1 / 2 + 2 ** -(4 / 7)), "Sea cow"),
    ],
)
def test_a_log_probability_is_taken_whole_or_by_the_token_or_the_byte(normalise: Any, ox: float, label: str) -> None:
    answer = {"Ox": 1 / 4, "Sea cow": 1 / 16}
    prediction, _ = ask(Strategy(normalise=normalise), lambda q: shares(q, answer, {"Ox": 2, "Sea cow": 8}), PAIR)
    assert prediction.label == label
    assert prediction.scores == pytest.approx({"Ox": ox, "Sea cow": 1 - ox})


def test_bytes_are_those_of_utf_8_of_any_name() -> None:
    names = Classes(("Ö", "猫", "\udcff"))  # 2 and 3 bytes; a byte of a file name that is no UTF-8 counts as 3
    values = {"Ö": 1 / 4, "猫": 1 / 8, "\udcff": 1 / 8}
    prediction, _ = ask(Strategy(normalise="bytes"), lambda q: shares(q, values), names)
    assert prediction.scores == pytest.approx(dict.fromkeys(names.names, 1 / 3))


@pytest.mark.parametrize("normalise", ["mean", "bytes"])
def test_two_spellings_win_nothing_over_one_where_their_values_do_not_add_up(normalise: Any) -> None:
    def certain(question: Choose) -> Scores:
        return Scores(question.choices, (0.0,) * len(question.choices), lengths=(2,) * len(question.choices))

    prediction, _ = ask(Strategy(normalise=normalise), certain)
    assert prediction.scores == pytest.approx(dict.fromkeys(CLASSES.names, 1 / len(CLASSES.names)))


def test_mean_without_lengths_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(WrongUse, match=r"number of tokens.*use normalise=sum or normalise=bytes"):
        ask(Strategy(normalise="mean"), lambda q: shares(q, {"Ox": 1}), PAIR)

    def only_the_photo(question: Choose) -> Scores:
        return shares(question, {"Ox": 1}, {} if seen(question) == "photo" else None)

    with pytest.raises(WrongUse, match="number of tokens"):
        ask(Strategy(normalise="mean", calibrate="text"), only_the_photo, PAIR)
    ask(Strategy(normalise="bytes", calibrate="text"), lambda q: shares(q, {"Ox": 1}), PAIR)


@pytest.mark.parametrize(("goes_on", "label"), [(0.9, "bat wing"), (0.1, "bat")])
def test_the_end_decides_between_a_name_and_a_longer_one_that_begins_with_it(goes_on: float, label: str) -> None:
    steps = {("", "bat"): 0.9, ("bat", "wing"): goes_on, ("bat", ""): 1 - goes_on, ("bat wing", ""): 1.0}

    def answer(question: Choose) -> Scores:
        """Word by word, the end "" included: the beginning "bat" alone is always more probable than "bat wing"."""
        told = {}
        for choice in question.choices:
            words = choice.split()
            beginnings = [" ".join(words[:place]) for place in range(len(words) + 1)]
            told[choice] = math.prod(steps.get(step, 1e-9) for step in zip(beginnings, [*words, ""], strict=True))
        return shares(question, told)

    prediction, _ = ask(Strategy(), answer, Classes(("bat", "bat wing")))
    assert prediction.label == label
    assert prediction.scores is not None
    assert prediction.scores[label] == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("normalise", ["sum", "mean", "bytes"])
@pytest.mark.parametrize("calibrate", ["none", "blank", "text"])
@given(data=st.data())
def test_it_is_a_softmax_over_the_classes_and_names_one_of_them(normalise: Any, calibrate: Any, data: Any) -> None:
    spellings = spellings_of(CLASSES.names)
    choices = choices_of(spellings)
    count = len(choices)
    numbers, tokens = st.floats(-60, 0, width=32), st.integers(1, 9)
    drawn = [
        Scores(choices, data.draw(st.tuples(*[numbers] * count)), lengths=data.draw(st.tuples(*[tokens] * count)))
        for _ in range(2)
    ]
    answers = iter(drawn)
    prediction, asked = ask(Strategy(normalise=normalise, calibrate=calibrate), lambda _: next(answers))
    assert len(asked) == (1 if calibrate == "none" else 2)
    weights = np.zeros(len(CLASSES.names))
    for number, name in enumerate(CLASSES.names):
        sums = []
        for scores in drawn:
            each = [choices.index(spelling) for spelling in spellings[name]]
            by = {
                "sum": [1] * count,
                "mean": scores.lengths or (),
                "bytes": [len(choice.encode()) for choice in choices],
            }[normalise]
            total = sum(math.exp(scores.values[place] / by[place]) for place in each)
            sums.append(total if normalise == "sum" else total / len(each))
        weights[number] = sums[0] if calibrate == "none" else sums[0] / sums[1]
    assert prediction.scores is not None
    assert list(prediction.scores) == list(CLASSES.names)
    np.testing.assert_allclose(list(prediction.scores.values()), weights / weights.sum(), rtol=1e-6)
    assert prediction.label in CLASSES.names
    assert prediction.scores[prediction.label] == max(prediction.scores.values())


# What is taken away


@pytest.mark.parametrize("calibrate", ["blank", "text"])
def test_a_name_that_is_probable_whatever_is_seen_loses_that(calibrate: Any) -> None:
    photo, without = {"Ox": 0.6, "Sea cow": 0.3}, {"Ox": 0.5, "Sea cow": 0.1}
    answer = by_picture(**{"photo": photo, calibrate: without})
    prediction, _ = ask(Strategy(calibrate=calibrate), answer, PAIR)
    assert prediction.label == "Sea cow"
    assert prediction.scores == pytest.approx({"Ox": 1.2 / 4.2, "Sea cow": 3 / 4.2})
    assert ask(Strategy(), answer, PAIR)[0].label == "Ox"


def test_what_is_taken_away_is_normalised_alike() -> None:
    lengths = {"Ox": 2, "Sea cow": 4}

    def answer(question: Choose) -> Scores:
        values = {"Ox": 1 / 4, "Sea cow": 1 / 16} if seen(question) == "photo" else {"Ox": 1 / 16, "Sea cow": 1 / 256}
        return shares(question, values, lengths)

    # a token: 1/2 and 1/2 with the photo, 1/4 and 1/4 without; a byte: 1/2 and 2^-4/7, 1/4 and 2^-8/7
    prediction, _ = ask(Strategy(normalise="mean", calibrate="blank"), answer, PAIR)
    assert prediction.scores == pytest.approx({"Ox": 1 / 2, "Sea cow": 1 / 2})
    prediction, _ = ask(Strategy(normalise="bytes", calibrate="blank"), answer, PAIR)
    assert prediction.scores == pytest.approx(
        {"Ox": 2 / (2 + 2 ** (4 / 7)), "Sea cow": 2 ** (4 / 7) / (2 + 2 ** (4 / 7))}
    )


@pytest.mark.parametrize("normalise", ["sum", "mean", "bytes"])
def test_a_photo_that_says_nothing_leaves_all_classes_equal(normalise: Any) -> None:
    """However many spellings a class has, and however long they are."""
    values = {"cat": 0.2, "Cat": 0.1, "dog": 0.3, "Bird": 0.1, "clutter": 0.1}
    strategy = Strategy(normalise=normalise, calibrate="blank")
    prediction, _ = ask(strategy, lambda q: shares(q, values, {"cat": 2, "dog": 3, "Bird": 4}))
    assert prediction.scores == pytest.approx(dict.fromkeys(CLASSES.names, 0.25))


def test_a_class_without_probability_to_take_away_counts_as_the_least_probable() -> None:
    # Ox is 0 without the photo, so as probable as the sea cow, the least that is not: 0.8 / 0.1 against 0.2 / 0.1
    answer = by_picture(photo={"Ox": 0.8, "Sea cow": 0.2}, blank={"Sea cow": 0.1, "Tern": 0.9})
    prediction, _ = ask(Strategy(calibrate="blank"), answer, Classes((*PAIR.names, "Tern")))
    assert prediction.label == "Ox"
    assert prediction.scores == pytest.approx({"Ox": 0.8, "Sea cow": 0.2, "Tern": 0})
    # one that has hardly any with the photo does not win by having none without it
    answer = by_picture(photo={"Ox": 1e-30, "Sea cow": 0.2}, blank={"Sea cow": 0.1, "Tern": 0.9})
    assert ask(Strategy(calibrate="blank"), answer, Classes((*PAIR.names, "Tern")))[0].label == "Sea cow"
    # where there is nothing at all to take away, nothing is
    prediction, _ = ask(Strategy(calibrate="blank"), by_picture(photo={"Ox": 0.6, "Sea cow": 0.2}, blank={}), PAIR)
    assert prediction.scores == pytest.approx({"Ox": 0.75, "Sea cow": 0.25})


# What is concluded


@pytest.mark.parametrize("calibrate", ["none", "blank", "text"])
def test_a_photo_without_any_probability_names_no_class(calibrate: Any) -> None:
    answer = by_picture(photo={}, blank={"cat": 1}, text={"cat": 1})
    prediction, _ = ask(Strategy(calibrate=calibrate), answer)
    assert (prediction.label, prediction.outcome, prediction.scores) == (None, Outcome.OUT_OF_LIST, None)
    assert prediction.details == {"place": None}


def test_the_place_of_the_prediction_in_the_list_is_kept() -> None:
    for seed in range(5):
        prediction, (question,) = ask(Strategy(), lambda q: shares(q, {"dog": 0.9, "cat": 0.1}), seed=seed)
        text = str(question.prompt[1])
        names = text.partition("one from ")[2].removesuffix(". Answer:").split(", ")
        assert prediction.details == {"place": names.index("dog") + 1}


def test_names_with_commas_and_braces_stay_whole() -> None:
    names = Classes(("{classes}", "missile, projectile", "%s {0}", "a}{b"))
    strategy = Strategy(order="given", template="{{classes}}!", calibrate="text")
    prediction, asked = ask(strategy, lambda q: shares(q, dict.fromkeys(names.names[1:], 0.1)), names)
    assert asked[1].prompt == ("{{classes}, missile, projectile, %s {0}, a}{b}!",)
    assert "missile, projectile" in asked[0].choices
    assert prediction.label == "missile, projectile"


def test_a_spelling_belongs_to_the_class_of_that_very_name() -> None:
    names = Classes(("cup", "Cup", "ox", "ßa", "SSa"))
    prediction, (question,) = ask(Strategy(), lambda q: shares(q, {"cup": 0.3, "Cup": 0.5}), names)
    assert question.choices == ("cup", "Cup", "ox", "Ox", "ßa", "SSa")
    assert prediction.label == "Cup"
    assert prediction.scores == pytest.approx({"cup": 0.375, "Cup": 0.625, "ox": 0, "ßa": 0, "SSa": 0})


def test_the_first_of_equals_wins_whatever_the_order_of_the_list() -> None:
    labels = {ask(Strategy(), lambda q: shares(q, {"dog": 0.5, "Bird": 0.5}), seed=seed)[0].label for seed in range(6)}
    assert labels == {"dog"}


def test_what_it_asks() -> None:
    assert Strategy().asks == {Choose}


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "likelihood").Strategy, given, "likelihood")

    assert configured(normalise="mean", calibrate="text") == Strategy(normalise="mean", calibrate="text")
    for given_, message in (
        ({"normalise": "max"}, "normalise"),
        ({"calibrate": "yes"}, "calibrate"),
        ({"prompt": "closed"}, "prompt"),
        ({"normalize": "sum"}, "did you mean 'normalise'"),
        ({"template": " "}, "template is empty"),
        ({"prompt": "open", "order": "given"}, "for a list of classes"),
        ({"template": "What?", "separator": "; "}, "for a list of classes"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**given_)
