"""Images and labels in the columns of an Arrow table, in the Hugging Face layout or a plainer one.

An image is a struct of `bytes` and `path`, or plain bytes; a label is a whole number or a text.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from snellen.errors import WrongUse
from snellen.images import Image
from snellen.labels import readable
from snellen.naming import is_printable, printable
from snellen.stored_labels import Label, as_written, check_names, name_labels, read_class_list, read_label
from snellen.tables import find_column
from snellen.types import Classes, Example

_FIRST = 10  # images that are looked at before anything else


class Choices(Protocol):
    """The options that every table of images has."""

    @property
    def image_column(self) -> str | None: ...
    @property
    def label_column(self) -> str | None: ...
    @property
    def id_column(self) -> str | None: ...
    @property
    def class_list(self) -> tuple[str, ...] | str | None: ...
    @property
    def background(self) -> str | None: ...
    @property
    def class_names(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows as Arrow columns, the first of them number `first` of its file, from 0.

    `file` names the file in ids, `owner` in errors; images that are only named by a path lie in `folder`.
    """

    file: str
    owner: str
    folder: Path
    first: int
    rows: Any

    def values(self, column: str) -> Iterator[Any]:
        """The values of a column as Python's, one at a time."""
        return (value.as_py() for value in self.rows.column(column))

    def where(self, offset: int) -> str:
        return f"{self.owner}, row {self.first + offset}"


class Batches(Protocol):
    """A table that is read in batches, anew each time; the column `image.path` is a field of the struct `image`."""

    def read(self, columns: Sequence[str]) -> Iterator[Batch]: ...


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that count, the fields of the image's struct, and the names of its labels' numbers."""

    image: str
    label: str
    id: str | None
    fields: tuple[str, ...]  # none: the image is plain bytes
    names: tuple[str, ...]


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
                image = _image(value, batch.folder, where)
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


def find_columns(kinds: Any, features: Mapping[str, Any], options: Choices, owner: str) -> Columns:
    """The columns that count in an Arrow schema with the features that Hugging Face libraries describe it by.

    Raises WrongUse: not there, several that could be it, of a type that cannot hold images, labels or ids.
    """
    import pyarrow.types as types

    repeated = next((name for name, times in Counter(kinds.names).items() if times > 1), None)
    if repeated is not None:
        raise WrongUse(f"{owner}: two columns have the name {repeated!r}")
    fields = {column: _image_fields(kinds.field(column).type) for column in kinds.names}
    image = _find_image(fields, features, options.image_column, owner)
    held = fields[image]
    if held is None:
        raise WrongUse(
            f"{owner}: the column {image!r} is {kinds.field(image).type}; expected images as a struct of bytes and "
            "path, or as plain bytes (paths alone stand in a table for the data set 'manifest')"
        )
    declared = [column for column in kinds.names if _feature(features, column).get("_type") == "ClassLabel"]
    given = declared[0] if options.label_column is None and len(declared) == 1 else options.label_column
    label = find_column("label", given, kinds.names if given else declared or kinds.names, owner)
    for kind, column in (("label", label), ("id", options.id_column)):
        if column is None:
            continue
        found = kinds.field(find_column(kind, column, kinds.names, owner)).type
        found = found.value_type if types.is_dictionary(found) else found
        if not (types.is_integer(found) or _is_text(found)):
            raise WrongUse(f"{owner}: the column {column!r} is {found}; expected whole numbers or texts as {kind}")
    return Columns(image, label, options.id_column, held, _names(_feature(features, label), owner))


def _feature(features: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    feature = features.get(column)
    return feature if isinstance(feature, Mapping) else {}


def _names(feature: Mapping[str, Any], owner: str) -> tuple[str, ...]:
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    if isinstance(names, Mapping):  # as data cards have it: {"0": "cat", "1": "dog"}
        names = list(names.values())
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WrongUse(f"{owner}: its ClassLabel has no list of names but {printable(repr(names))[:80]}")
    return tuple(names)


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _image_fields(kind: Any) -> tuple[str, ...] | None:
    """The fields of a struct that is an image, none for plain bytes; None for what is no image."""
    import pyarrow.types as types

    if _is_binary(kind):
        return ()
    if not types.is_struct(kind):
        return None
    held = {field.name: field.type for field in kind}
    fitting = [name for name, fits in (("bytes", _is_binary), ("path", _is_text)) if name in held and fits(held[name])]
    return tuple(fitting) or None


def _find_image(
    fields: Mapping[str, tuple[str, ...] | None], features: Mapping[str, Any], given: str | None, owner: str
) -> str:
    if given is not None:
        return find_column("image", given, fields, owner)
    for fitting in (
        [column for column in fields if _feature(features, column).get("_type") == "Image"],
        [column for column, held in fields.items() if held],
        [column for column, held in fields.items() if held is not None],
    ):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            if "image" in fitting:
                return "image"
            raise WrongUse(f"{owner}: which column is the image, {' or '.join(fitting)}? Say it by image_column=NAME")
    raise WrongUse(
        f"{owner}: expected a column of images, a struct of bytes and path or plain bytes; it has {', '.join(fields)}"
    )


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
    """A path as an id: below the folder where it is absolute and lies there."""
    whole = Path(path)
    return whole.relative_to(batch.folder).as_posix() if whole.is_relative_to(batch.folder) else path


def _image(value: Any, folder: Path, where: str) -> Image:
    """The image of a cell. Raises WrongUse where there is none, or its path leads out of the folder."""
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
        whole = (folder / path).resolve()
        inside = whole.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # such as a zero byte or a link to itself
        inside = False
    if not inside:
        raise WrongUse(
            f"{where}: has no bytes but a path that leads out of {printable(str(folder))}, {shown}; such a file is not "
            "read: write the table again with the images in it"
        )
    return Image(folder / path)
