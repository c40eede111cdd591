"""`predictions/./mine.csv`: predictions made elsewhere, as a table of images and the classes predicted for them."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.engines.predictions.entries import read_entries, scores
from snellen.engines.predictions.places import Places
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Answer, Failure, Question, Recognise

__all__ = ["ANSWERS", "Options", "Predictions", "identity", "load", "vocabulary"]

ANSWERS: frozenset[type] = frozenset({Recognise})
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Options:
    """Columns are found by their usual names, `image` (path, sha256 …) and `prediction` (label …), unless given.

    `root`: the folder that the images' paths are relative to. Without it they may be relative to the table's folder,
    or be the end of a path, such as `cat/001.jpg`.
    """

    image_column: str | None = None
    prediction_column: str | None = None
    root: str | None = None


class Predictions:
    """Looks up what the table says of each image; an image that it does not name is a failure."""

    def __init__(self, places: Places, vocabulary: tuple[str, ...]) -> None:
        self._places = places
        self._vocabulary = vocabulary
        self._waiting: deque[tuple[int, Image]] = deque()

    def room(self) -> int:
        return _AT_ONCE - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if image is None or not isinstance(question, Recognise):
            raise ValueError(f"a table of predictions answers Recognise about an image, not {question}")
        self._waiting.append((ticket, image))

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
        return [(ticket, self._answer(image)) for ticket, image in some]

    def _answer(self, image: Image) -> Answer | Failure:
        entry = self._places.find(image)
        if isinstance(entry, Failure):
            return entry
        if entry.label is None:
            return Failure(f"{self._places.table}, line {entry.line}: the prediction for {entry.image} is empty")
        return scores(entry, self._vocabulary)

    def release(self, image: Image) -> None:
        pass

    def facts(self) -> Mapping[str, Any]:
        return {"timed": False}  # reading a table says nothing of the speed of the model that made it

    def close(self) -> None:
        self._waiting.clear()


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise WrongUse(f"predictions/{name}: there is no file {path}")
    return path


def identity(name: str, options: Options) -> dict[str, Any]:
    """The sha-256 of the table. Raises WrongUse where there is none."""
    with _file(name).open("rb") as file:
        return {"predictions": hashlib.file_digest(file, "sha256").hexdigest()}


def vocabulary(name: str, options: Options) -> tuple[str, ...]:
    """Every class that the table names. Raises WrongUse as `load` does."""
    return read_entries(_file(name), options.image_column, options.prediction_column)[1]


def load(name: str, options: Options) -> Predictions:
    """The predictions in the table `name`. Raises WrongUse: no table, unclear columns, lines that contradict."""
    path = _file(name)
    entries, vocabulary = read_entries(path, options.image_column, options.prediction_column)
    return Predictions(Places(path, entries, options.root), vocabulary)
