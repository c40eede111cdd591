"""Reads a table file row by row: CSV, TSV or JSON Lines, with line numbers in its errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from snellen.errors import WrongUse, nearest
from snellen.naming import is_printable, printable

_DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_USUAL = {  # the names looked for first, and those looked for next
    "image": (("image",), ("image_path", "filename", "file_name", "filepath", "file", "path")),
    "label": (("label",), ("class", "class_name", "category", "target")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: a cell is found by the name of its column, `where` begins an error about it."""

    where: str
    line: int  # from 1; the last one of a row over several lines
    cells: Mapping[str, Any]

    def text(self, column: str) -> str:
        """A cell's text, stripped; whole numbers count as text. Raises WrongUse: no such cell, empty, not a text."""
        if column not in self.cells:
            raise WrongUse(f"{self.where}: has no {column!r}{nearest(column, self.cells)}")
        value = self.cells[column]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise WrongUse(f"{self.where}: expected text as {column!r}, got {value!r}")
        text = str(value).strip()
        if not text:
            raise WrongUse(f"{self.where}: {column!r} is empty")
        if not is_printable(text):
            raise WrongUse(f"{self.where}: {column!r} holds control characters: {printable(text)}")
        return text


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is read anew by each iteration and never held."""

    path: Path

    def __iter__(self) -> Iterator[Row]:
        """All rows but blank ones. Raises WrongUse: no file, not UTF-8, a broken line."""
        kind = self.path.suffix.lower()
        if kind not in _DELIMITED and kind not in _JSON_LINES:
            raise WrongUse(f"{self.path}: expected a file named .csv, .tsv or .jsonl")
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._json_lines(file) if kind in _JSON_LINES else self._delimited(file, _DELIMITED[kind])
        except OSError as error:
            raise WrongUse(f"cannot read {self.path}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise WrongUse(f"{self.path} is not UTF-8 text; save it as UTF-8") from None

    def _delimited(self, file: TextIO, delimiter: str) -> Iterator[Row]:
        first = file.readline()
        file.seek(0)
        if delimiter not in first:  # spreadsheets write a semicolon where the comma is the decimal sign
            delimiter = next((other for other in ";\t" if other in first), delimiter)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            repeated = next((name for name in header if header.count(name) > 1), None)
            if repeated is not None:
                raise WrongUse(f"{self.path}: two columns have the name {repeated!r}")
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise WrongUse(
                        f"{self._where(reader.line_num)}: {len(cells)} cells where the header has {len(header)}; "
                        f"a cell with {delimiter!r} in it stands in double quotes"
                    )
                yield Row(self._where(reader.line_num), reader.line_num, dict(zip(header, cells, strict=True)))
        except csv.Error as error:
            raise WrongUse(f"{self._where(reader.line_num)}: not readable as a table: {error}") from None

    def _json_lines(self, file: TextIO) -> Iterator[Row]:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                cells = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise WrongUse(f"{self._where(number)}: not readable as JSON: {error}") from None
            if not isinstance(cells, dict):
                raise WrongUse(f'{self._where(number)}: expected an object such as {{"image": …, "label": …}}')
            yield Row(self._where(number), number, cells)

    def _where(self, line: int) -> str:
        return f"{self.path}, line {line}"


def find_column(kind: str, given: str | None, columns: Iterable[str], owner: str) -> str:
    """The column that holds the image, label or id: the `given` one, else the one with a usual name.

    Raises WrongUse: no such column, none, or several that could be it.
    """
    names = list(columns)
    if given is not None:
        if given not in names:
            raise WrongUse(f"{owner} has no column {given!r}{nearest(given, names)}")
        return given
    for usual in _USUAL[kind]:
        fitting = [column for column in names if column.strip().lower() in usual]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise WrongUse(f"{owner}: which column is the {kind}, {' or '.join(fitting)}? Say it by {kind}_column=NAME")
    raise WrongUse(
        f"{owner}: expected a column {kind!r} but it has {', '.join(names)}; say which it is by {kind}_column=NAME"
    )
