"""What a row predicted, as arrays: what statistics are computed from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.database import Database
from snellen.store import TOP_SCORES
from snellen.types import State

NO_ANSWER = -1


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


def sheet_of(database: Database, row: int, spec: Mapping[str, Any]) -> Sheet:
    """The answer sheet of a row with this spec."""
    names = tuple(spec["classes"]["names"])
    places = {name: place for place, name in enumerate(names)}
    found = database.execute(
        "SELECT s.example, e.digest, s.label, r.state, r.prediction FROM rows w "
        "JOIN selected s ON s.selection = w.selection JOIN examples e ON e.number = s.example "
        "LEFT JOIN records r ON r.row = w.number AND r.example = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    ).fetchall()
    answered = (State.ANSWERED, State.UNPARSED)
    return Sheet(
        names,
        spec["classes"]["background"],
        np.fromiter((example for example, *_ in found), dtype=np.int64, count=len(found)),
        tuple(digest for _, digest, *_ in found),
        np.fromiter((places[label] for _, _, label, *_ in found), dtype=np.int32, count=len(found)),
        np.fromiter(
            (places.get(prediction, len(names)) if state in answered else NO_ANSWER for *_, state, prediction in found),
            dtype=np.int32,
            count=len(found),
        ),
    )


def confidences(database: Database, row: int) -> NDArray[np.float64]:
    """The score of each example's prediction, in the order of its sheet; nan where there are no scores.

    That is the score of what was predicted, which under a threshold need not be the highest.
    """
    found = database.execute(
        "SELECT (SELECT value FROM json_each(nullif(r.scores, '')) WHERE key = r.prediction) FROM rows w "
        "JOIN selected s ON s.selection = w.selection "
        "LEFT JOIN records r ON r.row = w.number AND r.example = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    )
    values = (np.nan if value is None else float(value) for (value,) in found)
    return np.fromiter(values, dtype=np.float64)


def best_scored(
    database: Database, row: int, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The classes that each example's record has scores of, as places, and these, both (n, 5), the best first.

    In the order of the row's sheet; -1 and nan where there are fewer.
    """
    found = database.execute(
        "SELECT r.scores FROM rows w JOIN selected s ON s.selection = w.selection "
        "LEFT JOIN records r ON r.row = w.number AND r.example = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    ).fetchall()
    places = {name: place for place, name in enumerate(classes)}
    ranked = np.full((len(found), TOP_SCORES), -1, dtype=np.int64)
    scores = np.full((len(found), TOP_SCORES), np.nan)
    for number, (written,) in enumerate(found):
        known = {name: value for name, value in (json.loads(written) if written else {}).items() if name in places}
        for rank, (name, value) in enumerate(sorted(known.items(), key=lambda item: -item[1])[:TOP_SCORES]):
            ranked[number, rank], scores[number, rank] = places[name], value
    return ranked, scores


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


def conclusions(
    database: Database, row: int, wanted: NDArray[np.bool_] | None = None
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """The outcome of each example and the details kept of it, in the order of its sheet; None without an answer.

    The details are read of those that are `wanted` alone, where that is given.
    """
    found = database.execute(
        "SELECT r.outcome, r.details FROM rows w JOIN selected s ON s.selection = w.selection "
        "LEFT JOIN records r ON r.row = w.number AND r.example = s.example WHERE w.number = ? ORDER BY s.example",
        row,
    )
    if wanted is None:
        return ((outcome, json.loads(details) if details else {}) for outcome, details in found)
    return (
        (outcome, json.loads(details) if details and read else {})
        for (outcome, details), read in zip(found, wanted.tolist(), strict=True)
    )
