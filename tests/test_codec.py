"""Questions and answers written down and read back."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.codec import key_of, question_key, read_answer, read_question, write_answer, write_question
from snellen.images import Image
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Embed,
    EmbedText,
    Finish,
    Generate,
    Question,
    Recognise,
    Scores,
    Text,
    Usage,
    Vector,
)

IMAGES = {image.digest: image for image in (Image(data=b"one"), Image(data=b"two"))}
TEXTS = st.text(st.characters(), max_size=12)  # half surrogate pairs and control characters included
PARTS = st.one_of(TEXTS, st.just(PHOTO), st.sampled_from(list(IMAGES.values())))
PROMPTS = st.lists(PARTS, max_size=4).map(tuple)
CHOICES = st.lists(TEXTS, max_size=4).map(tuple)
QUESTIONS = st.one_of(
    st.builds(Generate, PROMPTS, st.integers(1, 9999), CHOICES),
    st.builds(Choose, PROMPTS, CHOICES),
    st.just(Recognise()),
    st.builds(Embed, st.just(PHOTO) | st.sampled_from(list(IMAGES.values()))),
    st.builds(EmbedText, TEXTS),
)
USAGES = st.builds(
    Usage,
    st.none() | st.integers(0, 10**9),
    st.none() | st.integers(0, 10**9),
    st.none() | st.floats(0, 1e6),
    st.integers(0, 99),
)
SCALES = st.floats(allow_nan=False)
VALUES = st.lists(st.floats(width=32), max_size=5).map(tuple)
ANSWERS = st.one_of(
    st.builds(Text, TEXTS, st.sampled_from(Finish), USAGES),
    VALUES.flatmap(
        lambda values: st.builds(
            Scores,
            st.just(tuple(f"ä{i}" for i in range(len(values)))),
            st.just(values),
            USAGES,
            st.none() | st.tuples(*[st.integers(1, 9999) for _ in values]),
            st.sampled_from([None, "logprobs", "choice", "asked"]),
        )
    ),
    st.builds(Vector, VALUES, USAGES, st.none() | SCALES, st.none() | SCALES),
)


@given(QUESTIONS)
def test_a_question_comes_back(question: Question) -> None:
    body = write_question(question)
    body.encode()  # it can be stored
    assert read_question(body, IMAGES.__getitem__) == question


@given(QUESTIONS, QUESTIONS)
def test_keys_are_equal_where_the_questions_are(one: Question, other: Question) -> None:
    assert (question_key(one) == question_key(other)) == (one == other)


@given(ANSWERS)
def test_an_answer_comes_back_bit_by_bit(answer: Answer) -> None:
    body, choices = write_answer(answer)
    body.encode()
    back = read_answer(body, choices)
    assert type(back) is type(answer)
    assert back.usage == answer.usage
    if isinstance(answer, Text):
        assert back == answer
    else:
        assert not isinstance(back, Text)
        assert np.asarray(back.values, "<f4").tobytes() == np.asarray(answer.values, "<f4").tobytes()
        assert getattr(back, "choices", ()) == getattr(answer, "choices", ())
        for name in ("lengths", "by", "scale", "bias"):
            assert getattr(back, name, None) == getattr(answer, name, None)


@given(ANSWERS)
def test_an_answer_travels_between_processes_as_it_is(answer: Answer) -> None:
    back = pickle.loads(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
    assert type(back) is type(answer) and write_answer(back) == write_answer(answer)


def test_a_vocabulary_that_travels_is_one_and_the_same_for_all_answers() -> None:
    vocabulary = tuple(f"concept {number}, synonym" for number in range(1001))
    sent = [pickle.dumps(Scores(vocabulary, (float(place),) * 1001)) for place in range(2)]
    one, other = (pickle.loads(each) for each in sent)
    assert one.choices == vocabulary and one.choices is other.choices
    assert (one.best, other.values[7]) == (vocabulary[0], 1.0)


def test_a_prompt_with_an_image_needs_the_image() -> None:
    body = write_question(Embed(Image(data=b"one")))
    with pytest.raises(ValueError, match="no images are at hand"):
        read_question(body)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        read_question('["guess"]')


def test_the_written_form_stays_as_it_is() -> None:
    """Stored answers of earlier versions are found again only while this holds."""
    question = Generate((PHOTO, "Größe? 🐈"), 20, ("yes", "no"))
    assert write_question(question) == '["generate",[{"photo":true},"Größe? 🐈"],20,["yes","no"]]'
    assert question_key(question).hex() == key_of(write_question(question)).hex() == "ccace478df1f60ff7508eb19896364ba"
    assert write_question(Choose(("half \ud83d",), ("a",))) == '["choose",["half \\ud83d"],["a"]]'
    body, choices = write_answer(Scores(("a", "b"), (-math.inf, 1.5), Usage(1, 2, 0.5, 3)))
    assert json.loads(body) == ["scores", "AACA/wAAwD8=", [1, 2, 0.5, 3]]
    assert choices == ("a", "b")
    told = Scores(("a", "b"), (-math.inf, 1.5), Usage(1, 2, 0.5, 3), (2, 5))
    assert json.loads(write_answer(told)[0]) == ["scores", "AACA/wAAwD8=", [2, 5], [1, 2, 0.5, 3]]


def test_a_vector_is_a_value_that_cannot_be_written_to() -> None:
    row = np.asarray([[1, 2.5], [3, 4]], np.float64)[0]
    vector = Vector(row, Usage(seconds=0.1), scale=np.float32(100), bias=-10)
    row[0] = 9
    for same in (pickle.loads(pickle.dumps(vector)), Vector((1, 2.5), Usage(seconds=0.1), 100.0, -10.0)):
        assert same == vector and hash(same) == hash(vector)
        assert same.values.dtype == np.float32 and type(same.scale) is float
        with pytest.raises(ValueError, match="read-only"):
            same.values[0] = 0
    others = (Vector((1, 2), Usage(seconds=0.1), 100, -10), Vector((1, 2.5)), Vector((1, 2.5), Usage(seconds=0.1), 100))
    assert not {vector} & set(others)
    with pytest.raises(ValueError, match=r"the shape \[1, 2\]"):
        Vector([[1, 2]])


def test_vectors_are_written_as_ever_and_with_what_compares_them() -> None:
    plain = '["vector","AACA/wAAwD8=",[1,2,0.5,3]]'
    assert write_answer(Vector((-math.inf, 1.5), Usage(1, 2, 0.5, 3))) == (plain, ())
    assert read_answer(plain) == Vector((-math.inf, 1.5), Usage(1, 2, 0.5, 3))
    told = '["vector","AACA/wAAwD8=",[100.0,null],[1,2,0.5,3]]'
    assert write_answer(Vector((-math.inf, 1.5), Usage(1, 2, 0.5, 3), scale=100)) == (told, ())


def test_scores_written_without_lengths_are_read_as_ever() -> None:
    assert read_answer('["scores","AACA/wAAwD8=",[1,2,0.5,3]]', ("a", "b")) == Scores(
        ("a", "b"), (-math.inf, 1.5), Usage(1, 2, 0.5, 3)
    )


def test_lengths_count_tokens_for_each_choice() -> None:
    lengths = Scores(("a", "b"), (0, 0), lengths=tuple(np.asarray([2, 3]))).lengths
    assert lengths == (2, 3) and json.dumps(lengths)
    for wrong, message in (((1,), "2 choices but 1 lengths"), ((1, 0), "at least one token")):
        with pytest.raises(ValueError, match=message):
            Scores(("a", "b"), (0, 0), lengths=wrong)
