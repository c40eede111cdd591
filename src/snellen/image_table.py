"""Images and labels in the columns of an Arrow table, in the Hugging Face layout or a plainer one.

An image is a struct of `bytes` and `path`, or plain bytes; a label is a whole number or a text.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from snellen.errors import WrongUse
from snellen.image_columns import Choices, Columns
from snellen.images import Image
from snellen.labels import readable
from snellen.naming import is_printable, printable
from snellen.stored_labels import Label, as_written, check_names, name_labels, read_class_list, read_label
from snellen.types import Classes, Example

_FIRST = 10  # images that are looked at before anything else


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows as Arrow columns, the first of them number `first` of its file, from 0.

    `file` names the file in ids, `owner` in errors. Images that are only named by a path lie in one of the `folders`,
    in the first where the path is a relative one.
    """

    file: str
    owner: str
    folders: tuple[Path, ...]
    first: int
    rows: Any

    def values(self, column: str) -> Iterator[Any]:
        """The values of a column as Python's, one at a time. Raises WrongUse for a damaged one."""
        for offset, value in enumerate(self.rows.column(column)):
            try:
                found = value.as_py()
            except ValueError as error:  # such as a text that is not UTF-8
                raise WrongUse(f"{self.where(offset)}: {column!r} is damaged: {error}") from None
            yield found

    def where(self, offset: int) -> str:
        return f"{self.owner}, row {self.first + offset}"


class Batches(Protocol):
    """A table that is read in batches, anew each time; the column `image.path` is a field of the struct `image`."""

    def read(self, columns: Sequence[str]) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class ImageTable:
    """A data set over a table; it holds class names, never the rows.

    Examples are named by `columns.id`, else by the path of each image (`by_path`), else by file and row.
    """

    batches: Batches
    columns: Columns
    by_path: bool
    name: str
    source: str
    classes: Classes
    labels: Mapping[Label, str]  # as stored, to class names
    count: int
    warnings: list[str]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Example]:
        columns = self.columns
        for batch in self.batches.read([*dict.fromkeys(filter(None, (columns.image, columns.label, columns.id)))]):
            ids = itertools.repeat(None) if columns.id is None else batch.values(columns.id)
            rows = zip(batch.values(columns.image), batch.values(columns.label), ids, strict=False)
            for offset, (value, label, given) in enumerate(rows):
                where = batch.where(offset)
                image = _image(value, batch.folders, where)
                if columns.id is not None:
                    name = _text(given, where)
                else:
                    name = _path(value["path"], batch) if self.by_path else f"{batch.file}:{batch.first + offset}"
                stored = read_label(label, where)
                if stored not in self.labels:
                    raise WrongUse(f"{batch.owner} changed while it was in use; run again")
                yield Example(name, image, self.labels[stored])


def load_table(
    batches: Batches, columns: Columns, count: int, options: Choices, owner: str, name: str, source: str
) -> ImageTable:
    """The data set over a table of `count` rows. Raises WrongUse: no rows, a label or id that will not do."""
    if not count:
        raise WrongUse(f"{owner}: expected a row for each image, found none")
    listed = read_class_list(options.class_list)
    if listed and columns.names and len(listed) != len(columns.names):
        raise WrongUse(f"{owner} has {len(columns.names)} classes, but class_list has {len(listed)} names for them")
    if columns.names and not listed:
        check_names(columns.names, f"{owner}, the class names of {columns.label!r}")
    found, by_path = _survey(batches, columns)
    # names of a ClassLabel were often names of folders, and are made readable as these are
    names = as_written(listed) if listed else {name: readable(name) for name in columns.names}
    classes, labels, warnings = name_labels(found, names, options.background, options.class_names, owner)
    table = ImageTable(batches, columns, by_path, name, source, classes, labels, count, warnings)
    paths = [example.image.path for example in itertools.islice(table, _FIRST)]
    if all(path is not None and not path.exists() for path in paths):
        raise WrongUse(
            f"{owner}: its images are no bytes but paths, and the first are not there, such as {paths[0]}; put the "
            "files where the paths lead, or write the table again with the images in it"
        )
    return table


def _survey(batches: Batches, columns: Columns) -> tuple[dict[Label, str], bool]:
    """Where each label stands first, and whether the images' paths name them; no image is read.

    16 bytes a row tell repeated ids. Raises WrongUse where a label or an id of `columns.id` will not do.
    """
    by_path = columns.id is None and "path" in columns.fields
    path = f"{columns.image}.path"
    key = columns.id or (path if by_path else None)
    found: dict[Label, str] = {}
    seen: set[bytes] = set()
    for batch in batches.read([*dict.fromkeys(filter(None, (columns.label, key)))]):
        for offset, value in enumerate(batch.values(columns.label)):
            found.setdefault(read_label(value, batch.where(offset)), batch.where(offset))
        if columns.id is not None:
            for offset, value in enumerate(batch.values(columns.id)):
                if not _is_new(name := _text(value, batch.where(offset)), seen):
                    raise WrongUse(f"{batch.where(offset)}: the id {name!r} is given twice; take another id_column")
        elif by_path:
            values = (value and value["path"] for value in batch.values(columns.image))
            by_path = all(value and is_printable(value) and _is_new(_path(value, batch), seen) for value in values)
    return found, by_path


def _is_new(text: str, seen: set[bytes]) -> bool:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    known = digest in seen
    seen.add(digest)
    return not known


def _text(value: Any, where: str) -> str:
    if value is None or not str(value).strip():
        raise WrongUse(f"{where}: has no id; take another id_column")
    return printable(str(value).strip())


def _path(path: str, batch: Batch) -> str:
    """A path as an id: without the folder where it is absolute and lies in one."""
    whole = Path(path)
    inside = next((folder for folder in batch.folders if whole.is_relative_to(folder)), None)
    return path if inside is None else whole.relative_to(inside).as_posix()


def _image(value: Any, folders: tuple[Path, ...], where: str) -> Image:
    """The image of a cell. Raises WrongUse where there is none, or its path leads out of the folders."""
    data = value.get("bytes") if isinstance(value, dict) else value
    if data is not None:
        return Image(data=data)
    path = value.get("path") if isinstance(value, dict) else None
    if not path:
        raise WrongUse(f"{where}: has no image; leave the row out")
    shown = printable(path)
    if "://" in path:
        raise WrongUse(f"{where}: the image {shown} is a web address; download the images first")
    try:
        whole = (folders[0] / path).resolve()
        inside = any(whole.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, ValueError, RuntimeError):  # such as a zero byte or a link to itself
        inside = False
    if not inside:
        raise WrongUse(
            f"{where}: has no bytes but a path that leads out of {printable(str(folders[0]))}, {shown}; such a file is "
            "not read: write the table again with the images in it"
        )
    return Image(folders[0] / path)
