"""Runs inquiries against an engine: many in flight, each question asked once, every answer told as it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from snellen.codec import question_key
from snellen.images import Image
from snellen.types import Answer, Engine, Failure, Inquiry, Prediction, Question, Scores, Vector


@dataclass(frozen=True, slots=True)
class Answered:
    """A new answer: to be stored before anything else happens with it."""

    task: int
    image: Image
    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class Ended:
    """An inquiry's end; `questions` counts all its questions, known ones included."""

    task: int
    row: int
    result: Prediction | Failure
    questions: int


Event: TypeAlias = Answered | Ended


def replay(inquiry: Inquiry, known: Mapping[bytes, Answer]) -> tuple[Prediction, int] | None:
    """The prediction and the number of questions behind it, or None where an answer is not known yet."""
    count = 0
    try:
        questions = next(inquiry)
        while True:
            answers = [known.get(question_key(question)) for question in questions]
            if any(answer is None for answer in answers):
                inquiry.close()
                return None
            count += len(questions)
            questions = inquiry.send(answers)  # type: ignore[arg-type]
    except StopIteration as stop:
        return stop.value, count


@dataclass(slots=True)
class _Task:
    """All inquiries about one image; what they learn is known to each of them."""

    number: int
    image: Image
    known: dict[bytes, Answer]
    running: int


@dataclass(slots=True, eq=False)
class _Running:
    """One inquiry between two rounds: the keys it waits for and how many of them are still open.

    One whose question failed ends when the others of its round are answered, so that no answer comes after the end.
    """

    task: _Task
    row: int
    inquiry: Inquiry
    keys: Sequence[bytes] | None = None
    missing: int = 0
    questions: int = 0
    failure: Failure | None = None


class Runner:
    """Keeps inquiries in flight on one engine. `start` begins a task, `step` moves all of them on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._events: list[Event] = []
        self._asked: dict[int, tuple[_Task, bytes, Question]] = {}
        self._waiting: dict[tuple[str, bytes], list[_Running]] = {}
        self._tickets = 0

    @property
    def busy(self) -> bool:
        """True while answers are awaited or events are not yet fetched."""
        return bool(self._asked or self._events)

    def room(self) -> bool:
        """Whether the engine wants more questions than the ones at hand."""
        return self._engine.room() > 0

    def start(self, number: int, image: Image, inquiries: Mapping[int, Inquiry], known: Mapping[bytes, Answer]) -> None:
        """Begins the inquiries (by row) about one image, of which some answers may be known."""
        task = _Task(number, image, dict(known), len(inquiries))
        for row, inquiry in inquiries.items():
            self._advance(_Running(task, row, inquiry))

    def step(self, timeout: float) -> list[Event]:
        """Lets the engine work and returns what came of it, answers before the ends that rest on them."""
        if self._asked and not self._events:
            for ticket, answer in self._engine.step(timeout):
                self._receive(ticket, answer)
        events, self._events = self._events, []
        return events

    def _receive(self, ticket: int, answer: Answer | Failure) -> None:
        task, key, question = self._asked.pop(ticket)
        waiting = self._waiting.pop((task.image.digest, key))
        if isinstance(answer, (Scores, Vector)) and np.isnan(answer.values).any():
            answer = Failure("the model answered with numbers that are none (NaN)")
        if not isinstance(answer, Failure):
            self._events.append(Answered(task.number, task.image, question, answer))
        for running in waiting:
            if isinstance(answer, Failure):
                running.failure = running.failure or answer
            else:
                running.task.known[key] = answer
            running.missing -= 1
            if not running.missing:
                self._advance(running)

    def _advance(self, running: _Running) -> None:
        """Sends the round's answers and asks the next round, until an answer has to be waited for."""
        if running.failure:
            self._end(running, running.failure)
            return
        known = running.task.known
        try:
            while not running.missing:
                if running.keys is None:
                    questions = next(running.inquiry)
                else:
                    questions = running.inquiry.send([known[key] for key in running.keys])
                running.questions += len(questions)
                running.keys = [question_key(question) for question in questions]
                self._ask(running, dict(zip(running.keys, questions, strict=True)))
        except StopIteration as stop:
            self._end(running, stop.value)

    def _ask(self, running: _Running, questions: Mapping[bytes, Question]) -> None:
        task = running.task
        for key, question in questions.items():
            if key in task.known:
                continue
            running.missing += 1
            waiting = self._waiting.setdefault((task.image.digest, key), [])
            waiting.append(running)
            if len(waiting) == 1:
                self._tickets += 1
                self._asked[self._tickets] = (task, key, question)
                self._engine.add(self._tickets, task.image, question)

    def _end(self, running: _Running, result: Prediction | Failure) -> None:
        running.inquiry.close()
        task = running.task
        self._events.append(Ended(task.number, running.row, result, running.questions))
        task.running -= 1
        if not task.running:
            self._engine.release(task.image)
