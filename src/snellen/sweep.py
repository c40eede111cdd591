"""A sweep: one study over many class sets of the same images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from snellen import plugins, study
from snellen.class_sets import ClassSet, Sweep, hard_sets, random_sets
from snellen.database import DATABASE, Database
from snellen.errors import WrongUse
from snellen.folder import RunFolder
from snellen.plan import Plan, Request, resolve
from snellen.progress import Progress, Silence
from snellen.results import Results
from snellen.selection import Selection
from snellen.specs import Spec, name_and_options, short_digest
from snellen.types import Classes
from snellen.verdict.sweeps import FACT, Description, HardOrder, hard_order, read_description


@dataclasses.dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is asked first, and what the run folder keeps of it.

    `waiting` are the sizes of hard sets that are chosen from the classes `base` when these have been asked about.
    """

    plan: Plan
    description: Description
    base: Classes
    waiting: tuple[int, ...]


def wanted(written: Mapping[str, Any], flags: Mapping[str, Any]) -> Sweep:
    """What a study file says of the sweep, with the flags put over it. Raises WrongUse."""
    given = {**written, **{key: value for key, value in flags.items() if value is not None}}
    if isinstance(counts := given.get("class_counts"), str):
        if not all(count.strip().isdecimal() for count in counts.split(",")):
            raise WrongUse(f"class_counts: expected numbers such as 10,25,50, got {counts!r}")
        given["class_counts"] = [int(count) for count in counts.split(",")]
    return plugins.configure(Sweep, given, "the sweep")


def plan_sweep(
    request: Request, sweep: Sweep, batch_size: str | None = None, progress: Progress | None = None
) -> SweepPlan:
    """The sweep of a request, resolved; one that its folder has begun about the same images is gone on with.

    `progress` is told how a data set is fetched. Raises WrongUse or Missing.
    """
    request = dataclasses.replace(request, dataset=_dataset(request.dataset), sweep=dataclasses.asdict(sweep))
    request = dataclasses.replace(request, until_decided=None, margin=None)  # of runs: all sets are asked all
    begun: list[_Begun] = []

    def class_lists(selection: Selection, out: Path) -> tuple[Classes, ...]:
        begun.append(_begin(sweep, selection, out))
        return tuple(dict.fromkeys(each.classes for each in begun[-1].sets))

    plan = resolve(request, batch_size, class_lists, progress)
    begin = begun[-1]
    plan = dataclasses.replace(plan, dataset={**plan.dataset, "classes": begin.names})
    return SweepPlan(plan, begin.description, begin.base, begin.waiting)


def _dataset(spec: Spec) -> Spec:
    """The data set of which sets are taken: those have the numbers of classes in place of its own.

    Raises WrongUse where a limit is given.
    """
    path, options = name_and_options(spec, "path")
    if options.get("limit") is not None:
        raise WrongUse(
            "limit: the sets of a sweep have the same images of a class, and a limit takes others for each number of "
            "classes; say how many images of each class with --per-class (per_class)"
        )
    if str(options.get("classes", "")).strip().isdigit():
        del options["classes"]
    return {"path": path, **options}


@dataclasses.dataclass(frozen=True, slots=True)
class _Begun:
    """The sets that can be asked about now, and what else there is to a sweep."""

    names: tuple[str, ...]
    sets: tuple[ClassSet, ...]
    description: Description
    base: Classes
    waiting: tuple[int, ...]


def _begin(sweep: Sweep, selection: Selection, out: Path) -> _Begun:
    classes, seed = selection.classes, selection.seed
    counts = sweep.counts(classes)
    of = short_digest({"classes": classes.names, "seed": seed, "images": selection.thresholds})
    kept = _kept(out)
    kept = kept if kept and kept.of == of else Description(of, seed, ())
    base = random_sets(classes, counts[-1:], 1, seed)[0].classes
    sets: list[ClassSet] = []
    waiting: tuple[int, ...] = ()
    hard = kept.hard
    if "random" in sweep.orders:
        sets += random_sets(classes, counts, sweep.draws, seed)
    if "hard" in sweep.orders and hard and len(hard.base.names) >= counts[-1]:
        sets += hard_sets(classes, counts, hard.order)
    elif "hard" in sweep.orders:
        hard, waiting = None, counts[:-1]
        sets += [ClassSet("hard", 1, base)]
    return _Begun(classes.names, tuple(sets), _with(kept, sets, hard), base, waiting)


def _with(kept: Description, sets: Sequence[ClassSet], hard: HardOrder | None) -> Description:
    """The description with more sets; those of another order of the hard ones are no longer in it."""
    stay = (each for each in kept.sets if each.order == "random" or kept.hard == hard)
    known = {(each.order, each.draw, each.count): each for each in (*stay, *sets)}
    return dataclasses.replace(kept, sets=tuple(known.values()), hard=hard)


def _kept(out: Path) -> Description | None:
    """What the run folder has of an earlier sweep."""
    if not (out / DATABASE).exists():
        return None
    with closing(Database(out / DATABASE, read_only=True)) as database:
        return read_description(database.fact(FACT))


def _keep(plan: Plan, description: Description) -> None:
    with RunFolder(plan.out) as folder:
        folder.claim(plan.source)
        with folder.database.commit():
            folder.database.set_fact(FACT, description.as_text())


def run(asked: SweepPlan, progress: Progress | None = None) -> Results:
    """Asks what was never answered about all sets, a model loaded once; and once more for hard sets not chosen before.

    Raises as `study.run`.
    """
    plan, told = asked.plan, _ToldOnce(progress or Silence())
    _keep(plan, asked.description)
    results = study.run(plan, told)
    if not asked.waiting:
        return results
    try:
        hard = hard_order(results, asked.base, plan.seed)
    except BaseException:
        results.close()
        raise
    if hard is None:
        told.say(
            "the hard sets are chosen when a model has answered about all images of the largest set: the same "
            "command again goes on"
        )
        return results
    results.close()
    sets = hard_sets(asked.base, asked.waiting, hard.order)
    _keep(plan, _with(dataclasses.replace(asked.description, hard=hard), sets, hard))
    after = study.run(plan.part(*dict.fromkeys(each.classes for each in sets)), told)
    after.asked |= results.asked
    return after


class _ToldOnce:
    """A progress that says no line twice, however often a study is run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: set[str] = set()
        self.begin, self.advance, self.end = progress.begin, progress.advance, progress.end

    def say(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._progress.say(line)
