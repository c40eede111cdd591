"""A study: a plan carried out into a run folder, from which everything that was not answered yet is asked."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from snellen import plugins
from snellen.catalogue import Photograph
from snellen.errors import NoSpace, SnellenError
from snellen.exports import whole_file, write_manifest, write_results
from snellen.folder import RunFolder
from snellen.images import Image
from snellen.labels import lint
from snellen.meters import TIMED_IMAGES, environment
from snellen.plan import ModelPlan, Plan, StrategyPlan
from snellen.results import Results
from snellen.runner import Answered, Event, replay
from snellen.study_file import add_section
from snellen.types import Classes, Failure, Generate
from snellen.worker import Job, Row, Setup, Worker, WorkerLost, merged_facts

_HandedOut: TypeAlias = dict[int, tuple[Job, tuple[int, ...]]]  # the jobs in hand and the examples they stand for


_LOADED = (  # for environment.json
    *("device", "device_name", "dtype", "attention", "batch_size", "parameters"),
    *("prefix_sharing", "computed_tokens_share"),
)


class Progress(Protocol):
    """Is told how a study goes on."""

    def say(self, line: str) -> None:
        """A line worth reading once."""
        ...

    def begin(self, task: str, total: int) -> None:
        """A task of `total` steps begins; the one before it has ended."""
        ...

    def advance(self, done: int, failed: int = 0) -> None: ...

    def end(self) -> None: ...


class Silence:
    """No progress is shown."""

    def say(self, line: str) -> None: ...
    def begin(self, task: str, total: int) -> None: ...
    def advance(self, done: int, failed: int = 0) -> None: ...
    def end(self) -> None: ...


def run(plan: Plan, progress: Progress | None = None) -> Results:
    """Asks what was never answered, derives the records and writes the tables.

    Raises WrongUse (the folder is in use or belongs to other data), Missing (no space left). A model that cannot be
    loaded or kept alive leaves its rows pending; where nothing at all was answered its error is raised.
    """
    progress = progress or Silence()
    with RunFolder(plan.out) as folder:
        folder.claim(plan.source)
        study = _Study(plan, folder, progress)
        try:
            study.prepare()
            study.ask()
            study.write_environment()
        except BaseException:
            progress.end()
            if study.selection:
                with suppress(SnellenError):  # such as no space for the tables either: the first error says enough
                    _write_tables(plan.out).close()
            raise
        results = _write_tables(plan.out)
        results.asked = frozenset(study.rows)
        if study.errors and not any(row.answered + row.unparsed for row in results.rows if row.number in study.rows):
            results.close()
            raise study.errors[0]
        return results


def _write_tables(path: Path) -> Results:
    """Writes the tables of a run folder; its results are the caller's to close."""
    results = Results(path)
    try:
        write_results(results, path)
    except BaseException:
        results.close()
        raise
    return results


def rescore(path: Path, progress: Progress | None = None) -> Results:
    """Derives all records of a run folder anew from its stored answers; no model is needed.

    An example of which an answer is missing keeps its failure or becomes pending. Raises WrongUse.
    """
    progress = progress or Silence()
    Results(path).close()  # raises where there is no run
    with RunFolder(path) as folder:
        for number, model, spec, selection in list(folder.store.rows()):
            progress.begin(f"{spec['model']}, {spec['title']}", folder.catalogue.size(selection))
            row = _row_of(spec)
            for page in folder.catalogue.digests(selection):
                with folder.database.commit():
                    for example, digest in page:
                        inquiry = row.inquire(Image(Path(), digest=digest))
                        if done := replay(inquiry, folder.store.known(model, digest)):
                            folder.store.put_record(number, example, *done)
                        else:
                            folder.store.drop_record(number, example)
                progress.advance(len(page))
            progress.end()
        return _write_tables(path)


def _row_of(spec: Mapping[str, Any]) -> Row:
    """The row that a stored spec describes."""
    asked = spec["strategy"]
    strategy = plugins.configure(plugins.load("strategies", asked["name"]).Strategy, asked["options"], asked["name"])
    classes = Classes(tuple(spec["classes"]["names"]), spec["classes"]["background"])
    return Row(strategy, classes, spec["seed"])


class _Study:
    """One run of a plan: rows by model, asked one model after the other."""

    def __init__(self, plan: Plan, folder: RunFolder, progress: Progress) -> None:
        self.plan = plan
        self.folder = folder
        self.progress = progress
        self.rows: dict[int, Row] = {}
        self.errors: list[SnellenError] = []
        self.selection = 0
        self.models: dict[int, tuple[ModelPlan, list[int]]] = {}

    def prepare(self) -> None:
        """Examines the files, checks the class list, and makes the rows."""
        plan, progress = self.plan, self.progress
        reads_text = any(Generate in strategy.strategy.asks for _, strategy in plan.pairs)
        for line in (*plan.not_applicable, *plan.warnings, *(lint(plan.classes) if reads_text else ())):
            progress.say(line)
        progress.begin("checking images", len(plan.selection))
        self.selection = self.folder.catalogue.select(plan.selection, progress.advance)
        progress.end()
        for line in self.folder.lint(self.selection):
            progress.say(line)
        empty = len(plan.classes.names) - self.folder.catalogue.labels(self.selection)
        if empty:
            progress.say(
                f"{empty} of {len(plan.classes.names)} classes have no image here: macro averages count them as 0"
            )
        with self.folder.database.commit():
            for model, strategy in plan.pairs:
                self._make_row(model, strategy)
        write_manifest(self.folder.database, self.folder.path / "manifest.csv")
        add_section(plan, self.folder.path / "study.yaml")
        self.write_environment()

    def write_environment(self) -> None:
        """Writes where the run takes place and how models were loaded; tells if earlier answers came from elsewhere."""
        path, now = self.folder.path / "environment.json", environment()
        earlier = _read_list(path)
        changed = [key for key in now if earlier and earlier[-1].get(key) != now[key]]
        if changed:
            self.progress.say(f"earlier answers of this run come from another environment: {', '.join(changed)} differ")
        if changed or not earlier:
            earlier.append({**now, "models": {}})
        for number, (model, _) in self.models.items():
            facts = self.folder.store.model_facts(number)
            loaded = {key: facts[key] for key in _LOADED if facts.get(key) is not None}
            if loaded:
                earlier[-1].setdefault("models", {})[model.title] = loaded
        with whole_file(path) as file:
            json.dump(earlier, file, indent=2)

    def _make_row(self, model: ModelPlan, strategy: StrategyPlan) -> None:
        classes, store = self.plan.classes, self.folder.store
        number = store.model(model.identity, model.title)
        asked = {
            "strategy": {"name": strategy.name, "options": _as_data(strategy.strategy)},
            "classes": {"names": classes.names, "background": classes.background},
            "seed": self.plan.seed,
        }
        titles = {"dataset": self.plan.name, "model": model.title, "title": strategy.title}
        row = store.row({"model": model.identity, **asked}, number, {**titles, **asked}, self.selection)
        self.rows[row] = Row(strategy.strategy, classes, self.plan.seed)
        self.models.setdefault(number, (model, []))[1].append(row)
        for example, _, reason in self.folder.catalogue.unreadable(self.selection):
            store.put_record(row, example, Failure(f"unreadable image: {reason}"), 0)

    def ask(self) -> None:
        """Asks all models; one that cannot be loaded or kept alive does not keep the others from being asked."""
        size = self.folder.catalogue.size(self.selection)
        for number, (model, rows) in self.models.items():
            self.progress.begin(model.title, size * len(rows))
            try:
                self._ask_model(number, model, rows)
                trouble = None
            except SnellenError as error:
                if isinstance(error, NoSpace):
                    raise
                self.errors.append(error)
                self.progress.say(f"error: {error}")
                trouble = str(error)
            finally:
                self.progress.end()
            with self.folder.database.commit():
                for row in rows:
                    self.folder.store.set_trouble(row, trouble)

    def _ask_model(self, number: int, model: ModelPlan, rows: Sequence[int]) -> None:
        """Starts the model's worker only if there is something to ask or to time."""
        handed_out: _HandedOut = {}
        jobs = self._jobs(number, rows, handed_out)
        first = next(jobs, None)
        if first is None and not self._timed_images(self._untimed(number, model, rows)):
            return
        setup = Setup(model.provider, model.name, model.options, {row: self.rows[row] for row in rows})
        worker = Worker(setup, self.folder.log, self.plan.stall_seconds)
        try:
            self._keep_facts(number, worker)
            if notice := worker.facts.get("notice"):
                self.progress.say(f"{model.title}: {notice}")
            try:
                for events in worker.run(chain([first] if first else [], jobs)):
                    self._keep(number, events, handed_out)
            except KeyboardInterrupt:  # it may have come between an answer's arrival and its commit
                self._keep(number, worker.unkept(), handed_out)
                raise
            self._time(model, worker, self._untimed(number, model, rows))
            self._keep_facts(number, worker)
        finally:
            worker.close()

    def _keep_facts(self, number: int, worker: Worker) -> None:
        with self.folder.database.commit():
            facts = {**worker.facts, "load_seconds": worker.load_seconds}
            self.folder.store.set_model_facts(number, merged_facts(self.folder.store.model_facts(number), facts))

    def _untimed(self, number: int, model: ModelPlan, rows: Sequence[int]) -> list[int]:
        """The rows whose speed is to be measured, also where it was at another batch size than is asked for now.

        Predictions that are only read from a file have none.
        """
        store = self.folder.store
        if not self.plan.timing or not store.model_facts(number).get("timed", True):
            return []
        timings = {row: store.timing(row) for row in rows}
        wanted = getattr(model.options, "batch_size", None)
        return [row for row, timing in timings.items() if not timing or timing.get("batch_size_wanted") != wanted]

    def _timed_images(self, rows: Sequence[int]) -> list[Image]:
        """Some images that the rows have settled: one that fails says nothing of the speed."""
        if not rows:
            return []
        store, wanted = self.folder.store, set(rows)
        settled = (each.image for each in self._photographs() if store.settled(rows, each.examples[0]) == wanted)
        return list(islice(settled, TIMED_IMAGES))

    def _time(self, model: ModelPlan, worker: Worker, rows: Sequence[int]) -> None:
        """Measures the speed of the rows; where that fails the answers are there all the same."""
        images = self._timed_images(rows)
        if not images:
            worker.time((), ())  # the peaks are wanted all the same
            return
        self.progress.begin(f"{model.title}, timing", 0)
        try:
            timings = worker.time(images, rows)
        except WorkerLost as error:
            self.progress.say(f"{model.title} is not timed: {error}")
            return
        with self.folder.database.commit():
            for row, timing in timings.items():
                conditions = {key: worker.facts.get(key) for key in ("batch_size", "device", "dtype")}
                conditions["batch_size_wanted"] = getattr(model.options, "batch_size", None)
                self.folder.store.set_timing(row, {**dataclasses.asdict(timing), **conditions})

    def _photographs(self) -> Iterator[Photograph]:
        return self.folder.catalogue.photographs(self.selection, self.plan.selection)

    def _jobs(self, model: int, rows: Sequence[int], handed_out: _HandedOut) -> Iterator[Job]:
        """One job for each image with something left to ask; what stored answers settle is recorded on the way."""
        store, database = self.folder.store, self.folder.database
        answered_before = store.has_answers(model)
        for _ in self.folder.catalogue.unreadable(self.selection):
            self.progress.advance(len(rows), len(rows))
        for photograph in self._photographs():
            left = {row for example in photograph.examples for row in set(rows) - store.settled(rows, example)}
            self.progress.advance((len(rows) - len(left)) * len(photograph.examples))
            known = store.known(model, photograph.image.digest) if left and answered_before else {}
            if known:
                with database.commit():
                    for row in sorted(left):
                        if done := replay(self.rows[row].inquire(photograph.image), known):
                            left.discard(row)
                            for example in photograph.examples:
                                store.put_record(row, example, *done)
                            self.progress.advance(len(photograph.examples))
            if left:
                job = Job(photograph.examples[0], photograph.image, left, known)
                handed_out[job.number] = (job, photograph.examples)
                yield job

    def _keep(self, model: int, events: Sequence[Event], handed_out: _HandedOut) -> None:
        """Commits events in the order they came, and moves the progress on."""
        store = self.folder.store
        finished: set[int] = set()
        done = failed = 0
        with self.folder.database.commit():
            for event in events:
                if isinstance(event, Answered):
                    store.add_answer(model, event.image.digest, event.question, event.answer)
                    continue
                if event.task not in handed_out:
                    continue  # kept before an interruption
                job, examples = handed_out[event.task]
                if not job.rows:
                    finished.add(event.task)
                for example in examples:
                    store.put_record(event.row, example, event.result, event.questions)
                done += len(examples)
                failed += len(examples) * isinstance(event.result, Failure)
        for task in finished:
            del handed_out[task]
        self.progress.advance(done, failed)


def _read_list(path: Path) -> list[Any]:
    """A list from a JSON file; empty where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def _as_data(strategy: Any) -> dict[str, Any]:
    return {field.name: getattr(strategy, field.name) for field in dataclasses.fields(strategy)}
