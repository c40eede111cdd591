"""Reads a table of predictions: which image, which class, how sure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.errors import WrongUse, nearest
from snellen.tables import Row, Table
from snellen.types import Scores

# in the order of preference; content is surer than a path, and `label` may be the truth where there is a prediction
_IMAGE = ("sha256", "image", "path", "image_path", "filename", "file_name", "file", "id", "example")
_PREDICTION = ("prediction", "predicted", "label", "class")
_CONFIDENCE = ("confidence", "score", "probability")
_SCORES = ("scores", "probabilities")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A line: its predicted label, None where that is empty, and the scores given for some classes, float32."""

    line: int
    image: str
    label: str | None
    names: tuple[str, ...] = ()
    values: npt.NDArray[np.float32] | None = None

    def agrees(self, other: Entry) -> bool:
        """Whether two lines say the same."""
        return (self.label, self.names) == (other.label, other.names) and np.array_equal(
            [] if self.values is None else self.values, [] if other.values is None else other.values
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by their use; `classes` are those that hold one class's score each."""

    image: str
    prediction: str | None
    confidence: str | None
    scores: str | None
    classes: tuple[str, ...]


def read_entries(path: Path, image: str | None, prediction: str | None) -> tuple[list[Entry], tuple[str, ...]]:
    """All lines, and the vocabulary: every label and every class with a score, sorted.

    Raises WrongUse: not a table, unclear columns, scores that are no probabilities or that contradict the prediction.
    """
    table = Table(path)
    columns = _columns(table, image, prediction)
    entries = [_entry(row, columns) for row in table]
    vocabulary = {name for names in {entry.names for entry in entries} for name in names}
    return entries, tuple(sorted(vocabulary))


def scores(entry: Entry, vocabulary: Sequence[str]) -> Scores:
    """The entry's scores over the vocabulary, 0 for what it does not tell; its label is the best of them."""
    given = dict(zip(entry.names, () if entry.values is None else entry.values.tolist(), strict=True))
    answer = Scores(tuple(vocabulary), tuple(given.get(name, 0.0) for name in vocabulary))
    if entry.label is None or answer.best == entry.label:
        return answer
    choices = (entry.label, *(name for name in vocabulary if name != entry.label))  # the first of equals is the best
    return Scores(choices, tuple(given.get(name, 0.0) for name in choices))


def _columns(table: Table, image: str | None, prediction: str | None) -> Columns:
    first = next(iter(table), None)
    if first is None:
        raise WrongUse(f"{table.path}: expected a row for each prediction, found none")
    image = _column(table.path, "image", image, _IMAGE, first)
    if image is None:
        raise WrongUse(
            f"{table.path}: expected a column 'image', 'path' or 'sha256', found {', '.join(first.cells)}; "
            "say which it is by image_column=NAME"
        )
    prediction = _column(table.path, "prediction", prediction, _PREDICTION, first)
    confidence = _column(table.path, "confidence", None, _CONFIDENCE, first)
    whole = _column(table.path, "scores", None, _SCORES, first)
    whole = whole if isinstance(first.cells.get(whole or ""), dict) else None
    known = {image, prediction, confidence, whole, *_matching(_IMAGE, first), *_matching(_PREDICTION, first)}
    numbers = tuple(name for name in first.cells if name not in known and _number(first.cells[name]) is not None)
    if whole is not None:
        numbers = ()
    elif prediction is not None:  # they are scores where all that was predicted is among them
        labels = {str(row.cells.get(prediction) or "").strip() for row in table} - {""}
        numbers = numbers if labels and labels <= set(numbers) else ()
    if prediction is None and whole is None and len(numbers) < 2:
        raise WrongUse(
            f"{table.path}: expected a column 'prediction', or one with the scores of each class, "
            f"found {', '.join(first.cells)}; say which it is by prediction_column=NAME"
        )
    return Columns(image, prediction, confidence, whole, numbers)


def _matching(usual: Iterable[str], row: Row) -> list[str]:
    """The row's columns that have one of the usual names, in the order of those."""
    return [column for name in usual for column in row.cells if column.strip().lower() == name]


def _column(path: Path, kind: str, given: str | None, usual: Sequence[str], row: Row) -> str | None:
    if given is None:
        return next(iter(_matching(usual, row)), None)
    if given not in row.cells:
        raise WrongUse(f"{path} has no column {given!r} for the {kind}{nearest(given, row.cells)}")
    return given


def _entry(row: Row, columns: Columns) -> Entry:
    image = row.text(columns.image)
    label = None
    if columns.prediction is not None and row.cells.get(columns.prediction) not in (None, ""):
        label = row.text(columns.prediction) if str(row.cells[columns.prediction]).strip() else None
    given = _given(row, columns)
    if given:
        return _scored(row, image, label, given, columns.prediction is None)
    if label is None:
        return Entry(row.line, image, None)
    sure = 1.0
    if columns.confidence is not None and row.cells.get(columns.confidence) not in (None, ""):
        sure = _probability(row, columns.confidence, row.cells[columns.confidence])
        if sure == 0:
            raise WrongUse(f"{row.where}: expected a {columns.confidence!r} above 0 for the class that is predicted")
    return Entry(row.line, image, label, (label,), np.asarray([sure], np.float32))


def _given(row: Row, columns: Columns) -> Mapping[str, Any]:
    """The scores that a line gives, as they are written."""
    if columns.scores is None:
        return {name: row.cells[name] for name in columns.classes if name in row.cells}
    found = row.cells.get(columns.scores)
    if found is not None and not isinstance(found, dict):
        raise WrongUse(f"{row.where}: expected {columns.scores!r} to be an object of classes and scores, got {found!r}")
    return found or {}


def _scored(row: Row, image: str, label: str | None, given: Mapping[str, Any], choose: bool) -> Entry:
    """An entry with scores. Raises WrongUse where they are none or another class has the highest."""
    values = np.asarray([_probability(row, name, value) for name, value in given.items()], np.float32)
    names = tuple(name.strip() for name in given)
    best = names[int(values.argmax())]
    if choose and values.max() > 0:
        label = best
    if label is not None and not values.any():
        raise WrongUse(f"{row.where}: the prediction is {label!r}, but all its scores are 0")
    if label is not None and (label not in names or values[names.index(label)] < values.max()):
        raise WrongUse(f"{row.where}: the prediction is {label!r}, but the highest score is that of {best!r}")
    return Entry(row.line, image, label, names, values)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _probability(row: Row, name: str, value: Any) -> float:
    number = _number(value)
    if number is None or not 0 <= number <= 1:
        raise WrongUse(f"{row.where}: expected a probability, 0 to 1, as {name!r}, got {value!r}")
    return number
