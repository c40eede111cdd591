"""The runner: rounds, deduplication, failures, and what is told in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.engines.scripted import Scripted
from snellen.images import Image
from snellen.placing import Key, Lookup, place
from snellen.runner import Answered, Ended, Event, Runner, replay
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Failure,
    Finish,
    Generate,
    Inquiry,
    Outcome,
    Prediction,
    Preparation,
    Question,
    Scores,
    Text,
)

IMAGES = [Image(data=bytes([number])) for number in range(20)]


def ask(text: str) -> Generate:
    return Generate((PHOTO, text), 5)


def rounds(*texts: Sequence[str]) -> Inquiry:
    """Asks the texts round by round and concludes all it heard."""
    heard = []
    for round_ in texts:
        answers = yield [ask(text) for text in round_]
        heard += [answer.text for answer in answers if isinstance(answer, Text)]
    return Prediction("|".join(heard), Outcome.EXACT)


class Counting:
    """Answers a question with its own text, and counts how often it is asked; an odd text fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, question: Question, image: Image | None) -> str | Failure:
        assert isinstance(question, Generate)
        assert image is not None
        text = str(question.prompt[1])
        self.asked.append((image.digest, text))
        return Failure(f"no {text}") if text.startswith("bad") else text.upper()


def by_key(known: Mapping[Key, Answer]) -> Lookup:
    return lambda placed: known.get(placed.key)


def drain(runner: Runner) -> list[Event]:
    events = []
    while runner.busy:
        events += runner.step(0.1)
    return events


def ends(events: Sequence[Event]) -> Mapping[tuple[int, int], Prediction | Failure]:
    return {(event.task, event.row): event.result for event in events if isinstance(event, Ended)}


def test_rounds_are_asked_in_turn_and_told_before_the_end() -> None:
    engine = Counting()
    runner = Runner({"model": Scripted(engine)})
    runner.start(7, IMAGES[0], {3: rounds(["a", "b"], ["c"])}, {})
    events = drain(runner)
    assert [type(event) for event in events] == [Answered, Answered, Answered, Ended]
    end = events[-1]
    assert isinstance(end, Ended)
    assert (end.task, end.row, end.questions) == (7, 3, 3)
    assert end.result == Prediction("A|B|C", Outcome.EXACT)


def test_identical_questions_in_flight_are_asked_once() -> None:
    engine = Counting()
    runner = Runner({"model": Scripted(engine)})
    runner.start(0, IMAGES[0], {0: rounds(["a", "a", "b"]), 1: rounds(["a"], ["b"])}, {})
    runner.start(1, IMAGES[0], {0: rounds(["a"])}, {})
    events = drain(runner)
    assert sorted(engine.asked) == sorted({(IMAGES[0].digest, "a"), (IMAGES[0].digest, "b")})
    results = {key: result.label for key, result in ends(events).items() if isinstance(result, Prediction)}
    assert results == {(0, 0): "A|A|B", (0, 1): "A|B", (1, 0): "A"}


def test_known_answers_are_not_asked_again() -> None:
    engine = Counting()
    runner = Runner({"model": Scripted(engine)})
    known: dict[Key, Answer] = {place(ask("a"), IMAGES[0]).key: Text("stored")}
    runner.start(0, IMAGES[0], {0: rounds(["a"], ["b"])}, known)
    results = ends(drain(runner))
    assert results[0, 0] == Prediction("stored|B", Outcome.EXACT)
    assert [text for _, text in engine.asked] == ["b"]


def test_a_failed_question_ends_its_inquiry_and_no_other_and_keeps_the_other_answers() -> None:
    runner = Runner({"model": Scripted(Counting())})
    runner.start(0, IMAGES[0], {0: rounds(["bad", "a"], ["b"]), 1: rounds(["a"])}, {})
    events = drain(runner)
    assert ends(events) == {(0, 0): Failure("no bad"), (0, 1): Prediction("A", Outcome.EXACT)}
    assert [event.answer for event in events if isinstance(event, Answered)] == [Text("A")]


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_no_answer_comes_after_the_end_of_its_inquiry(batch_size: int) -> None:
    released = []

    class Noting(Scripted):
        def release(self, image: Image) -> None:
            released.append(image.digest)

    runner = Runner({"model": Noting(Counting(), batch_size)})
    runner.start(0, IMAGES[0], {0: rounds(["a", "bad", "b", "c"], ["never"])}, {})
    events = drain(runner)
    assert [type(event) for event in events] == [Answered, Answered, Answered, Ended]
    assert ends(events) == {(0, 0): Failure("no bad")}
    assert released == [IMAGES[0].digest]


def test_an_image_is_released_when_its_last_inquiry_has_ended() -> None:
    released = []

    class Noting(Scripted):
        def release(self, image: Image) -> None:
            released.append(image.digest)

    runner = Runner({"model": Noting(Counting(), batch_size=1)})
    runner.start(0, IMAGES[0], {0: rounds(["a"]), 1: rounds(["b"], ["c"])}, {})
    while runner.busy:
        before = list(released)
        if any(isinstance(event, Ended) and event.row == 0 for event in runner.step(0.1)):
            assert before == released == []
    assert released == [IMAGES[0].digest]


def test_replay_needs_every_answer() -> None:
    known = {place(ask(text), IMAGES[0]).key: Text(text) for text in "ab"}
    assert replay(rounds(["a"], ["b"]), IMAGES[0], by_key(known)) == (Prediction("a|b", Outcome.EXACT), 2)
    assert replay(rounds(["a"], ["c"]), IMAGES[0], by_key(known)) is None


@given(
    st.lists(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4), max_size=3), max_size=8),
    st.integers(1, 9),
)
def test_whatever_is_asked_the_runner_concludes_what_a_replay_concludes(
    inquiries: list[list[list[str]]], batch_size: int
) -> None:
    engine = Counting()
    runner = Runner({"model": Scripted(engine, batch_size)})
    events: list[Event] = []
    for number, texts in enumerate(inquiries):
        runner.start(number, IMAGES[number % 3], {0: rounds(*texts)}, {})
        events += runner.step(0.1)
    events += drain(runner)
    known = {place(ask(text), photo).key: Text(text.upper()) for text in "abcde" for photo in IMAGES}
    for number, texts in enumerate(inquiries):
        replayed = replay(rounds(*texts), IMAGES[number % 3], by_key(known))
        assert replayed is not None
        assert ends(events)[number, 0] == replayed[0]
    stored = [event.asked.key for event in events if isinstance(event, Answered)]
    assert len(stored) == len(engine.asked)


def test_an_exception_of_a_strategy_is_not_swallowed() -> None:
    def broken() -> Inquiry:
        yield [ask("a")]
        raise ZeroDivisionError

    runner = Runner({"model": Scripted(Counting())})
    runner.start(0, IMAGES[0], {0: broken()}, {})
    with pytest.raises(ZeroDivisionError):
        drain(runner)


def chosen(*texts: str) -> Inquiry:
    """Asks for scores, one question after the other."""
    for text in texts:
        (answer,) = yield [Choose((PHOTO, text), ("yes", "no"))]
        assert isinstance(answer, Scores)
    return Prediction("yes", Outcome.SCORED, details={"asked": len(texts)})


def test_a_refusal_to_score_ends_the_inquiry_as_refused_live_and_replayed() -> None:
    answers: list[Answer] = []

    def model(question: Question, image: Image | None) -> Answer:
        no = Text("I cannot help with that.", Finish.REFUSED)
        answers.append(no if len(answers) == 1 else Scores(("yes", "no"), (0.0, -1.0)))
        return answers[-1]

    runner = Runner({"model": Scripted(model)})
    runner.start(0, IMAGES[0], {0: chosen("a", "b", "c")}, {})
    events = drain(runner)
    assert ends(events)[0, 0] == Prediction(None, Outcome.REFUSED)
    known = {event.asked.key: event.answer for event in events if isinstance(event, Answered)}
    assert list(known.values()) == answers and len(answers) == 2
    assert replay(chosen("a", "b", "c"), IMAGES[0], by_key(known)) == (Prediction(None, Outcome.REFUSED), 2)


def test_a_refusal_to_write_is_for_the_strategy_to_read() -> None:
    runner = Runner({"model": Scripted(lambda question, image: Text("no", Finish.REFUSED))})
    runner.start(0, IMAGES[0], {0: rounds(["a"])}, {})
    assert ends(drain(runner))[0, 0] == Prediction("no", Outcome.EXACT)


def test_a_preparation_that_is_refused_fails() -> None:
    def preparation() -> Preparation:
        yield [Choose(("which?",), ("yes", "no"))]
        raise AssertionError

    runner = Runner({"model": Scripted(lambda question, image: Text("never", Finish.REFUSED))})
    runner.start(0, None, {0: preparation()}, {})
    result = ends(drain(runner))[0, 0]
    assert isinstance(result, Failure)
    assert "refused" in result.reason and "never" in result.reason


def test_how_scores_were_had_stands_with_the_prediction_live_and_replayed() -> None:
    ways = {"a": "logprobs", "b": "asked", "c": "asked", "d": None}

    def model(question: Question, image: Image | None) -> Answer:
        assert isinstance(question, Choose)
        return Scores(("yes", "no"), (0.0, -1.0), by=ways[str(question.prompt[1])])  # type: ignore[arg-type]

    for texts, said in (("abc", "asked+logprobs"), ("bc", "asked"), ("d", None)):
        runner = Runner({"model": Scripted(model)})
        runner.start(0, IMAGES[0], {0: chosen(*texts)}, {})
        events = drain(runner)
        expected = {"asked": len(texts)} | ({"scores_by": said} if said else {})
        result = ends(events)[0, 0]
        assert isinstance(result, Prediction) and result.details == expected
        known = {event.asked.key: event.answer for event in events if isinstance(event, Answered)}
        assert replay(chosen(*texts), IMAGES[0], by_key(known)) == (result, len(texts))


def test_what_is_asked_again_and_again_about_no_photo_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snellen.runner._SHARED", 3)
    asked: list[str] = []

    def answer(question: Question, image: Image | None) -> str:
        assert isinstance(question, Generate)
        asked.append(str(question.prompt[0]))
        return "yes"

    def inquiry(number: int) -> Inquiry:
        yield [Generate(("always",), 5), Generate((f"only {number}",), 5)]
        return Prediction(None, Outcome.EMPTY)

    runner = Runner({"model": Scripted(answer)})
    for number, image in enumerate(IMAGES):
        runner.start(number, image, {0: inquiry(number)}, {})
        drain(runner)
    assert asked.count("always") == 1 and len(asked) == 1 + len(IMAGES)
