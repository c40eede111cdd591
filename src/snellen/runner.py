"""Runs inquiries against engines: many in flight, each question asked once, every answer told as it comes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from snellen.images import Image
from snellen.placing import Key, Lookup, Placed, place
from snellen.types import (
    Answer,
    Engine,
    Failure,
    Finish,
    Generate,
    Outcome,
    Prediction,
    Question,
    Scores,
    Text,
    Usage,
    Vector,
)

_SHARED = 4096  # answers about no image that are remembered for the images to come
_MOST_SAID = 200  # letters of a refusal


@dataclass(frozen=True, slots=True)
class Answered:
    """A new answer: to be stored before anything else happens with it."""

    task: int
    asked: Placed
    answer: Answer


@dataclass(frozen=True, slots=True)
class Ended:
    """An inquiry's end; `questions` counts all its questions, known ones included.

    `result` is a prediction, or what a preparation returns.
    """

    task: int
    row: int
    result: Any
    questions: int


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt that gave no answer and may have been charged for; the question is asked again, or fails."""

    task: int
    asked: Placed
    usage: Usage


Event: TypeAlias = Answered | Ended | Lost
_Rounds: TypeAlias = Generator[Sequence[Question], Sequence[Answer], Any]  # an inquiry, or a preparation


SCORES_BY = "scores_by"  # the detail of a prediction that tells how its scores were had


def refusal(asked: Sequence[Placed], answers: Sequence[Answer], photo: Image | None) -> Prediction | Failure | None:
    """What a round ends with where a model refused to score or to embed: no strategy can go on with that.

    A refusal to write a text is for the strategy to read. A preparation fails: it is about no photo.
    """
    for placed, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Text) and answer.finish is Finish.REFUSED and not isinstance(placed.question, Generate):
            if photo is None:
                said = answer.text[:_MOST_SAID] or "it said nothing"
                return Failure(f"the model refused what is asked before the first photo: {said}")
            return Prediction(None, Outcome.REFUSED)
    return None


def _ways(answers: Sequence[Answer]) -> set[str]:
    """How the scores among hosted models' answers were had."""
    return {answer.by for answer in answers if isinstance(answer, Scores) and answer.by}


def _told(result: Any, ways: set[str]) -> Any:
    """A prediction with a detail that tells how the scores were had on which it rests."""
    if not ways or not isinstance(result, Prediction):
        return result
    return replace(result, details={**result.details, SCORES_BY: "+".join(sorted(ways))})


def replay(rounds: _Rounds, photo: Image | None, lookup: Lookup) -> tuple[Any, int] | None:
    """The result and the number of questions behind it, or None where an answer is not known yet."""
    count, ways = 0, set[str]()
    try:
        questions = next(rounds)
        while True:
            asked = [place(question, photo) for question in questions]
            found = [lookup(placed) for placed in asked]
            answers = [answer for answer in found if answer is not None]
            if len(answers) < len(found):
                rounds.close()
                return None
            count += len(questions)
            if end := refusal(asked, answers, photo):
                rounds.close()
                return end, count
            ways |= _ways(answers)
            questions = rounds.send(answers)
    except StopIteration as stop:
        return _told(stop.value, ways), count


@dataclass(slots=True)
class _Task:
    """All inquiries about one image (None: about no photo); what they learn is known to each of them."""

    number: int
    image: Image | None
    known: dict[Key, Answer]
    running: int
    shown: dict[str, Image] = field(default_factory=dict)  # the images that engines were asked about


@dataclass(slots=True, eq=False)
class _Running:
    """One inquiry between two rounds: what it asked last and how many answers are still open.

    One whose question failed ends when the others of its round are answered, so that no answer comes after the end.
    """

    task: _Task
    row: int
    rounds: _Rounds
    asked: Sequence[Placed] | None = None
    missing: int = 0
    questions: int = 0
    failure: Failure | None = None
    ways: set[str] = field(default_factory=set)


def broken(answer: Scores | Vector) -> str | None:
    """What no answer may hold, if it does: a score may be minus infinity, the logarithm of 0, a vector has none."""
    if np.isnan(answer.values).any():
        return "NaN"
    return "infinity" if isinstance(answer, Vector) and not np.isfinite(answer.values).all() else None


class Runner:
    """Keeps inquiries in flight on the engines of all roles. `start` begins a task, `step` moves all of them on."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines
        self._events: list[Event] = []
        self._asked: dict[str, dict[int, tuple[_Task, Placed]]] = {role: {} for role in engines}
        self._waiting: dict[Key, list[_Running]] = {}
        self._shared: OrderedDict[Key, Answer] = OrderedDict()
        self._tickets = 0

    @property
    def busy(self) -> bool:
        """True while answers are awaited or events are not yet fetched."""
        return bool(self._events or any(self._asked.values()))

    def room(self) -> bool:
        """Whether the engines want more questions than the ones at hand."""
        return all(engine.room() > 0 for engine in self._engines.values())

    def start(
        self, number: int, image: Image | None, inquiries: Mapping[int, _Rounds], known: Mapping[Key, Answer]
    ) -> None:
        """Begins the inquiries (by row) about one image, of which some answers may be known."""
        task = _Task(number, image, dict(known), len(inquiries))
        for row, rounds in inquiries.items():
            self._advance(_Running(task, row, rounds))

    def step(self, timeout: float) -> list[Event]:
        """Lets the engines work and returns what came of it, answers before the ends that rest on them."""
        asked = [role for role, tickets in self._asked.items() if tickets] if not self._events else []
        for role in asked:
            engine = self._engines[role]
            answered = engine.step(timeout / len(asked))
            lost: Callable[[], Sequence[tuple[int, Usage]]] = getattr(engine, "losses", tuple)
            for ticket, usage in lost():  # those of a question come before its answer
                task, placed = self._asked[role][ticket]
                self._events.append(Lost(task.number, placed, usage))
            for ticket, answer in answered:
                self._receive(*self._asked[role].pop(ticket), answer)
        events, self._events = self._events, []
        return events

    def _receive(self, task: _Task, placed: Placed, answer: Answer | Failure) -> None:
        waiting = self._waiting.pop(placed.key)
        if isinstance(answer, (Scores, Vector)) and (why := broken(answer)):
            answer = Failure(f"the model answered with numbers that are none ({why})")
        if not isinstance(answer, Failure):
            self._events.append(Answered(task.number, placed, answer))
            if placed.image is None:
                self._share(placed.key, answer)
        for running in waiting:
            if isinstance(answer, Failure):
                running.failure = running.failure or answer
            else:
                running.task.known[placed.key] = answer
            running.missing -= 1
            if not running.missing:
                self._advance(running)

    def _share(self, key: Key, answer: Answer) -> None:
        self._shared[key] = answer
        if len(self._shared) > _SHARED:
            self._shared.popitem(last=False)

    def _advance(self, running: _Running) -> None:
        """Sends the round's answers and asks the next round, until an answer has to be waited for."""
        if running.failure:
            self._end(running, running.failure)
            return
        known = running.task.known
        try:
            while not running.missing:
                if running.asked is None:
                    questions = next(running.rounds)
                else:
                    answers = [known[placed.key] for placed in running.asked]
                    if end := refusal(running.asked, answers, running.task.image):
                        self._end(running, end)
                        return
                    running.ways |= _ways(answers)
                    questions = running.rounds.send(answers)
                running.questions += len(questions)
                running.asked = [place(question, running.task.image) for question in questions]
                self._ask(running, {placed.key: placed for placed in running.asked})
        except StopIteration as stop:
            self._end(running, _told(stop.value, running.ways))

    def _ask(self, running: _Running, round_: Mapping[Key, Placed]) -> None:
        task = running.task
        for key, placed in round_.items():
            if key in task.known:
                continue
            if (shared := self._shared.get(key)) is not None:
                task.known[key] = shared
                self._shared.move_to_end(key)
                continue
            running.missing += 1
            waiting = self._waiting.setdefault(key, [])
            waiting.append(running)
            if len(waiting) == 1:
                self._put(task, placed)

    def _put(self, task: _Task, placed: Placed) -> None:
        self._tickets += 1
        self._asked[placed.role][self._tickets] = (task, placed)
        if placed.image is not None:
            task.shown[placed.image.digest] = placed.image
        self._engines[placed.role].add(self._tickets, placed.image, placed.question)

    def _end(self, running: _Running, result: Any) -> None:
        running.rounds.close()
        task = running.task
        self._events.append(Ended(task.number, running.row, result, running.questions))
        task.running -= 1
        if not task.running:
            for image in task.shown.values():
                for engine in self._engines.values():
                    engine.release(image)
