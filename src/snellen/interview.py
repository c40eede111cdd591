"""All rows of one model, asked in one process: what is not known yet is asked, kept as it comes, and timed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from snellen import ledger
from snellen.budget import Budget
from snellen.catalogue import Photograph
from snellen.costs import price_of, tariff_of
from snellen.errors import SnellenError
from snellen.folder import RunFolder
from snellen.images import Image
from snellen.ledger import Beside
from snellen.meters import TIMED_IMAGES
from snellen.placing import Key
from snellen.plan import Plan
from snellen.progress import Progress
from snellen.recall import Recall, prepared
from snellen.remote.tariff import Tariff, tally_of_usage
from snellen.rows import Row
from snellen.runner import Answered, Ended, Event, Lost, replay
from snellen.specs import ModelPlan, check_there
from snellen.spending import Spending, most_tally
from snellen.stored_times import Times, attempts, times, timing
from snellen.types import MODEL, Answer, Failure
from snellen.worker import Job, Setup, Worker, WorkerLost, merged_facts

_REPLAYED = 1000  # images whose answers tell a hosted model's latencies
_HandedOut: TypeAlias = dict[int, tuple[Job, tuple[int, ...]]]  # the jobs in hand and the examples they stand for


class NotPrepared(SnellenError):
    """What a row has to know before its first photo could not be had."""

    exit_code = 4


class Interview:
    """A model, with the others that its strategies ask beside it (by role), and the rows that are theirs.

    `numbers` are those models' in the store; `company` is the number under which the facts of all together are kept.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder, progress: Progress, selection: int, models: Mapping[str, ModelPlan]
    ) -> None:
        store = folder.store
        self.models = models
        self.rows: dict[int, Row] = {}
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

    def ask(self, budget: Budget | None = None) -> Mapping[int, SnellenError]:
        """Starts the process only if there is something to ask or to time; returns why rows were not asked all.

        Nothing is asked that could cost more than the budget has left. Raises SnellenError where a model cannot be
        loaded or kept alive.
        """
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
        if unprepared := [row for row in self.rows if not self._recall(row)]:
            self._progress.begin(f"{self.title}, preparing", 0)
        else:
            self._begin(self.rows)
            jobs = self._affordable(self._jobs(list(self.rows), handed_out))
            first = list(islice(jobs, 1))
            if not first and not self._timed_images(self._untimed(list(self.rows))):
                return {}
        with closing(self._worker()) as worker:
            troubles = self._prepare(worker, unprepared)
            rows = [row for row in self.rows if row not in troubles]
            if unprepared:
                self._begin(rows)
                jobs = self._affordable(self._jobs(rows, handed_out))
            begin, self._answered, self._working = time.perf_counter(), 0, 0.0
            self._run(worker, chain(first, jobs), handed_out, lambda events: self._keep(events, handed_out))
            seconds = time.perf_counter() - begin
            self._time(worker, self._untimed(rows))
            self._keep_facts(worker)
        if self._plan.timing and worker.facts.get("concurrency"):
            self._time_by_answers(rows, seconds)
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

    def _begin(self, rows: Mapping[int, Row] | Sequence[int]) -> None:
        self._progress.begin(self.title, self._folder.catalogue.size(self._selection) * len(rows))

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
        for _ in self._folder.catalogue.unreadable(self._selection):
            self._progress.advance(len(rows), len(rows))
        for photograph in self._photographs():
            image, examples = photograph.image, photograph.examples
            left = {row for example in examples for row in set(rows) - store.settled(rows, example)}
            self._progress.advance((len(rows) - len(left)) * len(examples))
            job = Job(examples[0], image, left)
            if left and answered_before:
                recall = Recall(store, self.numbers, image)
                if recall.found:
                    with database.commit():
                        self._replay(job, examples, recall)
                job.known = recall.found
            if left:
                handed_out[job.number] = (job, examples)
                yield job

    def _replay(self, job: Job, examples: Sequence[int], recall: Recall) -> None:
        """Records the rows of a job that known answers settle, and takes them out of it."""
        assert job.image is not None
        for row in sorted(job.rows):
            if done := replay(self.rows[row].inquire(job.image), job.image, recall):
                job.rows.discard(row)
                for example in examples:
                    self._folder.store.put_record(row, example, *done)
                self._progress.advance(len(examples))

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
                for example in examples:
                    self._folder.store.put_record(event.row, example, event.result, event.questions)
                done += len(examples)
                failed += len(examples) * isinstance(event.result, Failure)
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

    def _beside(self, event: Answered | Lost) -> Beside | None:
        """What may have been paid with no answer that tells it."""
        tariff = self._tariffs[event.asked.role]
        usage = event.usage if isinstance(event, Lost) else event.answer.usage
        tally = tally_of_usage(usage)
        if isinstance(event, Lost) and not tally.unmeasured:
            return Beside(told=tally)
        if not tally.unmeasured or not (tariff.price or tariff.most_tokens):
            return None
        most = most_tally(tariff, event, self._folder.catalogue.size_of)
        answered = isinstance(event, Answered)
        return Beside(most=dataclasses.replace(most, answers=0 if answered else 1), answers=int(answered))

    def _photographs(self) -> Iterator[Photograph]:
        return self._folder.catalogue.photographs(self._selection, self._plan.selection)

    # How fast it is

    def _untimed(self, rows: Sequence[int]) -> list[int]:
        """The rows whose speed is to be measured, also where it was at another batch size than is asked for now.

        Predictions that are only read from a file have none, and what costs money is not asked for it.
        """
        store = self._folder.store
        if not self._plan.timing or self._priced() or not store.model_facts(self.company).get("timed", True):
            return []
        timings = {row: store.timing(row) for row in rows}
        wanted = self._wanted_batch_size
        return [row for row, timing in timings.items() if not timing or timing.get("batch_size_wanted") != wanted]

    @property
    def _wanted_batch_size(self) -> int | str | None:
        wanted: int | str | None = getattr(self.models[MODEL].options, "batch_size", None)
        return wanted

    def _timed_images(self, rows: Sequence[int]) -> list[Image]:
        """Some images that the rows have settled: one that fails says nothing of the speed."""
        if not rows:
            return []
        store, wanted = self._folder.store, set(rows)
        settled = (each.image for each in self._photographs() if store.settled(rows, each.examples[0]) == wanted)
        return list(islice(settled, TIMED_IMAGES))

    def _time(self, worker: Worker, rows: Sequence[int]) -> None:
        """Measures the speed of the rows; where that fails the answers are there all the same."""
        images = self._timed_images(rows)
        if not images:
            worker.time((), ())  # the peaks are wanted all the same
            return
        self._progress.begin(f"{self.title}, timing", 0)
        try:
            timings = worker.time(images, rows)
        except WorkerLost as error:
            self._progress.say(f"{self.title} is not timed: {error}")
            return
        with self._folder.database.commit():
            for row, timing in timings.items():
                conditions = {key: worker.facts.get(key) for key in ("batch_size", "device", "dtype")}
                conditions["batch_size_wanted"] = self._wanted_batch_size
                self._folder.store.set_timing(row, {**dataclasses.asdict(timing), **conditions})

    def _time_by_answers(self, rows: Sequence[int], seconds: float) -> None:
        """Derives the speed of a hosted model's rows from the times of their answers.

        How many answers were in flight on average is known of the run with the most of them.
        """
        store = self._folder.store
        for row in rows:
            earlier = store.timing(row) or {}
            answers, in_flight = earlier.get("answers", 0), earlier.get("in_flight")
            if self._answered > answers and seconds:
                answers, in_flight = self._answered, self._working / seconds
            replayed = list(self._times(row))
            found = {**dataclasses.asdict(timing(replayed, in_flight)), "attempts_per_question": attempts(replayed)}
            with self._folder.database.commit():
                store.set_timing(row, {**found, "answers": answers, "in_flight": in_flight, "batch_size": None})

    def _times(self, row: int) -> Iterator[Times]:
        """The times of some images that the row has settled."""
        store = self._folder.store
        settled = (
            Image(Path(), digest=digest)
            for page in self._folder.catalogue.digests(self._selection)
            for example, digest in page
            if store.settled([row], example)
        )
        for image in islice(settled, _REPLAYED):
            if found := times(self.rows[row].inquire(image), image, Recall(store, self.numbers, image)):
                yield found
