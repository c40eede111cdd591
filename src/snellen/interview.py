"""All rows of one model, asked in one process: what is not known yet is asked, kept as it comes, and timed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TypeAlias

from snellen import ledger
from snellen.answer_times import keep_timing
from snellen.budget import Budget
from snellen.catalogue import Photograph, Span
from snellen.costs import price_of, tariff_of
from snellen.errors import SnellenError
from snellen.folder import RunFolder
from snellen.images import Image
from snellen.placing import Key
from snellen.plan import Plan
from snellen.progress import Progress
from snellen.recall import Recall, prepared
from snellen.remote.tariff import Tariff, tally_of_usage
from snellen.rows import Row
from snellen.runner import Answered, Ended, Event, Lost, replay
from snellen.specs import ModelPlan, check_there
from snellen.spending import Spending, most_tally
from snellen.stopwatch import Stopwatch
from snellen.types import MODEL, Answer, Failure
from snellen.worker import Job, Setup, Worker, WorkerLost, merged_facts

_Examples: TypeAlias = Mapping[int, tuple[int, ...]]  # those that an image stands for, by row
_HandedOut: TypeAlias = dict[int, tuple[Job, _Examples]]  # the jobs in hand


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked at a time: some rows about the images of a span, or about all; then speed is measured if `timed`.

    Where it `stays`, the process is kept for the next part.
    """

    rows: Sequence[int]
    span: Span | None = None
    timed: bool = True
    stays: bool = False


class NotPrepared(SnellenError):
    """What a row has to know before its first photo could not be had."""

    exit_code = 4


class Interview:
    """A model, with the others that its strategies ask beside it (by role), and the rows that are theirs.

    `selections` has for each row the number of the selection that it is about, a part of `selection` or all of it.
    `numbers` are those models' in the store; `company` is the number under which the facts of all together are kept.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder, progress: Progress, selection: int, models: Mapping[str, ModelPlan]
    ) -> None:
        store = folder.store
        self.models = models
        self.rows: dict[int, Row] = {}
        self.selections: dict[int, int] = {}
        self.title = " + ".join(model.title for model in models.values())
        self.numbers = {role: store.model(model.identity, model.title) for role, model in models.items()}
        self.company = self.numbers[MODEL]
        if len(models) > 1:
            together = {role: model.identity for role, model in models.items()}
            self.company = store.model({"together": together}, self.title)
        self._answered, self._working = 0, 0.0  # answers of this run and their seconds, which overlap
        self._plan = plan
        self._folder = folder
        self._progress = progress
        self._selection = selection
        self._spending: Spending | None = None
        self._staying: Worker | None = None
        self._part = Part(())

    def ask(self, budget: Budget | None = None, part: Part | None = None) -> Mapping[int, SnellenError]:
        """Starts the process only if there is something to ask or to time; returns why rows were not asked all.

        Nothing is asked that could cost more than the budget has left. A `part` names the rows and the images that are
        meant. Raises SnellenError where a model cannot be loaded or kept alive.
        """
        self._part = part or Part(tuple(self.rows))
        if budget is not None:
            at_once = sum(getattr(model.options, "concurrency", 1) for model in self.models.values())
            size_of = self._folder.catalogue.size_of
            self._spending = Spending(budget, self._priced(), self.rows, size_of, at_once, self._keep_in_flight)
        try:
            return {**self._ask(), **self._unasked()}
        finally:
            if self._spending:
                self._spending.end()

    def _ask(self) -> Mapping[int, SnellenError]:
        """Asks, and returns why rows could not be prepared."""
        handed_out: _HandedOut = {}
        first: list[Job | None] = []
        rows = self._part.rows
        if unprepared := [row for row in rows if not self._recall(row)]:
            self._progress.begin(f"{self.title}, preparing", 0)
        else:
            self._begin(rows)
            jobs = self._affordable(self._jobs(rows, handed_out))
            first = list(islice(jobs, 1))
            if not first and not self._passes(rows):
                return {}
        with self._at_work() as worker:
            troubles = self._prepare(worker, unprepared)
            rows = [row for row in rows if row not in troubles]
            if unprepared:
                self._begin(rows)
                jobs = self._affordable(self._jobs(rows, handed_out))
            begin, self._answered, self._working = time.perf_counter(), 0, 0.0
            self._run(worker, chain(first, jobs), handed_out, lambda events: self._keep(events, handed_out))
            seconds = time.perf_counter() - begin
            self._time(worker, rows)
            self._keep_facts(worker)
        if self._plan.timing and worker.facts.get("concurrency"):
            self._keep_timing(rows, seconds)
        return troubles

    @cached_property
    def _tariffs(self) -> Mapping[str, Tariff]:
        """The rules of all roles."""
        database = self._folder.database
        return {role: tariff_of(model, price_of(database, self.numbers[role])) for role, model in self.models.items()}

    def _priced(self) -> Mapping[str, Tariff]:
        """The rules of the roles that have a price."""
        return {role: tariff for role, tariff in self._tariffs.items() if tariff.price}

    def _keep_in_flight(self, usd: float, lost: float) -> None:
        with self._folder.database.commit():
            ledger.keep_in_flight(self._folder.database, usd)
            if lost:
                ledger.lose(self._folder.database, lost)

    def _affordable(self, jobs: Iterator[Job]) -> Iterator[Job | None]:
        return self._spending.affordable(jobs) if self._spending else jobs

    def _unasked(self) -> dict[int, SnellenError]:
        """Why rows have examples left that were not asked about, where it is for money."""
        if not self._spending or not self._spending.unasked:
            return {}
        return dict.fromkeys(self._spending.unasked, self._spending.trouble())

    def _begin(self, rows: Sequence[int]) -> None:
        size, span = self._folder.catalogue.size, self._part.span
        self._progress.begin(self.title, sum(size(self.selections[row], span) for row in rows))

    @contextmanager
    def _at_work(self) -> Iterator[Worker]:
        """The process, which may have stayed from an earlier part and may stay for a later one."""
        worker: Worker | None = None
        try:
            worker, self._staying = self._staying or self._worker(), None
            yield worker
        except BaseException:
            if worker:
                worker.close()
            elif self._spending:
                self._spending.not_begun()
            raise
        if self._part.stays:
            self._staying = worker
        else:
            worker.close()

    def close(self) -> None:
        """Ends a process that stayed."""
        if self._staying:
            self._staying.close()
        self._staying = None

    def _worker(self) -> Worker:
        for model in self.models.values():
            check_there(model)
        models = {role: (model.provider, model.name, model.options) for role, model in self.models.items()}
        worker = Worker(
            Setup(models, self.rows),
            self._folder.log,
            self._plan.stall_seconds,
            lambda line: self._progress.say(f"{self.title}: {line}"),
            lambda: self._spending.died() if self._spending else None,
        )
        self._keep_facts(worker)
        if hosts := worker.facts.get("sends_to"):
            count = self._folder.catalogue.size(self._selection)
            self._progress.say(f"{self.title}: up to {count} images go to {hosts}")
        batch = self._folder.path / "batch"
        if batch.is_dir() and any(tariff.most_tokens for tariff in self._tariffs.values()):
            self._progress.say(
                f"{self.title}: {batch} was written for a batch API; what is asked now is paid for once more, unless "
                f"'snellen import-batch {self._folder.path} FILE…' has read what came back"
            )
        if notice := worker.facts.get("notice"):
            self._progress.say(f"{self.title}: {notice}")
        return worker

    def _keep_facts(self, worker: Worker) -> None:
        store = self._folder.store
        with self._folder.database.commit():
            facts = {**worker.facts, "load_seconds": worker.load_seconds}
            store.set_model_facts(self.company, merged_facts(store.model_facts(self.company), facts))

    # What is asked once for a row

    def _recall(self, row: int) -> bool:
        """Prepares a row from what is known; False where something has to be asked for it."""
        ready = prepared(self.rows[row], Recall(self._folder.store, self.numbers, None))
        self.rows[row] = ready or self.rows[row]
        return ready is not None

    def _prepare(self, worker: Worker, rows: Sequence[int]) -> dict[int, SnellenError]:
        """Asks what the rows have to know, and why some of them cannot."""
        if not rows:
            return {}
        troubles: dict[int, SnellenError] = {}

        def keep(events: Sequence[Event]) -> None:
            self._keep(events, {})
            self._progress.advance(sum(isinstance(event, Answered) for event in events))
            for event in events:
                if not isinstance(event, Ended):
                    continue
                if isinstance(event.result, Failure):
                    troubles[event.row] = NotPrepared(f"{self.title} could not be prepared: {event.result.reason}")
                    self._progress.say(f"error: {troubles[event.row]}")
                else:
                    self.rows[event.row] = dataclasses.replace(self.rows[event.row], known=event.result)

        jobs = self._affordable(Job(-row, None, {row}, self._known(row)) for row in rows)
        self._run(worker, jobs, {}, keep)
        if self._spending:
            troubles |= dict.fromkeys(self._spending.unasked, self._spending.trouble())
        worker.prepared({row: self.rows[row] for row in rows if row not in troubles})
        self._progress.end()
        return troubles

    def _known(self, row: int) -> dict[Key, Answer]:
        """What is known already of all that the row's preparation may ask: its pictures' answers, and all of texts."""
        store = self._folder.store
        recall = Recall(store, self.numbers, None)
        replay(self.rows[row].prepare(), None, recall)
        about_none = {
            (role, "", key): answer
            for role, model in self.numbers.items()
            for key, answer in store.known(model, "").items()
        }
        return about_none | recall.found

    # What is asked about the photos

    def _jobs(self, rows: Sequence[int], handed_out: _HandedOut) -> Iterator[Job]:
        """One job for each image with something left to ask; what stored answers settle is recorded on the way."""
        store, database = self._folder.store, self._folder.database
        answered_before = any(map(store.has_answers, self.numbers.values()))
        for example, *_ in () if self._part.span else self._folder.catalogue.unreadable(self._selection):
            times = len(self._held(rows, [example]))
            self._progress.advance(times, times)
        for photograph in self._photographs(self._part.span):
            image, examples = photograph.image, self._held(rows, photograph.examples)
            left = {row for row, held in examples.items() for each in held if not store.settled([row], each)}
            self._progress.advance(sum(len(examples[row]) for row in examples.keys() - left))
            job = Job(photograph.examples[0], image, left)
            blind = any(self.rows[row].blind for row in left)  # what another image asked may settle these
            if left and (answered_before or blind):
                recall = Recall(store, self.numbers, image)
                if recall.found or blind:
                    with database.commit():
                        self._replay(job, examples, recall)
                job.known = recall.found
            if left:
                handed_out[job.number] = (job, examples)
                yield job

    def _held(self, rows: Sequence[int], examples: Sequence[int]) -> _Examples:
        """Those of the examples that each row is about, where it is about any."""
        held = self._folder.catalogue.held({self.selections[row] for row in rows}, examples)
        return {row: held[self.selections[row]] for row in rows if self.selections[row] in held}

    def _replay(self, job: Job, examples: _Examples, recall: Recall) -> None:
        """Records the rows of a job that known answers settle, and takes them out of it."""
        assert job.image is not None
        for row in sorted(job.rows):
            if done := replay(self.rows[row].inquire(job.image), job.image, recall):
                job.rows.discard(row)
                for example in examples[row]:
                    self._folder.store.put_record(row, example, *done)
                self._progress.advance(len(examples[row]))

    def _run(
        self,
        worker: Worker,
        jobs: Iterator[Job | None],
        handed_out: _HandedOut,
        keep: Callable[[Sequence[Event]], None],
    ) -> None:
        """Has the jobs answered and what comes of them kept."""
        try:
            for events in worker.run(jobs):
                keep(events)
                if self._spending:
                    self._spending.check()
        except KeyboardInterrupt:  # it may have come between an answer's arrival and its commit
            self._keep(worker.unkept(), handed_out)
            raise

    def _keep(self, events: Sequence[Event], handed_out: _HandedOut) -> None:
        """Commits events in the order they came, and moves the progress on."""
        finished: set[int] = set()
        done = failed = 0
        with self._folder.database.commit():
            for event in events:
                if not isinstance(event, Ended):
                    self._add(event)
                    continue
                if event.task not in handed_out:
                    continue  # kept before an interruption, or a preparation
                job, examples = handed_out[event.task]
                if not job.rows:
                    finished.add(event.task)
                for example in examples[event.row]:
                    self._folder.store.put_record(event.row, example, event.result, event.questions)
                done += len(examples[event.row])
                failed += len(examples[event.row]) * isinstance(event.result, Failure)
        for task in finished:
            del handed_out[task]
        if self._spending:
            self._spending.note(events, lambda task: task not in handed_out)
        self._progress.advance(done, failed)

    def _add(self, event: Answered | Lost) -> None:
        role, digest, _ = event.asked.key
        if more := self._beside(event):
            ledger.add(self._folder.database, {self.numbers[role]: more})
        if isinstance(event, Lost):
            return
        self._answered += 1
        self._working += event.answer.usage.seconds or 0.0
        self._folder.store.add_answer(self.numbers[role], digest, event.asked.question, event.answer)

    def _beside(self, event: Answered | Lost) -> ledger.Beside | None:
        """What may have been paid with no answer that tells it."""
        tariff = self._tariffs[event.asked.role]
        usage = event.usage if isinstance(event, Lost) else event.answer.usage
        tally = tally_of_usage(usage)
        if isinstance(event, Lost) and not tally.unmeasured:
            return ledger.Beside(told=tally)
        if not tally.unmeasured or not (tariff.price or tariff.most_tokens):
            return None
        most = most_tally(tariff, event, self._folder.catalogue.size_of)
        answered = isinstance(event, Answered)
        return ledger.Beside(most=dataclasses.replace(most, answers=0 if answered else 1), answers=int(answered))

    def _photographs(self, span: Span | None = None) -> Iterator[Photograph]:
        return self._folder.catalogue.photographs(self._selection, self._plan.selection, span)

    # How fast it is

    def _keep_timing(self, rows: Sequence[int], seconds: float) -> None:
        """Derives the speed of a hosted model's rows from the times of their answers."""
        in_flight = self._working / seconds if seconds else None
        for row in rows:
            asked, selection = self.rows[row], self.selections[row]
            if not asked.blind:
                keep_timing(self._folder, row, asked, self.numbers, selection, self._answered, in_flight)

    @cached_property
    def _stopwatch(self) -> Stopwatch:
        batch_size = getattr(self.models[MODEL].options, "batch_size", None)
        return Stopwatch(self._plan, self._folder, self.company, self._selection, self.selections, batch_size)

    def _passes(self, rows: Sequence[int]) -> list[tuple[Sequence[Image], Sequence[int]]]:
        """What is to be timed; what costs money is not asked for that, and of a blind row it tells nothing."""
        if not self._part.timed or self._priced():
            return []
        return self._stopwatch.passes(self._stopwatch.untimed([row for row in rows if not self.rows[row].blind]))

    def _time(self, worker: Worker, rows: Sequence[int]) -> None:
        """Measures the speed of the rows; where that fails the answers are there all the same."""
        passes = self._passes(rows)
        if not passes:
            worker.time((), ())  # the peaks are wanted all the same
            return
        self._progress.begin(f"{self.title}, timing", 0)
        try:
            self._stopwatch.time(worker, passes)
        except WorkerLost as error:
            self._progress.say(f"{self.title} is not timed: {error}")
