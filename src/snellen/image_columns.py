"""The columns of an Arrow table that hold images, labels and ids: found by features, types and usual names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from snellen.errors import WrongUse
from snellen.naming import printable
from snellen.tables import find_column


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
class Columns:
    """The columns of a table that count, the fields of the image's struct, and the names of its labels' numbers."""

    image: str
    label: str
    id: str | None
    fields: tuple[str, ...]  # none: the image is plain bytes
    names: tuple[str, ...]


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
        names = _in_order(names)
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WrongUse(f"{owner}: its ClassLabel has no list of names but {printable(repr(names))[:80]}")
    return tuple(names)


def _in_order(names: Mapping[Any, Any]) -> list[Any] | Mapping[Any, Any]:
    """The names by their numbers, whatever their order in the file (sorted as texts, 10 stands before 2).

    As they are where they do not count from 0 without a gap.
    """
    named = {str(number): name for number, name in names.items()}
    numbers = [str(number) for number in range(len(names))]
    return [named[number] for number in numbers] if set(named) == set(numbers) else names


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
