"""Answers, rows and records as they are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snellen.codec import question_key
from snellen.database import Database
from snellen.store import Store
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Failure,
    Generate,
    Outcome,
    Prediction,
    Question,
    Recognise,
    Scores,
    Text,
    Usage,
)
from test_codec import ANSWERS, QUESTIONS

DIGESTS = ["00" * 32, "ff" * 32]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "answers.sqlite")) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from(DIGESTS), QUESTIONS, ANSWERS), max_size=8))
def test_every_answer_comes_back_and_the_first_stays(
    database: Database, given_answers: list[tuple[int, str, Question, Answer]]
) -> None:
    expected: dict[tuple[int, str], dict[bytes, str]] = {}
    store = Store(database)
    with database.commit():
        database.execute("DELETE FROM answers")
        for model, digest, question, answer in given_answers:
            store.add_answer(model, digest, question, answer)
            expected.setdefault((model, digest), {}).setdefault(question_key(question), repr(answer))
    for (model, digest), answers in expected.items():
        found = Store(database).known(model, digest)  # a store that remembers nothing
        assert {key: repr(answer) for key, answer in found.items()} == answers
    assert {model for model in (1, 2) if store.has_answers(model)} == {model for model, _ in expected}


def test_a_second_answer_does_not_replace_the_first(store: Store, database: Database) -> None:
    question = Generate((PHOTO, "what?"), 5)
    for text in ("first", "second"):
        with database.commit():
            store.add_answer(1, DIGESTS[0], question, Text(text))
    assert store.known(1, DIGESTS[0]) == {question_key(question): Text("first", usage=Usage())}


def test_the_lengths_of_choices_are_kept(store: Store, database: Database) -> None:
    question = Choose((PHOTO, "what?"), ("cat", "sea cow"))
    answer = Scores(question.choices, (-1, -2), lengths=(2, 3))
    with database.commit():
        store.add_answer(1, DIGESTS[0], question, answer)
    assert store.known(1, DIGESTS[0]) == {question_key(question): answer}


def test_an_answer_that_was_undone_can_be_given_again_with_its_texts(store: Store, database: Database) -> None:
    question, answer = Recognise(), Scores(("cat", "dog"), (0.5, 0.25))
    with pytest.raises(KeyboardInterrupt), database.commit():  # noqa: PT012
        store.add_answer(1, DIGESTS[0], question, answer)
        raise KeyboardInterrupt
    assert store.known(1, DIGESTS[0]) == {}
    with database.commit():
        store.add_answer(1, DIGESTS[0], question, answer)
    assert Store(database).known(1, DIGESTS[0]) == {question_key(question): answer}
    assert database.value("SELECT count(*) FROM texts") == 2


def test_a_row_is_known_by_its_key_and_follows_the_selection(store: Store, database: Database) -> None:
    with database.commit():
        first = store.row({"a": 1, "b": [2]}, 1, {"title": "x"}, 1)
        assert store.row({"b": [2], "a": 1}, 1, {"title": "y"}, 2) == first
        assert store.row({"a": 2, "b": [2]}, 1, {"title": "x"}, 1) != first
    assert next(store.rows()) == (first, 1, {"title": "y", "models": {"model": 1}}, 2)


def test_records_keep_the_four_states_apart(store: Store, database: Database) -> None:
    scores = {name: float(place) for place, name in enumerate("abcdefgh")}
    with database.commit():
        store.put_record(1, 1, Prediction("a", Outcome.SCORED, scores, {"votes": 3}), 2)
        store.put_record(1, 2, Prediction(None, Outcome.EMPTY), 1)
        store.put_record(1, 3, Failure("half a pair \ud83d and\0zero"), 0)
    assert store.settled([1], 1) == store.settled([1, 2], 2) == {1}
    assert store.settled([1], 3) == store.settled([1], 4) == store.settled([2], 1) == set()
    found = database.execute("SELECT state, prediction, outcome, scores, details, failure, questions FROM records")
    first, second, third = found.fetchall()
    assert first[:3] == ("answered", "a", "scored")
    assert json.loads(first[3]) == {"h": 7.0, "g": 6.0, "f": 5.0, "e": 4.0, "d": 3.0}
    assert json.loads(first[4]) == {"votes": 3}
    assert second == ("unparsed", None, "empty", None, None, None, 1)
    assert third == ("failed", None, None, None, None, "half a pair \\ud83d and\0zero", 0)
    with database.commit():
        for example in (1, 2, 3):
            store.drop_record(1, example)
    assert [state for (state,) in database.execute("SELECT state FROM records")] == ["failed"]


def test_what_was_measured_is_kept(store: Store, database: Database) -> None:
    with database.commit():
        model = store.model({"name": "m"}, "shown")
        assert store.model({"name": "m"}, "shown otherwise") == model
        assert store.model_facts(model) == {}
        store.set_model_facts(model, {"batch_size": 4, "peak_gpu_gb": None})
        row = store.row({}, model, {}, 1)
        assert store.timing(row) is None
        store.set_timing(row, {"images_per_second": 5.0, "batch_size": None})
    assert store.timing(row) == {"images_per_second": 5.0, "batch_size": None}
    assert store.model_facts(model) == {"batch_size": 4, "peak_gpu_gb": None}
