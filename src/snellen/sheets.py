"""What a row predicted, as arrays: what statistics are computed from."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.database import Database
from snellen.store import TOP_SCORES

NO_ANSWER = -1
OF_ANSWERS = "state IN ('answered', 'unparsed')"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A row's answer sheet: an entry for each of its examples, in the order of their numbers in the run folder.

    `labels` are places in `classes`. `predictions` are too; there, len(classes) is an answer in which no class could be
    read, and NO_ANSWER stands for a failed or pending example. `digests` are those of the image contents.
    """

    classes: tuple[str, ...]
    background: str | None
    examples: NDArray[np.int64]
    digests: tuple[bytes, ...]
    labels: NDArray[np.int32]
    predictions: NDArray[np.int32]

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which examples were answered, readably or not."""
        answered: NDArray[np.bool_] = self.predictions != NO_ANSWER
        return answered

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which examples were answered rightly."""
        right: NDArray[np.bool_] = self.predictions == self.labels
        return right

    def thinned(self, most: int) -> Sheet:
        """The same sheet with answers to at most so many examples, evenly spread; the others count as pending."""
        answered = self.answered.nonzero()[0]
        if len(answered) <= most:
            return self
        kept = answered[np.arange(most) * len(answered) // most]
        predictions = np.full_like(self.predictions, NO_ANSWER)
        predictions[kept] = self.predictions[kept]
        return replace(self, predictions=predictions)


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """The examples of a selection, in the order of their numbers, with their digests and labels."""

    examples: NDArray[np.int64]
    digests: tuple[bytes, ...]
    labels: tuple[str, ...]

    def places(self, names: Sequence[str]) -> NDArray[np.int32]:
        """The labels as places in a list of class names that has all of them."""
        known = {name: place for place, name in enumerate(names)}
        return np.fromiter(map(known.__getitem__, self.labels), dtype=np.int32, count=len(self.labels))


def selected_of(database: Database, selection: int) -> Selected:
    """The examples of a selection: what the sheets of all rows about it have in common."""
    found = database.execute(
        "SELECT s.example, e.digest, s.label FROM selected s JOIN examples e ON e.number = s.example "
        "WHERE s.selection = ? ORDER BY s.example",
        selection,
    ).fetchall()
    examples, digests, labels = zip(*found, strict=True) if found else ((), (), ())
    return Selected(np.asarray(examples, dtype=np.int64), digests, tuple(map(sys.intern, labels)))


def sheet_of(database: Database, row: int, spec: Mapping[str, Any], selected: Selected) -> Sheet:
    """The answer sheet of a row with this spec, about these examples."""
    names = tuple(spec["classes"]["names"])
    places = {name: place for place, name in enumerate(names)}
    found = database.execute(
        f"SELECT example, prediction FROM records WHERE row = ? AND {OF_ANSWERS} ORDER BY example", row
    ).fetchall()
    predictions = np.full(len(selected.examples), NO_ANSWER, dtype=np.int32)
    where, known = _places(selected.examples, [example for example, _ in found])
    read = np.asarray([places.get(said, len(names)) for _, said in found], dtype=np.int32)
    predictions[where[known]] = read[known]
    labels = selected.places(names)
    return Sheet(names, spec["classes"]["background"], selected.examples, selected.digests, labels, predictions)


def best_scored(
    database: Database, row: int, classes: tuple[str, ...], examples: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The classes that the record of each of these examples has scores of, as places, and these, both (n, 5).

    The best come first; -1 and nan where there are fewer.
    """
    ranked = np.full((len(examples), TOP_SCORES), -1, dtype=np.int64)
    scores = np.full((len(examples), TOP_SCORES), np.nan)
    found = database.execute(
        "SELECT example, scores FROM records WHERE row = ? AND scores != '' ORDER BY example", row
    ).fetchall()
    where, known = _places(examples, [example for example, _ in found])
    if not known.any():
        return ranked, scores
    dicts: list[dict[str, float]] = json.loads(f"[{','.join(written for _, written in found)}]")
    names = {name: place for place, name in enumerate(classes)}
    there = np.arange(max(TOP_SCORES, *map(len, dicts))) < np.fromiter(map(len, dicts), np.int64, len(dicts))[:, None]
    places, values = np.full(there.shape, -1, dtype=np.int64), np.full(there.shape, np.nan)
    places[there] = [names.get(name, -1) for each in dicts for name in each]
    values[there] = [np.nan if value is None else value for each in dicts for value in each.values()]
    values[places < 0] = np.nan
    order = np.argsort(-values, axis=1, kind="stable")[:, :TOP_SCORES]  # nan comes last
    places, values = np.take_along_axis(places, order, axis=1), np.take_along_axis(values, order, axis=1)
    places[np.isnan(values)] = -1
    ranked[where[known]], scores[where[known]] = places[known], values[known]
    return ranked, scores


def _places(examples: NDArray[np.int64], numbers: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where these numbers, in order, stand among the examples, and which do: a row may have records of others."""
    wanted = np.asarray(numbers, dtype=np.int64)
    if not len(examples):
        return np.zeros_like(wanted), np.zeros(len(wanted), dtype=np.bool_)
    where = np.searchsorted(examples, wanted).clip(max=len(examples) - 1)
    return where, examples[where] == wanted


def confidences(sheet: Sheet, ranked: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of each example's prediction, by what is `best_scored`; nan where there is none.

    That is the score of what was predicted, which under a threshold need not be the highest.
    """
    said = (ranked == sheet.predictions[:, None]) & (ranked >= 0)
    return np.where(said.any(axis=1), np.where(said, scores, 0.0).sum(axis=1), np.nan)


def files(database: Database, row: int) -> list[tuple[str, str | None]]:
    """Id and path of each example in the order of a row's sheet; None where an image has no file of its own."""
    found = database.execute(
        "SELECT e.id, e.path FROM rows w JOIN selected s ON s.selection = w.selection "
        "JOIN examples e ON e.number = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    )
    return [(id, os.fsdecode(path) if path else None) for id, path in found]


def pixels(database: Database, row: int) -> NDArray[np.float64]:
    """The number of pixels of each example's image, in the order of its sheet; nan where it is not readable."""
    found = database.execute(
        "SELECT e.width * e.height FROM rows w JOIN selected s ON s.selection = w.selection "
        "JOIN examples e ON e.number = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    )
    return np.fromiter((np.nan if count is None else count for (count,) in found), dtype=np.float64)


def conclusions(database: Database, row: int, sheet: Sheet) -> Iterator[tuple[int, str | None, Mapping[str, Any]]]:
    """Of each answered example its place on the sheet, the outcome, and the details kept of it."""
    answered = sheet.answered.nonzero()[0]
    examples = sheet.examples[answered]
    of = "AND example IN (SELECT value FROM json_each(?))" if len(answered) < len(sheet.examples) else "AND ? != ''"
    found = database.execute(
        f"SELECT example, outcome, details FROM records WHERE row = ? {of} ORDER BY example",
        row,
        json.dumps(examples.tolist()),
    )
    places = dict(zip(examples.tolist(), answered.tolist(), strict=True))
    for example, outcome, details in found:
        if example in places:
            yield places[example], outcome, json.loads(details) if details else {}


def unread(database: Database, row: int, classes: tuple[str, ...]) -> list[tuple[str | None, int]]:
    """The outcomes of the answers that named none of the classes, and how often each occurs."""
    named = "prediction IN (SELECT value FROM json_each(?))"
    return database.execute(
        "SELECT outcome, count(*) FROM rows w JOIN selected s ON s.selection = w.selection "
        "JOIN records r ON r.row = w.number AND r.example = s.example "
        f"WHERE w.number = ? AND {OF_ANSWERS} AND (prediction IS NULL OR NOT {named}) GROUP BY 1",
        row,
        json.dumps(classes),
    ).fetchall()
