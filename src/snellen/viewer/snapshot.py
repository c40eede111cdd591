"""A run in memory: what each row said of each image, as arrays that pages filter without asking the database."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snellen.console import one_line
from snellen.database import DATABASE, Database
from snellen.decisions import decisions
from snellen.marks import Corrected, Labelled, corrected
from snellen.metrics.comparison import holm, mcnemar
from snellen.metrics.sequential import p_value
from snellen.sheets import NO_ANSWER
from snellen.short_names import short_models, short_strategies
from snellen.store import with_models
from snellen.types import Outcome, State

STATES = tuple(State)
OUTCOMES = tuple(Outcome)
NO_OUTCOME = 255
_NO_CLASS = -2  # of a label that is none of the classes; no prediction is like it
_PENDING = STATES.index(State.PENDING)
_CHUNK = 50_000
_MOST_PAIRS = 2000
_RECORDS = """
    SELECT example, state, prediction, outcome, CASE WHEN scores IS NULL OR scores = '' OR prediction IS NULL THEN NULL
    ELSE (SELECT value FROM json_each(scores) WHERE key = prediction) END FROM records WHERE row = ? ORDER BY example
"""
Bits: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A row: who was asked how, and an entry for each image of its set.

    `predictions` are places in the set's classes, their number where none could be read, NO_ANSWER where it failed or
    is pending; `states` and `outcomes` are places in STATES and OUTCOMES; `confidences` are nan without a score.
    """

    number: int
    model: str
    strategy: str
    name: str
    blind: bool
    anytime: bool
    predictions: NDArray[np.int32]
    states: NDArray[np.uint8]
    outcomes: NDArray[np.uint8]
    confidences: NDArray[np.float32]

    @property
    def answered(self) -> Bits:
        answered: Bits = self.predictions != NO_ANSWER
        return answered


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """The images of a selection in the order of their numbers, and the label of each by name."""

    numbers: NDArray[np.int64]
    ids: tuple[str, ...]
    paths: tuple[bytes | None, ...]
    digests: tuple[bytes, ...]
    labels: tuple[str, ...]
    places: Mapping[str, int]  # by id
    by_digest: Mapping[bytes, int]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Rows about the same images and classes; `key` is the lowest of their numbers."""

    key: int
    classes: tuple[str, ...]
    background: str | None
    images: Images
    labels: NDArray[np.int32]
    rows: tuple[Line, ...]

    def __len__(self) -> int:
        return len(self.images.ids)

    def row(self, number: int | None) -> Line | None:
        """The row of this number; None where it is not in the set."""
        return next((row for row in self.rows if row.number == number), None)

    def right(self, row: Line) -> Bits:
        right: Bits = row.predictions == self.labels
        return right

    @property
    def seeing(self) -> list[Line]:
        """The rows that saw the images: without blind controls."""
        return [row for row in self.rows if not row.blind] or list(self.rows)

    @cached_property
    def rights(self) -> NDArray[np.int32]:
        """How many rows are right about each image."""
        counts: NDArray[np.int32] = np.sum([self.right(row) for row in self.seeing], axis=0, dtype=np.int32)
        return counts

    @cached_property
    def voices(self) -> NDArray[np.int32]:
        """How many rows answered each image."""
        counts: NDArray[np.int32] = np.sum([row.answered for row in self.seeing], axis=0, dtype=np.int32)
        return counts

    @cached_property
    def outvoted(self) -> NDArray[np.int32]:
        """How many rows say otherwise about an image than the most that say the same; 0 where all agree."""
        said = np.sort([row.predictions for row in self.seeing], axis=0)
        best = np.zeros(len(self), dtype=np.int32)
        run = np.zeros(len(self), dtype=np.int32)
        for place, each in enumerate(said):
            run = np.where((each == said[place - 1]) if place else False, run + 1, 1)
            best = np.where(each == NO_ANSWER, best, np.maximum(best, run))
        outvoted: NDArray[np.int32] = (said != NO_ANSWER).sum(axis=0, dtype=np.int32) - best
        return outvoted

    @cached_property
    def outcomes(self) -> list[str]:
        """The outcomes that occur in any row."""
        found = np.sum([np.bincount(row.outcomes, minlength=NO_OUTCOME + 1) for row in self.rows], axis=0)
        return [str(outcome) for outcome, count in zip(OUTCOMES, found, strict=False) if count]

    @cached_property
    def p_values(self) -> Mapping[frozenset[int], float]:
        """Of each two rows by their numbers how surprising their difference is, corrected for all pairs (Holm 1979).

        Empty where there are too many pairs to wait for; without those that answered no common image.
        """
        rows = self.seeing
        if len(rows) * (len(rows) - 1) // 2 > _MOST_PAIRS:
            return {}
        answered = np.stack([row.answered for row in rows]).astype(np.float32)  # exact for as many images as there are
        right = np.stack([self.right(row) for row in rows]).astype(np.float32)
        both, only = answered @ answered.T, right @ (answered - right).T
        found: dict[frozenset[int], float] = {}
        for a, b in combinations(range(len(rows)), 2):
            if both[a, b]:
                first, second = int(only[a, b]), int(only[b, a])
                alike = int(both[a, b]) - first - second
                p = p_value(first, alike, second) if rows[a].anytime or rows[b].anytime else mcnemar(first, second)
                found[frozenset((rows[a].number, rows[b].number))] = p
        return dict(zip(found, holm([*found.values()]), strict=True))

    @cached_property
    def by_id(self) -> NDArray[np.int64]:
        """The places of all images in the order of their ids."""
        return np.asarray(sorted(range(len(self)), key=self.images.ids.__getitem__), dtype=np.int64)

    @cached_property
    def searchable(self) -> tuple[str, ...]:
        """All ids in lower case."""
        return tuple(id.lower() for id in self.images.ids)

    def prepare(self) -> None:
        """Makes now what pages would wait for."""
        _ = self.rights, self.voices, self.outvoted, self.by_id, self.searchable


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The sets of a run, that of the most images first, as the database held them at one time.

    `stamp` tells that state from others, `seconds` is how long reading it took, `models` are the names by number,
    `shots` the ids of the labelled examples that stand in prompts, by digest.
    """

    stamp: tuple[int, ...]
    sets: tuple[ImageSet, ...]
    models: Mapping[int, str]
    shots: Mapping[bytes, str]
    seconds: float
    orders: dict[Any, tuple[Any, NDArray[np.int64]]] = field(default_factory=dict)  # what filters found, kept by those

    def find(self, digest: bytes) -> tuple[ImageSet, int] | None:
        """An image of this content, with a set that it is in."""
        for each in self.sets:
            if (place := each.images.by_digest.get(digest)) is not None:
                return each, place
        return None

    def example(self, id: str) -> tuple[ImageSet, int] | None:
        """The image of this id, with the largest set that it is in."""
        for each in self.sets:
            if (place := each.images.places.get(id)) is not None:
                return each, place
        return None

    def labelled(self) -> Iterator[Labelled]:
        """All images of the run, each once, labelled as in the largest set that it is in."""
        seen: set[str] = set()
        for images in {id(each.images): each.images for each in self.sets}.values():
            for example, path, label in zip(images.ids, images.paths, images.labels, strict=True):
                if example not in seen:
                    seen.add(example)
                    yield Labelled(example, os.fsdecode(path) if path else None, label)

    @cached_property
    def pending(self) -> tuple[int, int]:
        """How many images of all rows are pending, and how many there are: an image counts once in each row."""
        rows = [row for images in self.sets for row in images.rows]
        return sum(int((row.states == _PENDING).sum()) for row in rows), sum(len(row.states) for row in rows)

    @cached_property
    def uncorrected(self) -> Corrected:
        """What a manifest of all images is, without its text."""
        return replace(corrected(self.labelled(), {}), text="")


def stamp_of(run: Path) -> tuple[int, ...]:
    """What changes with every change of a run's database, its first number with the file; nothing is opened for it."""
    found = [database_of(run)]
    for name in (DATABASE, f"{DATABASE}-wal"):
        try:
            status = (run / name).stat()
        except OSError:
            found += [0, 0]
        else:
            found += [status.st_size, status.st_mtime_ns if status.st_size else 0]
    return tuple(found)


def database_of(run: Path) -> int:
    """Which file the database of a run is: another one where the run was begun anew; 0 where there is none."""
    try:
        return (run / DATABASE).stat().st_ino
    except OSError:
        return 0


def load(run: Path) -> Snapshot:
    """All rows of a run as they are now. Raises WrongUse where its database cannot be read."""
    began, stamp = time.monotonic(), stamp_of(run)
    database = Database(run / DATABASE, read_only=True)
    try:
        database.execute("BEGIN")  # so that all of it is of one time
        sets = tuple(_sets(database))
        for each in sets[:1]:  # of the others when they are asked for
            each.prepare()
        shots = {bytes.fromhex(digest): id for _, spec, _ in _rows(database) for id, digest, _ in spec.get("shots", ())}
        models = dict(database.execute("SELECT number, name FROM models").fetchall())
    finally:
        database.close()
    return Snapshot(stamp, sets, models, shots, time.monotonic() - began)


def _sets(database: Database) -> Iterator[ImageSet]:
    rows = _rows(database)
    names = {number: (one_line(spec["model"]), one_line(spec["title"])) for number, spec, _ in rows}
    short = _short(names)
    adaptive = {number for decision in decisions(database) for number in decision.adaptive}
    groups: dict[tuple[int, str], list[tuple[int, Mapping[str, Any]]]] = {}
    for number, spec, selection in rows:
        groups.setdefault((selection, json.dumps(spec["classes"])), []).append((number, spec))
    images = {selection: _images(database, selection) for selection in {selection for selection, _ in groups}}
    found = []
    for (selection, _), members in groups.items():
        spec, shown = members[0][1], images[selection]
        classes = tuple(spec["classes"]["names"])
        places = {name: place for place, name in enumerate(classes)}
        labels = np.fromiter((places.get(label, _NO_CLASS) for label in shown.labels), np.int32, len(shown.labels))
        lines = []
        for number, asked in members:
            read = _read(database, number, shown.numbers, places)
            model, strategy = asked["model"], asked["title"]
            lines.append(
                Line(number, model, strategy, short[number], asked.get("blind", False), number in adaptive, *read)
            )
        lines.sort(key=lambda line: (line.blind, -int((line.predictions == labels).sum()), line.number))
        found.append(ImageSet(members[0][0], classes, spec["classes"]["background"], shown, labels, tuple(lines)))
    yield from sorted(found, key=lambda each: (-len(each), -len(each.classes), -len(each.rows)))


def _rows(database: Database) -> list[tuple[int, Mapping[str, Any], int]]:
    """Number, spec and selection of each row, without those that a later one of the same names has superseded."""
    newest: dict[tuple[str, str, str, int], tuple[int, Mapping[str, Any], int]] = {}
    for number, model, written, selection in database.execute(
        "SELECT number, model, spec, selection FROM rows ORDER BY number"
    ):
        spec = with_models(json.loads(written), model)
        newest[spec["model"], spec["title"], json.dumps(spec["classes"]), spec["seed"]] = (number, spec, selection)
    return sorted(newest.values(), key=lambda row: row[0])


def _short(names: Mapping[int, tuple[str, str]]) -> dict[int, str]:
    """A short name of each row; different rows have different ones."""
    models = short_models((model for model, _ in names.values()), 30)
    strategies = short_strategies((strategy for _, strategy in names.values()), 34)
    found: dict[int, str] = {}
    for number, (model, strategy) in names.items():
        name = f"{models[model]} · {strategies[strategy]}"
        found[number] = name if name not in found.values() else f"{name} (row {number})"
    return found


def _images(database: Database, selection: int) -> Images:
    found = database.execute(
        "SELECT s.example, e.id, e.path, e.digest, s.label FROM selected s JOIN examples e ON e.number = s.example "
        "WHERE s.selection = ? ORDER BY s.example",
        selection,
    ).fetchall()
    numbers, ids, paths, digests, labels = zip(*found, strict=True) if found else ((), (), (), (), ())
    return Images(
        np.asarray(numbers, dtype=np.int64),
        ids,
        paths,
        digests,
        labels,
        {id: place for place, id in enumerate(ids)},
        {digest: place for place, digest in reversed(list(enumerate(digests)))},
    )


def _read(
    database: Database, row: int, numbers: NDArray[np.int64], places: Mapping[str, int]
) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """Predictions, states, outcomes and confidences of a row, an entry for each of the numbers."""
    predictions = np.full(len(numbers), NO_ANSWER, dtype=np.int32)
    states = np.full(len(numbers), _PENDING, dtype=np.uint8)
    outcomes = np.full(len(numbers), NO_OUTCOME, dtype=np.uint8)
    confidences = np.full(len(numbers), np.nan, dtype=np.float32)
    code = {str(state): place for place, state in enumerate(STATES)}
    outcome_code = {str(outcome): place for place, outcome in enumerate(OUTCOMES)}
    cursor = database.execute(_RECORDS, row)
    while chunk := cursor.fetchmany(_CHUNK):
        examples, told, named, how, sure = zip(*chunk, strict=True)
        at, here = _located(examples, numbers)
        state = np.fromiter((code.get(each, _PENDING) for each in told), np.uint8, len(told))
        prediction = np.fromiter((places.get(each, len(places)) for each in named), np.int32, len(named))
        prediction[state >= STATES.index(State.FAILED)] = NO_ANSWER
        outcome = np.fromiter((outcome_code.get(each, NO_OUTCOME) for each in how), np.uint8, len(how))
        score = np.fromiter((np.nan if each is None else float(each) for each in sure), np.float32, len(sure))
        predictions[at], states[at], outcomes[at], confidences[at] = (
            each[here] for each in (prediction, state, outcome, score)
        )
    return predictions, states, outcomes, confidences


def _located(examples: Sequence[int], numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], Bits]:
    """Where these examples stand among the numbers, and which of them are there at all."""
    wanted = np.asarray(examples, dtype=np.int64)
    at = np.searchsorted(numbers, wanted)
    here: Bits = at < len(numbers)
    here[here] = numbers[at[here]] == wanted[here]
    return at[here], here
