"""A study: a plan carried out into a run folder, from which everything that was not answered yet is asked."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from snellen import decisions, ledger
from snellen.accounting import count_costs
from snellen.budget import Budget
from snellen.catalogue import Span
from snellen.costs import keep_price, price_of, spent_most, untold
from snellen.deciding import Deciding
from snellen.errors import NoSpace, SnellenError
from snellen.exports import whole_file, write_manifest, write_results
from snellen.folder import RunFolder
from snellen.heartbeat import Told
from snellen.images import Image
from snellen.interview import Interview, Part
from snellen.lint import lint
from snellen.meters import environment, read_environments
from snellen.plan import Plan
from snellen.progress import Progress, Silence
from snellen.recall import Recall, prepared
from snellen.results import Results
from snellen.rows import Row
from snellen.runner import replay
from snellen.selection import part_of
from snellen.shots import first
from snellen.specs import ModelPlan, StrategyPlan, check_there
from snellen.stored_rows import row_of
from snellen.study_file import add_section
from snellen.types import MODEL, Classes, Failure, Generate
from snellen.verdict.sweep_tables import sweep_data

_LINTED = 10  # sentences
_LOADED = (  # for environment.json
    *("device", "device_name", "dtype", "attention", "batch_size", "parameters"),
    *("prefix_sharing", "computed_tokens_share"),
    *("most_in_flight", "pictures_as_they_are", "pictures_re_encoded", "pictures_shrunk"),
)


def run(plan: Plan, progress: Progress | None = None) -> Results:
    """Asks what was never answered, derives the records and writes the tables.

    Raises WrongUse (the folder is in use or belongs to other data), Missing (no space left). A model that cannot be
    loaded or kept alive leaves its rows pending; where nothing at all was answered its error is raised.
    """
    with RunFolder(plan.out) as folder:
        folder.claim(plan.source)
        told = Told(progress or Silence(), plan.out)
        study = Study(plan, folder, told)
        try:
            study.prepare()
            try:
                study.ask()
            finally:
                study.tell_untold()
            study.write_environment()
        except BaseException:
            told.end()
            if study.selection:
                with suppress(SnellenError):  # such as no space for the tables either: the first error says enough
                    _count_costs(folder)
                    _write_tables(plan.out).close()
            raise
        finally:
            told.over()
        _count_costs(folder)
        results = _write_tables(plan.out)
        results.asked = frozenset(study.rows)
        if study.errors and not any(row.answered + row.unparsed for row in results.rows if row.number in study.rows):
            results.close()
            raise study.errors[0]
        return results


@contextmanager
def planned(plan: Plan, progress: Progress) -> Iterator[Study]:
    """A study as a run would begin it, with its run folder made or brought up to date; nothing is asked.

    Raises WrongUse: the folder is in use or belongs to other data.
    """
    with RunFolder(plan.out) as folder:
        folder.claim(plan.source)
        study = Study(plan, folder, progress)
        try:
            study.prepare()
            yield study
        finally:
            progress.end()


def make(plan: Plan, progress: Progress | None = None) -> None:
    """Makes the run folder of a plan, with its tables, and asks nothing."""
    with planned(plan, progress or Silence()):
        _write_tables(plan.out).close()


def _count_costs(folder: RunFolder) -> None:
    """Brings up to date what the rows cost, of all runs into the folder: they share answers and prices."""
    for number, _, spec, selection in list(folder.store.rows()):
        if not any(price_of(folder.database, model) for model in spec["models"].values()):
            continue
        if row := prepared(row_of(spec), Recall(folder.store, spec["models"], None)):
            count_costs(folder, number, row, spec["models"], selection)


def _write_tables(path: Path) -> Results:
    """Writes the tables of a run folder; its results are the caller's to close."""
    results = Results(path)
    try:
        write_results(results, path, sweep_data(results))
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
        for number, _, spec, selection in list(folder.store.rows()):
            progress.begin(f"{spec['model']}, {spec['title']}", folder.catalogue.size(selection))
            row = prepared(row_of(spec), Recall(folder.store, spec["models"], None))
            for page in folder.catalogue.digests(selection):
                with folder.database.commit():
                    for example, digest in page:
                        image = Image(Path(), digest=digest)
                        recall = Recall(folder.store, spec["models"], image)
                        if row and (done := replay(row.inquire(image), image, recall)):
                            folder.store.put_record(number, example, *done)
                        else:
                            folder.store.drop_record(number, example)
                progress.advance(len(page))
            progress.end()
        _count_costs(folder)
        return _write_tables(path)


class Study:
    """One run of a plan: rows by model, asked one model after the other."""

    def __init__(self, plan: Plan, folder: RunFolder, progress: Progress) -> None:
        self.plan = plan
        self.folder = folder
        self.progress = progress
        self.errors: list[SnellenError] = []
        self.missing: dict[str, None] = {}  # why models cannot be had, told up front
        self.selection = 0  # of the images of all class lists
        self.interviews: dict[tuple[tuple[str, int], ...], Interview] = {}

    @property
    def rows(self) -> set[int]:
        """The numbers of all rows that are asked."""
        return {row for interview in self.interviews.values() for row in interview.rows}

    def prepare(self) -> None:
        """Examines the files, checks the class list, and makes the rows."""
        plan, progress = self.plan, self.progress
        for line in (*plan.not_applicable, *plan.warnings, *self._lint()):
            progress.say(line)
        progress.begin("checking images", len(plan.selection))
        lists = [classes.names for classes in plan.class_lists]
        self.selection, *parts = self.folder.catalogue.select_all(
            plan.selection, lists, progress.advance, plan.selection.shots
        )
        progress.end()
        for line in self.folder.lint(self.selection):
            progress.say(line)
        empty = len(plan.classes.names) - self.folder.catalogue.labels(self.selection)
        if empty:
            progress.say(
                f"{empty} of {len(plan.classes.names)} classes have no image here: macro averages count them as 0"
            )
        with self.folder.database.commit():
            for classes, part in zip(plan.class_lists, parts, strict=True):
                for model, strategy in plan.pairs:
                    self._make_row(model, strategy, classes, part)
            self._keep_prices()
        write_manifest(self.folder.database, self.folder.path / "manifest.csv")
        add_section(plan, self.folder.path / "study.yaml")
        self.write_environment()

    def _lint(self) -> Iterator[str]:
        """What the class names give reason to warn of, by the strategies that are asked."""
        classes = self.plan.classes
        strategies = {strategy.title: strategy.strategy for _, strategy in self.plan.pairs}.values()
        said: list[str] = []
        for strategy in strategies:
            said += strategy.lint(classes) if hasattr(strategy, "lint") else ()
        if any(Generate in strategy.asks for strategy in strategies):
            said += lint(classes)
        found = list(dict.fromkeys(said))
        yield from found[:_LINTED]
        if (more := len(found) - _LINTED) > 0:
            yield f"and {more} more such names: 'snellen datasets show {self.plan.dataset['path']}' tells all"

    def _keep_prices(self) -> None:
        """Keeps the prices of all models, and tells which paid ones have none."""
        unknown: dict[str, None] = {}
        for interview in self.interviews.values():
            for role, model in interview.models.items():
                if price := self.plan.prices.of(model.provider, model.name):
                    keep_price(self.folder.database, interview.numbers[role], price)
                elif self.plan.is_charged(model):
                    unknown[f"{model.provider}/{model.name}"] = None
        for name in unknown:
            self.progress.say(f"no price is known for {name}, so its cost is not counted: give it with --prices FILE")

    def write_environment(self) -> None:
        """Writes where the run takes place and how models were loaded; tells if earlier answers came from elsewhere."""
        path, now = self.folder.path / "environment.json", environment()
        earlier = read_environments(path)
        changed = [key for key in now if earlier and earlier[-1].get(key) != now[key]]
        if changed:
            self.progress.say(f"earlier answers of this run come from another environment: {', '.join(changed)} differ")
        if changed or not earlier:
            earlier.append({**now, "models": {}})
        for interview in self.interviews.values():
            facts = self.folder.store.model_facts(interview.company)
            loaded = {key: facts[key] for key in _LOADED if facts.get(key) is not None}
            if loaded:
                earlier[-1].setdefault("models", {})[interview.title] = loaded
        with whole_file(path) as file:
            json.dump(earlier, file, indent=2)

    def _make_row(self, model: ModelPlan, strategy: StrategyPlan, classes: Classes, selection: int) -> None:
        plan, store = self.plan, self.folder.store
        interview = self._interview({MODEL: model, **strategy.roles})
        shots = first(part_of(plan.selection, classes.names).shots, strategy.shots)
        asked: dict[str, Any] = {
            "strategy": {"name": strategy.name, "options": _as_data(strategy.strategy)},
            "classes": {"names": classes.names, "background": classes.background},
            "seed": plan.seed,
        }
        if shots:
            asked["shots"] = [(shot.id, shot.image.digest, shot.label) for shot in shots]
        if strategy.blind:
            asked["blind"] = True
        key = {"model": model.identity, **asked}
        if strategy.roles:
            key["roles"] = {role: other.identity for role, other in strategy.roles.items()}
        titles = {"dataset": plan.name, "model": model.title, "title": strategy.title, "models": interview.numbers}
        if not model.missing:
            store.drop_rows_of_missing(model.title)
        row = store.row(key, interview.company, {**titles, **asked}, selection)
        interview.rows[row] = Row(strategy.strategy, classes, plan.seed, shots, blind=strategy.blind)
        interview.selections[row] = selection
        for example, _, reason in self.folder.catalogue.unreadable(selection):
            store.put_record(row, example, Failure(f"unreadable image: {reason}"), 0)

    def _interview(self, models: Mapping[str, ModelPlan]) -> Interview:
        """The interview of these models, one for all their rows."""
        made = Interview(self.plan, self.folder, self.progress, self.selection, models)
        return self.interviews.setdefault(tuple(made.numbers.items()), made)

    def ask(self) -> None:
        """Asks all models; one that cannot be loaded or kept alive does not keep the others from being asked."""
        limit = self.plan.max_cost
        budget = None if limit is None else Budget(limit, self._spent())
        self._say_missing()
        try:
            if self.plan.until_decided is not None:
                self._ask_until_decided(budget, self.plan.until_decided)
                return
            for interview in self.interviews.values():
                self._ask(interview, budget, Part(tuple(interview.rows)))
        finally:
            for interview in self.interviews.values():
                interview.close()
        with self.folder.database.commit():
            decisions.forget(self.folder.database, self.rows)

    def _ask(self, interview: Interview, budget: Budget | None, part: Part) -> Mapping[int, SnellenError]:
        """Asks a part and keeps why some of its rows could not be asked all of it."""
        troubles: Mapping[int, SnellenError]
        try:
            troubles = interview.ask(budget, part)
            self.errors += troubles.values()
        except SnellenError as error:
            if isinstance(error, NoSpace):
                raise
            self.errors.append(error)
            if str(error) not in self.missing:
                self.progress.say(f"error: {error}")
            troubles = dict.fromkeys(part.rows, error)
        finally:
            self.progress.end(quietly=part.span is not None)  # of a round it is told how its rows stand
        with self.folder.database.commit():
            for row in part.rows:
                self.folder.store.set_trouble(row, str(troubles[row]) if row in troubles else None)
        return troubles

    def _ask_until_decided(self, budget: Budget | None, confidence: float) -> None:
        """Asks all rows about more and more images, and rows that are not among the best no more.

        A model that would only be loaded again, or that others run, stays from round to round.
        """
        deciding = Deciding(self.folder, self.selection, self.rows, confidence, self.plan.margin)
        while span := deciding.next_span():
            lost: set[int] = set()
            asked = self._by_interview(deciding.asked)
            for interview, rows in asked.items():
                stays = len(asked) == 1 or _only_speaks_to_servers(interview)
                lost.update(self._ask(interview, budget, Part(rows, span, timed=False, stays=stays)))
            for line in deciding.look(span, lost):
                self.progress.say(line)
        if self.plan.timing:
            for interview, rows in self._by_interview(deciding.asked).items():
                self._ask(interview, budget, Part(rows, Span(b"", b"")))
        deciding.keep()

    def _by_interview(self, rows: Sequence[int]) -> dict[Interview, list[int]]:
        """The rows by the interviews that they belong to."""
        found = {each: [row for row in rows if row in each.rows] for each in self.interviews.values()}
        return {interview: its_rows for interview, its_rows in found.items() if its_rows}

    def _say_missing(self) -> None:
        """Tells up front which models cannot be asked what is left, such as for want of a key."""
        for interview in self.interviews.values():
            if all(map(self.folder.store.is_settled, interview.rows)):
                continue
            for model in interview.models.values():
                try:
                    check_there(model)
                except SnellenError as error:
                    self.missing[str(error)] = None
        for reason in self.missing:
            self.progress.say(f"pending: {reason}")

    def _spent(self) -> float:
        """What counts as spent before this run; what was in flight when the last one was killed is part of it."""
        database = self.folder.database
        usd = spent_most(database)
        with database.commit():
            ledger.lose(database, ledger.in_flight(database))
            ledger.keep_in_flight(database, 0.0)
        return usd

    def tell_untold(self) -> None:
        """Tells what may have been charged for and is not in the costs of the results."""
        database = self.folder.database
        numbers = {number for interview in self.interviews.values() for number in interview.numbers.values()}
        if usd := untold(database, numbers) + ledger.lost(database):
            self.progress.say(
                f"up to {usd:.2g} USD more may have been charged, for requests that told no count of tokens or that "
                "were cut off; it counts for max_cost and is not in spent_usd"
            )


def _only_speaks_to_servers(interview: Interview) -> bool:
    """Whether its process takes little memory."""
    return all(hasattr(model.options, "concurrency") for model in interview.models.values())


def _as_data(strategy: Any) -> dict[str, Any]:
    return {field.name: getattr(strategy, field.name) for field in dataclasses.fields(strategy)}
