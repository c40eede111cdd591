"""A model's own process: loads its engine, runs the runner over the images it is handed, streams what comes of it.

The parent's end, Worker, replaces a process that dies or hangs. The images it had in hand are then asked one at a time,
so that the one to blame is found: an image that does it three times is a failed example with that reason.
"""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from snellen import plugins
from snellen.child import Child, ChildDied, Parent
from snellen.errors import Missing, SnellenError
from snellen.images import Image
from snellen.meters import PASS_SECONDS, Timing, peak_rss_gb, time_row
from snellen.placing import Key
from snellen.rows import Row
from snellen.runner import Answered, Ended, Event, Lost, Runner
from snellen.types import MODEL, Answer, Engine, Failure

DEATHS_PER_IMAGE = 3
_HANDFUL = 16  # jobs in a message
LOST_IMAGES_IN_A_ROW = 3  # then it is the model that is broken, not the images


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to begin: the model of each role as (provider, name, options), and the rows."""

    models: Mapping[str, tuple[str, str, Any]]
    rows: Mapping[int, Row]


@dataclass(slots=True)
class Job:
    """One image to be asked about for some rows, with the answers that are known already.

    Without an image it is the preparation of these rows. The worker takes a row out when it has ended: a job without
    rows is done.
    """

    number: int
    image: Image | None
    rows: set[int]
    known: dict[Key, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded; `facts` are the engine's and the process's."""

    load_seconds: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows as they are prepared, to be used from now on."""

    rows: Mapping[int, Row]


@dataclass(frozen=True, slots=True)
class TimeRows:
    """Asks for the timing of these rows on these images, and for the facts after it."""

    images: Sequence[Image]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class Timed:
    """The timing of each row, and the facts after it."""

    timings: Mapping[int, Timing]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """Lines for the user, while questions are answered."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trouble:
    """The worker cannot go on; `code` is the exit code for the user, None where the fault is not theirs."""

    reason: str
    code: int | None


class WorkerLost(SnellenError):
    """The worker cannot be kept alive, whatever it is asked."""

    exit_code = 4


def merged_facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The newer facts, but of each `peak_…` the larger."""
    merged = {**old, **new}
    for name in merged:
        if name.startswith("peak_"):
            merged[name] = max((facts[name] for facts in (old, new) if facts.get(name) is not None), default=None)
    return merged


# The child's side


def _facts(engines: Mapping[str, Engine]) -> dict[str, Any]:
    """The model's facts, with the parameters and the peaks of all that the process holds."""
    facts = dict(engines[MODEL].facts())
    hosts = {facts.get("sends_to")}
    facts["timed"] = all(engine.facts().get("timed", True) for engine in engines.values())
    for role, engine in engines.items():
        if role == MODEL:
            continue
        other = engine.facts()
        hosts.add(other.get("sends_to"))
        facts = merged_facts(facts, {key: value for key, value in other.items() if key.startswith("peak_")})
        counts = facts.get("parameters"), other.get("parameters")
        facts["parameters"] = None if None in counts else sum(counts)
    return {**facts, "sends_to": " and ".join(sorted(filter(None, hosts))) or None, "peak_rss_gb": peak_rss_gb()}


def _serve(parent: Parent, setup: Setup, engines: Mapping[str, Engine]) -> None:
    """Takes jobs while the engines have room, steps them, and sends what comes of it, until told to stop."""
    runner, rows = Runner(engines), dict(setup.rows)
    while True:
        while not runner.busy or runner.room():
            message = parent.waiting() if runner.busy else parent.receive()
            if message is None:
                break
            if isinstance(message, Prepared):
                rows |= message.rows
                continue
            if isinstance(message, TimeRows):
                timings = {row: time_row(engines, message.images, rows[row].inquire) for row in message.rows}
                parent.send(Timed(timings, _facts(engines)))
                continue
            job: Job
            for job in message:
                image = job.image
                asked = {row: rows[row].inquire(image) if image else rows[row].prepare() for row in sorted(job.rows)}
                runner.start(job.number, image, asked, job.known)
        if events := runner.step(1.0):
            parent.send(events)
        told: Callable[[], Sequence[str]]
        for told in (engine.notices for engine in engines.values() if hasattr(engine, "notices")):
            if lines := told():
                parent.send(Told(lines))


def main() -> None:
    """Runs as the child process."""
    parent = Parent()
    setup: Setup = parent.receive()
    loading = MODEL
    try:
        start = time.perf_counter()
        engines: dict[str, Engine] = {}
        for loading, (provider, name, options) in setup.models.items():
            engines[loading] = plugins.load("engines", provider).load(name, options)
        parent.send(Ready(time.perf_counter() - start, _facts(engines)))
    except Exception as error:
        traceback.print_exc()
        code = error.exit_code if isinstance(error, SnellenError) else None
        whose = "" if loading == MODEL else f"its {loading} {'/'.join(setup.models[loading][:2])} cannot be loaded: "
        parent.send(Trouble(whose + (str(error) if code else _told(error)), code))
        return
    try:
        _serve(parent, setup, engines)
    except Exception as error:
        traceback.print_exc()
        parent.send(Trouble(_told(error), None))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


# The parent's side


def _events(messages: Iterable[Any]) -> list[Event]:
    return [event for message in messages if isinstance(message, list) for event in message]


def _next(jobs: Iterator[Job | None], count: int) -> list[Job]:
    """The next jobs, up to one that has to wait."""
    return [job for job in takewhile(lambda job: job is not None, islice(jobs, count)) if job]


class Worker:
    """One model's process as its parent sees it. Raises SnellenError where the model cannot be loaded."""

    def __init__(
        self,
        setup: Setup,
        log: Path | None = None,
        stall_seconds: float = 900.0,
        say: Callable[[str], None] = lambda line: None,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        """`died` is called when a process died or was ended that had jobs in hand, before they are handed out again."""
        self._died = died
        self._setup = setup
        self._say = say
        self._log = log
        self._stall_seconds = stall_seconds
        self._deaths: dict[int, int] = {}  # of the suspects: the jobs that were in hand at a death
        self._lost_in_a_row = 0
        self._latest: list[Event] = []
        self.facts: Mapping[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        self._gave_up: str | None = None
        self._child = Child("snellen.worker", self._log)
        try:
            self._child.send(self._setup)
            message = self._child.receive(None)
        except ChildDied as error:
            raise WorkerLost(f"the worker process {error} while loading the model{self._see_log()}") from None
        except BaseException:
            self._child.kill()
            raise
        if isinstance(message, Trouble):
            self._child.kill()
            trouble = SnellenError(message.reason if message.code else message.reason + self._see_log())
            trouble.exit_code = message.code or Missing.exit_code
            raise trouble
        ready: Ready = message
        self.load_seconds = ready.load_seconds
        self._learn(ready.facts)
        self._longest = 0.0
        self._window = 4 * int(self.facts.get("batch_size") or self.facts.get("concurrency") or 16)

    def _learn(self, facts: Mapping[str, Any]) -> None:
        """Takes new facts; a peak is that of all processes so far."""
        self.facts = merged_facts(self.facts, facts)

    def _see_log(self) -> str:
        return f"; its output is in {self._log}" if self._log else ""

    @property
    def pid(self) -> int:
        """The process that answers now."""
        return self._child.pid

    def run(self, jobs: Iterator[Job | None]) -> Iterator[list[Event]]:
        """Answers the jobs and yields events in the order they happen, never an end before its answers.

        None among the jobs: the next one waits for events of those in hand.
        """
        out: dict[int, Job] = {}
        suspects: deque[Job] = deque()
        while self._hand_out(jobs, out, suspects):
            try:
                events = self._receive()
            except ChildDied as death:
                yield self._bury(out, suspects, str(death))
                self._begin()
                continue
            self._note(events, out)
            yield events

    def unkept(self) -> list[Event]:
        """What was yielded last and what has come since: to be kept when whoever runs the jobs is interrupted."""
        with suppress(ChildDied, TimeoutError):
            return self._latest + _events(self._child.receive_all(0))
        return self._latest

    def _hand_out(self, jobs: Iterator[Job | None], out: dict[int, Job], suspects: deque[Job]) -> bool:
        """Keeps the process supplied, suspects alone and others as many as fit; False where nothing is left."""
        if self._deaths:
            self._give([] if out else [suspects.popleft()], out)
            return True
        while (room := self._window - len(out)) > 0 and (given := _next(jobs, min(room, _HANDFUL))):
            self._give(given, out)
        return bool(out)

    def _give(self, jobs: Sequence[Job], out: dict[int, Job]) -> None:
        out.update((job.number, job) for job in jobs)
        if jobs:
            self._child.send(jobs)

    def _receive(self) -> list[Event]:
        """The next events, and all that have come with them. Raises ChildDied where the process is dead or hangs.

        A model that is slow by nature has shown so: ten times its longest silence is waited for.
        """
        limit, start = max(self._stall_seconds, 10 * self._longest), time.monotonic()
        try:
            messages = self._child.receive_all(limit)
        except TimeoutError:
            self._child.kill()
            raise ChildDied(f"gave no answer for {limit:.0f} s and was ended") from None
        except ChildDied as death:
            raise ChildDied(self._gave_up or str(death)) from None
        self._longest = max(self._longest, time.monotonic() - start)
        if isinstance(messages[-1], Trouble):
            self._gave_up = f"gave up: {messages[-1].reason}"
            self._child.kill()
        for message in messages:
            if isinstance(message, Told):
                self._tell(message)
        self._latest = _events(messages)
        return self._latest

    def _tell(self, told: Told) -> None:
        for line in told.lines:
            self._say(line)

    def _note(self, events: Sequence[Event], out: dict[int, Job]) -> None:
        """Keeps the jobs in hand up to date, so that a new process is told what is known by now."""
        for event in events:
            job = out[event.task]
            if isinstance(event, Lost):
                continue
            if isinstance(event, Answered):
                job.known[event.asked.key] = event.answer
                continue
            job.rows.discard(event.row)
            if not job.rows:
                del out[event.task]
                self._deaths.pop(event.task, None)
                self._lost_in_a_row = 0

    def _bury(self, out: dict[int, Job], suspects: deque[Job], reason: str) -> list[Event]:
        """Counts a death against all jobs in hand and returns the ends of those that caused too many.

        Raises WorkerLost where image after image is lost and none is answered between them.
        """
        ends: list[Event] = []
        self._died()
        for job in reversed(out.values()):
            self._deaths[job.number] = deaths = self._deaths.get(job.number, 0) + 1
            if deaths < DEATHS_PER_IMAGE:
                suspects.appendleft(job)  # one that was alone is tried again at once
                continue
            del self._deaths[job.number]
            self._lost_in_a_row += 1
            on = "on this image" if job.image else "on what is asked before the first image"
            failure = Failure(f"the worker process {reason}, {deaths} times {on}")
            ends += [Ended(job.number, row, failure, 0) for row in sorted(job.rows)]
            job.rows.clear()
        out.clear()
        if self._lost_in_a_row >= LOST_IMAGES_IN_A_ROW:
            raise WorkerLost(
                f"the worker process {reason}; {self._lost_in_a_row} images in a row were lost, "
                f"so the model is given up{self._see_log()}"
            )
        return ends

    def prepared(self, rows: Mapping[int, Row]) -> None:
        """Tells the process how these rows are prepared."""
        self._setup = dataclasses.replace(self._setup, rows={**self._setup.rows, **rows})
        self._child.send(Prepared(rows))

    def time(self, images: Sequence[Image], rows: Sequence[int]) -> Mapping[int, Timing]:
        """The timing of the rows; brings `facts` up to date. Raises WorkerLost where the process does not survive."""
        self._child.send(TimeRows(images, rows))
        limit = self._stall_seconds + 3 * PASS_SECONDS * len(rows)
        try:
            while isinstance(message := self._child.receive(limit), Told):
                self._tell(message)
        except TimeoutError:
            self._child.kill()
            raise WorkerLost(f"the worker process did not end its timing within {limit:g} s and was ended") from None
        except ChildDied as error:
            raise WorkerLost(f"the worker process {error} while being timed{self._see_log()}") from None
        if isinstance(message, Trouble):
            raise WorkerLost(f"the worker process gave up while being timed: {message.reason}{self._see_log()}")
        timed: Timed = message
        self._learn(timed.facts)
        return timed.timings

    def close(self) -> None:
        """Ends the process."""
        self._child.kill()
