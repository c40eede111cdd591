"""`parquet`: a .parquet file or a folder of them, with images as bytes, as on the Hugging Face hub.

    snellen run -d pets.parquet -m …                    one file
    snellen run -d 'parquet/data/test-*.parquet' -m …   the shards of one split
    snellen run -d 'mine.parquet,label_column=kind,class_list=names.txt' -m …

An image is a struct of `bytes` and `path` or plain bytes. A path without bytes is taken from the file's folder, and may
not lead out of it. Class names come with the file (those of a ClassLabel are made readable as names of folders are:
`apple_pie` is apple pie), are the labels themselves, or are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from snellen.errors import Missing, SnellenError, WrongUse
from snellen.image_columns import Columns, find_columns
from snellen.image_table import Batch, ImageTable, load_table
from snellen.naming import printable
from snellen.shards import Shard, Shards, find_shards

_ROWS = 16  # of a batch: their images are in memory together
_BUFFER = 1 << 20  # bytes of a column that are read at once: a row group may be as large as the file


@dataclass(frozen=True, slots=True)
class Options:
    """Columns are found by type and by usual names (image; label, class …) unless given.

    `id_column`: names the examples; by default the path beside the bytes where each has its own, else file and row.
    `class_list`: the class names in the order of their numbers, a list or a text file with one a line. `background`:
    the label for "none of the others"; by default one called background or clutter; an empty text for none.
    `class_names`: a file of new class names, `name,class_name` or a mapping of old to new.
    """

    image_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    class_list: tuple[str, ...] | str | None = None
    background: str | None = None
    class_names: str | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """The shards as one table, read batch by batch."""

    shards: Shards

    def read(self, columns: Sequence[str]) -> Iterator[Batch]:
        for shard in self.shards:
            owner = printable(str(shard.path))
            with _opened(shard) as file:
                shard.check()
                first = 0
                for rows in file.iter_batches(batch_size=_ROWS, columns=list(columns), use_threads=False):
                    yield Batch(shard.name, owner, (shard.path.parent,), first, rows)
                    first += rows.num_rows
                shard.check()  # of a file that was cut meanwhile, the rest is missing without an error


def load(name: str, options: Options) -> ImageTable:
    """The data set in the file, the folder or the pattern `name`. Raises WrongUse, or Missing without pyarrow."""
    shards = find_shards(name, (".parquet",), "a .parquet file, a folder of them or a pattern")
    found: Columns | None = None
    count = 0
    for shard in shards:
        with _opened(shard) as file:
            schema = file.schema_arrow
            columns = find_columns(schema, _features(schema, shard), options, printable(str(shard.path)))
            count += file.metadata.num_rows
        if found is None:
            found = columns
        elif columns != found:
            _tell_difference(shards.files[0], found, shard, columns)
    assert found is not None
    return load_table(_Files(shards), found, count, options, shards.place, shards.name, f"parquet:{shards.place}")


@contextmanager
def _opened(shard: Shard) -> Iterator[Any]:
    """An open Parquet file; what goes wrong in reading it is told as what to do about it."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise Missing("the data set 'parquet' needs pyarrow: pip install 'snellen[data]'") from None
    shown = printable(str(shard.path))
    try:
        with ParquetFile(shard.path, buffer_size=_BUFFER, pre_buffer=False) as file:
            yield file
    except SnellenError:
        raise
    except Exception as error:  # whatever a decoder makes of a damaged file
        reason = " ".join(str(error).split())[:200]
        raise WrongUse(f"{shown} cannot be read as Parquet, it is cut, damaged or of another kind: {reason}") from None


def _features(schema: Any, shard: Shard) -> Mapping[str, Any]:
    """How Hugging Face libraries describe the columns; nothing where others wrote the file."""
    text = (schema.metadata or {}).get(b"huggingface")
    if text is None:
        return {}
    try:
        features = json.loads(text)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        features = None
    if not isinstance(features, dict):
        raise WrongUse(f"{printable(str(shard.path))}: its note 'huggingface' does not describe columns; write it anew")
    return features


def _tell_difference(first: Shard, expected: Columns, other: Shard, found: Columns) -> None:
    """Raises WrongUse with the first thing in which two shards of a data set differ."""
    told = {
        "image column": (expected.image, found.image),
        "label column": (expected.label, found.label),
        "kind of images": (expected.fields or "bytes", found.fields or "bytes"),
        "class names": (list(expected.names), list(found.names)),
    }
    what, (there, here) = next((what, pair) for what, pair in told.items() if pair[0] != pair[1])
    raise WrongUse(
        f"{printable(str(other.path))} and {first.name} differ in their {what}, {str(here)[:80]} and "
        f"{str(there)[:80]}; shards of one data set must be alike"
    )
