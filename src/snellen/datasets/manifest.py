"""`manifest`: a table of image paths and labels, as CSV, TSV or JSON Lines.

Paths are relative to the table's folder, or to the option `root`, and may not lead out of it.
"""

from __future__ import annotations

import hashlib
import itertools
import os.path
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from snellen.errors import WrongUse, nearest
from snellen.image_files import located
from snellen.images import Image
from snellen.naming import find_background, printable, read_renames, rename, slug
from snellen.stored_labels import read_class_list
from snellen.tables import Row, Table, find_column
from snellen.types import Classes, Example

_TELLS_NOTHING = frozenset({"annotations", "data", "index", "labels", "manifest", "metadata"})


@dataclass(frozen=True, slots=True)
class Options:
    """Columns are found by their usual names, `image` (filename, path …) and `label` (class, category …), unless given.

    `id_column`: names the examples; by default the path as written does. `root`: the folder that holds the images;
    by default the table's. `class_list`: the class names, a list or a text file with one a line; by default the labels
    found, sorted. `background`: the label for "none of the others"; by default one called background or clutter; an
    empty text for none. `class_names`: a file of new class names, `name,class_name` or a mapping of old to new.
    """

    image_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    root: str | None = None
    class_list: tuple[str, ...] | str | None = None
    background: str | None = None
    class_names: str | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    row: Row
    id: str
    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of a table are to be understood."""

    table: Table
    root: Path
    image_column: str
    label_column: str
    id_column: str | None

    def __iter__(self) -> Iterator[_Entry]:
        for row in self.table:
            path = row.text(self.image_column)
            name = path if self.id_column is None else row.text(self.id_column)
            yield _Entry(row, name, self._below_root(path, row), row.text(self.label_column))

    def _below_root(self, path: str, row: Row) -> Path:
        if "://" in path:
            raise WrongUse(f"{row.where}: {path} is a web address; download the images first")
        whole = Path(os.path.normpath(self.root / path))
        if whole == self.root or not (whole.is_relative_to(self.root) or whole.is_relative_to(self.root.resolve())):
            raise WrongUse(
                f"{row.where}: {path} is not below {self.root}; give the folder that holds all images as root=FOLDER"
            )
        return whole


@dataclass(frozen=True)
class Manifest:
    """The images that a table lists, in its order; it holds class names, never the rows."""

    reading: _Reading
    name: str
    classes: Classes
    labels: dict[str, str]  # label as written to class name
    count: int
    warnings: list[str]

    @property
    def source(self) -> str:
        return "manifest:" + printable(str(self.reading.table.path))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Example]:
        for entry in self.reading:
            if entry.label not in self.labels:
                raise WrongUse(f"{self.reading.table.path} changed while it was in use; run again")
            yield Example(entry.id, Image(entry.path), self.labels[entry.label])


def load(name: str, options: Options) -> Manifest:
    """The data set that the table file `name` lists. Raises WrongUse where it is not a table of images and labels."""
    path = located(name, "a table of images and labels")
    if not path.is_file():
        raise WrongUse(f"expected a table of images and labels, but {name} is no file; 'folder' reads class folders")
    reading = _reading(path, name, options)
    declared = read_class_list(options.class_list)
    found, count = _survey(reading, declared)
    labels = declared or sorted(found)
    if len(labels) < 2:
        raise WrongUse(f"{path}: expected at least two classes, found only {labels[0]!r}")
    background = find_background(labels, options.background, str(path))
    names = rename({label: label for label in labels}, read_renames(options.class_names), str(path))
    missing = [label for label in labels if label not in found]
    warnings = [f"{path}: no image has the label {', '.join(missing)}"] if missing else []
    classes = Classes(tuple(names.values()), None if background is None else names[background])
    stem = path.parent.name if path.stem.lower() in _TELLS_NOTHING else path.stem
    return Manifest(reading, slug(stem), classes, names, count, warnings)


def _reading(path: Path, name: str, options: Options) -> _Reading:
    """Finds the columns and the root, and checks that the first images are there."""
    table = Table(path)
    first = next(iter(table), None)
    if first is None:
        raise WrongUse(f"{path}: expected a row for each image, found none")
    if options.root is not None and not located(options.root, "the folder of the images as root").is_dir():
        raise WrongUse(f"expected the folder of the images as root, but {options.root} is a file")
    root = Path(name).parent if options.root is None else Path(options.root)
    reading = _Reading(
        table,
        Path(os.path.abspath(root.expanduser())),  # noqa: PTH100 (links stay, so that absolute paths by them fit)
        find_column("image", options.image_column, first.cells, str(path)),
        find_column("label", options.label_column, first.cells, str(path)),
        None if options.id_column is None else find_column("id", options.id_column, first.cells, str(path)),
    )
    some = list(itertools.islice(reading, 10))
    if not any(entry.path.exists() for entry in some):
        raise WrongUse(
            f"{path}: the first images are not there, such as {some[0].path}; paths are taken from {reading.root}, "
            "give another folder as root=FOLDER"
        )
    return reading


def _survey(reading: _Reading, declared: list[str]) -> tuple[set[str], int]:
    """The labels found and the number of rows; 16 bytes a row tell repeated ids."""
    known = set(declared)
    found: set[str] = set()
    seen: set[bytes] = set()
    count = 0
    for entry in reading:
        count += 1
        if declared and entry.label not in known:
            raise WrongUse(f"{entry.row.where}: {entry.label!r} is none of the classes{nearest(entry.label, known)}")
        found.add(entry.label)
        digest = hashlib.blake2b(entry.id.encode(), digest_size=16).digest()
        if digest in seen:
            first = next(other.row.line for other in reading if other.id == entry.id)
            raise WrongUse(
                f"{entry.row.where}: {entry.id!r} stands on line {first} already; "
                "each image is listed once, unless another column is given as id_column=NAME"
            )
        seen.add(digest)
    return found, count
