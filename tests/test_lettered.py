"""Lettered options: the letter or the class that an answer names, never a guess."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snellen.labels import Reading
from snellen.lettered import letters_for, read_option, written
from snellen.types import Classes, Finish, Outcome, Text

ORDER = ("cat", "dog", "bat wing", "vitamin C")
CLASSES = Classes(("vitamin C", "cat", "bat wing", "dog"))


def read(text: str, finish: Finish = Finish.STOP, order: tuple[str, ...] = ORDER) -> tuple[str | None, Outcome]:
    reading: Reading = read_option(Text(text, finish), order, Classes(tuple(sorted(order))))
    return reading.label, reading.outcome


def test_options_are_lines_with_a_letter_each() -> None:
    assert written(["cat", "dog"]) == ["A. cat", "B. dog"]
    assert letters_for(["x"] * 26) == string.ascii_uppercase
    with pytest.raises(ValueError, match="27 options, and there are 26 letters"):
        letters_for(["x"] * 27)


@pytest.mark.parametrize(
    "text",
    ["B", "b", "B.", "(B)", " B\n", "**B**", "B)", "b)", "[B]", "B. dog", "(b) Dog", "B: dog", "B) a dog.", "b. dogs",
     "The answer is B", "The answer is B.", "the answer is: (B)", "Answer: B", "Option B", "Option (B) is right.",
     "The correct option is B. dog", "B, as the fur shows.", "I choose B because of its ears", "dog", "Dog.", "a dog",
     "It is a dog.", "Answer: dog", "The answer is dog (B)", "<think>A or C?</think>B", "It is not A, but B.",
     "It isn't option A. It's B.", "B. I am sure"],
)  # fmt: skip
def test_a_letter_or_the_text_of_its_option_names_the_class(text: str) -> None:
    assert read(text)[0] == "dog"


@pytest.mark.parametrize(
    ("text", "label"),
    [("A", "cat"), ("a", "cat"), ("A.", "cat"), ("(A) cat", "cat"), ("The answer is A", "cat"),
     ("Option A is it", "cat"),
     ("A is right", "cat"), ("Both A and B", None), ("Either A\nor B", None),
     ("A cat", "cat"), ("A dog", "dog"), ("I see A dog", "dog"), ("It is vitamin C", None), ("vitamin C", "vitamin C"),
     ("C", "bat wing"), ("D. vitamin C", None), ("C. bat wing", "bat wing")],
)  # fmt: skip
def test_an_article_is_no_letter_and_a_letter_in_a_name_is_ambiguous_in_a_sentence(
    text: str, label: str | None
) -> None:
    assert read(text)[0] == label


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("A or B", Outcome.AMBIGUOUS),
        ("A. cat\nB. dog\nC. bat wing", Outcome.AMBIGUOUS),
        ("B. cat", Outcome.AMBIGUOUS),
        ("The answer is B, the cat", Outcome.AMBIGUOUS),
        ("B or the cat", Outcome.AMBIGUOUS),
        ("cat or dog", Outcome.AMBIGUOUS),
        ("E", Outcome.OUT_OF_LIST),
        ("The answer is E.", Outcome.OUT_OF_LIST),
        ("It is not B", Outcome.OUT_OF_LIST),
        ("I see a cow", Outcome.OUT_OF_LIST),
        ("AB", Outcome.OUT_OF_LIST),
        ("T-shirt, B-side", Outcome.OUT_OF_LIST),
        ("I'm sorry, I cannot identify B", Outcome.REFUSED),
        ("", Outcome.EMPTY),
        (" . ", Outcome.EMPTY),
    ],
)
def test_what_names_two_or_none_is_no_answer(text: str, outcome: Outcome) -> None:
    assert read(text) == (None, outcome)


def test_an_answer_that_was_cut_off_is_read_as_far_as_it_is_certain() -> None:
    assert read("B. dog with", Finish.LENGTH)[0] == "dog"
    assert read("B. Ger", Finish.LENGTH)[0] == "dog"
    assert read("B", Finish.LENGTH) == (None, Outcome.TRUNCATED)  # it may be the beginning of "Bat wing"
    assert read("The answer is a", Finish.LENGTH) == (None, Outcome.TRUNCATED)
    assert read("The answer", Finish.LENGTH) == (None, Outcome.TRUNCATED)
    assert read("B", Finish.REFUSED) == (None, Outcome.REFUSED)


def test_where_classes_are_letters_one_alone_is_the_option_and_others_must_agree() -> None:
    order = ("B", "A", "C")
    assert read("B", order=order)[0] == "A"
    assert read("B. A", order=order) == (None, Outcome.AMBIGUOUS)
    assert read("Answer: C", order=order)[0] == "C"
    assert read("Answer: B", order=order) == (None, Outcome.AMBIGUOUS)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ABCDabc .:()\n'*-catdogn", max_size=25), st.sampled_from(list(Finish)))
def test_any_text_is_read_without_an_error(text: str, finish: Finish) -> None:
    label, outcome = read(text, finish)
    none = {Outcome.AMBIGUOUS, Outcome.OUT_OF_LIST, Outcome.EMPTY, Outcome.REFUSED, Outcome.TRUNCATED}
    assert (label is None) == (outcome in none)
    assert label in (None, *ORDER)
