"""The likelihood strategy: its prompts, what is compared of a spelling, calibration, and always a class."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen import plugins
from snellen.engines.scripted import Scripted
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.runner import Ended, Runner
from snellen.strategies import closed_set
from snellen.strategies.likelihood import Strategy, blank
from snellen.types import PHOTO, Choose, Classes, Outcome, Prediction, Question, Scores

CLASSES = Classes(("cat", "sea cow", "Owl"))
CHOICES = ("cat", "Cat", "sea cow", "Sea cow", "Owl")
LENGTHS = (2, 3, 3, 4, 2)  # tokens, as if each capital took one more, and the end
OPEN = "Answer this question in one word: What type of object is in this photo? Answer:"
LISTED = (
    "Question: Answer this question in one word: What type of object is in this photo? "
    "Choose one from cat, sea cow, Owl. Answer:"
)
NOTHING = -math.inf


def ask(
    strategy: Strategy, *answers: Sequence[float], classes: Classes = CLASSES, lengths: Sequence[int] | None = LENGTHS
) -> tuple[Prediction, list[Choose]]:
    """The prediction from the scores of the photo's question and, if given, of the calibrating one."""
    inquiry = strategy.inquire(classes, None, Random(0))
    questions: list[Any] = list(next(inquiry))
    told = None if lengths is None else tuple(lengths)
    with pytest.raises(StopIteration) as stop:
        inquiry.send(
            [
                Scores(question.choices, tuple(values), lengths=told)
                for question, values in zip(questions, answers, strict=True)
            ]
        )
    return stop.value.value, questions


def shares(weights: Mapping[str, float]) -> Any:
    total = sum(weights.values())
    return pytest.approx({name: weight / total for name, weight in weights.items()}, rel=1e-5)


# Prompts


def test_the_prompts_are_the_published_one_with_the_list_and_one_without() -> None:
    _, questions = ask(Strategy(order="given"), (0,) * 5)
    assert questions == [Choose((PHOTO, LISTED), CHOICES)]
    _, questions = ask(Strategy("open", image="last"), (0,) * 5)
    assert questions == [Choose((OPEN, PHOTO), CHOICES)]


def test_a_template_stands_for_either_with_or_without_the_list() -> None:
    names = Classes(("a, b", "{classes}", "%s {0}"))
    strategy = Strategy(template="Pick {{classes}}!", separator=" | ", order="given")
    prediction, questions = ask(strategy, logs(0.2, 0.1, 0.1, 0.6), classes=names, lengths=None)
    assert questions[0].prompt == (PHOTO, "Pick {a, b | {classes} | %s {0}}!")
    assert questions[0].choices == ("a, b", "A, b", "{classes}", "%s {0}")
    assert (prediction.label, prediction.details) == ("%s {0}", {"place": 3})
    _, questions = ask(Strategy("open", template="What?"), (0,) * 5)
    assert questions[0].prompt == (PHOTO, "What?")


def test_the_first_question_is_the_one_that_closed_set_chooses_by() -> None:
    """So that the stored answers of the one serve the other."""
    for seed in range(5):
        one, other = (
            next(strategy.inquire(CLASSES, None, Random(seed)))
            for strategy in (Strategy(), closed_set.Strategy(answer="choose"))
        )
        assert one == other


def test_the_question_without_the_photo_is_asked_in_the_same_round() -> None:
    _, questions = ask(Strategy(order="given", calibrate="blank"), (0,) * 5, (0,) * 5)
    assert questions == [Choose((PHOTO, LISTED), CHOICES), Choose((blank(), LISTED), CHOICES)]
    _, questions = ask(Strategy("open", image="last", calibrate="blank"), (0,) * 5, (0,) * 5)
    assert questions[1].prompt == (OPEN, blank())
    _, questions = ask(Strategy(calibrate="text"), (0,) * 5, (0,) * 5)
    assert questions[1].prompt == questions[0].prompt[1:]


def test_the_blank_picture_is_grey_and_the_same_everywhere() -> None:
    pixels = blank().pixels()
    assert pixels.tobytes() == PIL.Image.new("RGB", (224, 224), (128, 128, 128)).tobytes()
    assert blank().digest == "dc9e769db6bc3fb5b622764a9555f8b66c4f05829376b16a3038193d20754823"


# Scores by hand: p = e^score


def logs(*values: float) -> tuple[float, ...]:
    return tuple(math.log(value) if value else NOTHING for value in values)


def test_sum_adds_the_probabilities_of_the_spellings() -> None:
    prediction, _ = ask(Strategy(), logs(0.2, 0.1, 0.05, 0.05, 0.28), lengths=None)
    assert (prediction.label, prediction.outcome) == ("cat", Outcome.SCORED)
    assert prediction.scores == shares({"cat": 0.3, "sea cow": 0.1, "Owl": 0.28})


def test_mean_divides_by_the_number_of_tokens() -> None:
    # cat: 1/64 over 2 tokens is 1/8, 1/729 over 3 is 1/9; sea cow: 1/27 over 3 is 1/3, 1/16 over 4 is 1/2; Owl: 1/2
    prediction, _ = ask(Strategy(normalise="mean"), logs(1 / 64, 1 / 729, 1 / 27, 1 / 16, 1 / 4))
    # two spellings win nothing over one: the half of their sum counts
    assert prediction.label == "Owl"
    assert prediction.scores == shares({"cat": (1 / 8 + 1 / 9) / 2, "sea cow": (1 / 3 + 1 / 2) / 2, "Owl": 1 / 2})
    prediction, _ = ask(Strategy(normalise="mean"), logs(1 / 64, 1 / 729, 1 / 8, 1 / 16, 1 / 5))
    assert prediction.label == "sea cow"
    assert ask(Strategy(), logs(1 / 64, 1 / 729, 1 / 8, 1 / 16, 1 / 5))[0].label == "Owl"


def test_bytes_divides_by_the_length_in_utf_8() -> None:
    classes = Classes(("Ö", "Abc", "D\udc80"))  # 2 and 3 bytes, and a name that is not even Unicode: 1 and 3
    prediction, questions = ask(
        Strategy(normalise="bytes"), logs(1 / 16, 1 / 125, 1 / 81), classes=classes, lengths=None
    )
    assert questions[0].choices == classes.names
    assert prediction.scores == shares({"Ö": 1 / 4, "Abc": 1 / 5, "D\udc80": 1 / 3})


@pytest.mark.parametrize("calibrate", ["blank", "text"])
def test_calibration_divides_by_the_probability_without_the_photo(calibrate: Any) -> None:
    photo, without = logs(0.3, 0.2, 0.1, 0.08, 0.1), logs(0.6, 0.1, 0.05, 0.04, 0.2)
    prediction, _ = ask(Strategy(calibrate=calibrate), photo, without)
    assert prediction.label == "sea cow" and ask(Strategy(), photo)[0].label == "cat"
    assert prediction.scores == shares({"cat": (0.5 + 2) / 2, "sea cow": (2 + 2) / 2, "Owl": 0.5})


def test_what_is_calibrated_is_the_normalised_score() -> None:
    photo, without = logs(1 / 4, 0, 1 / 8, 0, 1 / 9), logs(1 / 16, 1, 1 / 27, 1, 1 / 4)
    prediction, _ = ask(Strategy(normalise="mean", calibrate="text"), photo, without)
    assert prediction.scores == shares({"cat": 4 / 2 / 2, "sea cow": 3 / 2 / 2, "Owl": 2 / 3})
    classes = Classes(("Ox", "Cow"))
    strategy = Strategy(normalise="bytes", calibrate="blank")
    prediction, _ = ask(strategy, logs(1 / 9, 1 / 8), logs(1 / 4, 1 / 27), classes=classes, lengths=None)
    assert prediction.scores == shares({"Ox": 2 / 3, "Cow": 3 / 2})


def test_a_spelling_without_probability_in_the_calibration_is_left_out() -> None:
    prediction, _ = ask(Strategy(calibrate="blank"), logs(0.5, 0.1, 0.2, 0, 0.1), logs(0, 0.1, 0.4, 0, 0))
    assert prediction.label == "cat"
    assert prediction.scores == shares({"cat": 1 / 2, "sea cow": 0.5 / 2, "Owl": 0})
    prediction, _ = ask(Strategy(calibrate="text"), logs(0.5, 0.1, 0.2, 0, 0.1), (NOTHING,) * 5)
    assert (prediction.label, prediction.outcome, prediction.scores) == (None, Outcome.OUT_OF_LIST, None)


def test_scores_without_any_probability_name_no_class() -> None:
    prediction, _ = ask(Strategy(), (NOTHING,) * 5)
    assert prediction == Prediction(None, Outcome.OUT_OF_LIST, None, {"place": None})


@pytest.mark.parametrize("calibrate", ["none", "blank"])
def test_mean_without_lengths_says_what_to_do(calibrate: Any) -> None:
    count = 1 + (calibrate == "blank")
    inquiry = Strategy(normalise="mean", calibrate=calibrate).inquire(CLASSES, None, Random(0))
    next(inquiry)
    with pytest.raises(WrongUse, match=r"normalise=mean needs the number of tokens.*use normalise=sum or"):
        inquiry.send([Scores(CHOICES, (0.0,) * 5, lengths=LENGTHS)] * (count - 1) + [Scores(CHOICES, (0.0,) * 5)])


@given(st.data(), st.sampled_from(("sum", "mean", "bytes")), st.booleans())
def test_it_is_a_softmax_over_the_classes(data: st.DataObject, normalise: Any, calibrated: bool) -> None:
    numbers = st.tuples(*[st.floats(-60, 0, width=32)] * 5)
    photo, without = data.draw(numbers), data.draw(numbers)
    lengths = data.draw(st.tuples(*[st.integers(1, 9)] * 5))
    divisors = {"sum": (1,) * 5, "mean": lengths, "bytes": (3, 3, 7, 7, 3)}[normalise]
    strategy = Strategy(normalise=normalise, calibrate="blank" if calibrated else "none")
    prediction, _ = ask(strategy, photo, *([without] if calibrated else []), lengths=lengths)
    each = [
        math.exp((value - (base if calibrated else 0)) / divisor)
        for value, base, divisor in zip(photo, without, divisors, strict=True)
    ]
    spellings = 1 if normalise == "sum" and not calibrated else 2
    weights = {"cat": (each[0] + each[1]) / spellings, "sea cow": (each[2] + each[3]) / spellings, "Owl": each[4]}
    assert prediction.scores == pytest.approx(
        {name: weight / sum(weights.values()) for name, weight in weights.items()}, rel=1e-6, abs=1e-9
    )
    assert prediction.label in CLASSES.names
    assert prediction.scores is not None
    assert prediction.scores[prediction.label] == max(prediction.scores.values())


# The record, and names that are hard


def test_the_place_in_the_list_is_told_where_there_is_a_list() -> None:
    assert ask(Strategy(order="given"), logs(0.1, 0.1, 0.1, 0.1, 0.6))[0].details == {"place": 3}
    prediction, questions = ask(Strategy(), logs(0.1, 0.1, 0.1, 0.1, 0.6))
    text = questions[0].prompt[1]
    assert isinstance(text, str)
    listed = text.partition("Choose one from ")[2].removesuffix(". Answer:").split(", ")
    assert listed[prediction.details["place"] - 1] == "Owl"
    assert ask(Strategy("open"), (0,) * 5)[0].details == {}
    assert ask(Strategy(template="What?"), (0,) * 5)[0].details == {}


def test_names_that_share_a_spelling_keep_to_their_own() -> None:
    classes = Classes(("cup", "Cup", "élan", "Élan"))
    prediction, questions = ask(Strategy(), logs(0.1, 0.4, 0.2, 0.3), classes=classes, lengths=None)
    assert questions[0].choices == ("cup", "Cup", "élan", "Élan")
    assert prediction.scores == shares({"cup": 0.1, "Cup": 0.4, "élan": 0.2, "Élan": 0.3})


def test_of_equals_the_first_of_the_class_list_wins() -> None:
    assert ask(Strategy("open"), (-1,) * 5, classes=Classes(("A", "B", "C", "D", "E")))[0].label == "A"


def spoken(*words: str) -> float:
    """The log-probability of the words and the end behind them, of a model whose "bat" mostly goes on with "wing"."""
    following: Mapping[str, Mapping[str, float]] = {
        "": {"bat": 0.6, "Bat": 0.1, "owl": 0.3},
        "bat": {"wing": 0.9, "end": 0.1},
        "Bat": {"wing": 0.9, "end": 0.1},
        "owl": {"end": 1.0},
        "wing": {"end": 1.0},
    }
    steps = zip(("", *words), (*words, "end"), strict=True)
    return math.fsum(math.log(following[before].get(word, 1e-9)) for before, word in steps)


def run(strategy: Strategy, answer: Callable[[Question, Image | None], Any], classes: Classes) -> Any:
    runner = Runner(Scripted(answer))
    runner.start(0, blank(), {0: strategy.inquire(classes, None, Random(0))}, {})
    events: list[Any] = []
    while runner.busy:
        events += runner.step(0.1)
    (end,) = (event for event in events if isinstance(event, Ended))
    return end.result


def test_the_end_decides_between_a_name_and_its_beginning() -> None:
    classes = Classes(("bat", "bat wing"))

    def answer(question: Question, image: Image | None) -> Scores:
        assert isinstance(question, Choose)
        return Scores(question.choices, tuple(spoken(*choice.split()) for choice in question.choices))

    prediction = run(Strategy(), answer, classes)
    assert prediction.label == "bat wing"  # without the end, "bat" is its beginning and at least as probable
    assert prediction.scores == shares({"bat": 0.7 * 0.1, "bat wing": 0.7 * 0.9})
    assert run(Strategy("open", normalise="bytes"), answer, classes).label == "bat wing"


def test_what_it_asks() -> None:
    assert Strategy().asks == {Choose}


def test_options_are_read_and_checked() -> None:
    def configured(**given: Any) -> Strategy:
        return plugins.configure(plugins.load("strategies", "likelihood").Strategy, given, "likelihood")

    assert configured(prompt="open", normalise="mean") == Strategy("open", normalise="mean")
    assert configured(template="What is it?", calibrate="none") == Strategy(template="What is it?")
    for given_options, message in (
        ({"prompt": "open", "template": "One of {classes}:"}, "prompt=open has no list"),
        ({"prompt": "binary"}, "prompt"),
        ({"normalise": "tokens"}, "normalise"),
        ({"calibrate": "black"}, "calibrate"),
        ({"normalize": "sum"}, "did you mean 'normalise'"),
    ):
        with pytest.raises(WrongUse, match=message):
            configured(**given_options)
