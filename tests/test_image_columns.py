"""Columns of an Arrow schema are found by features, types and usual names; test_parquet.py says what is refused."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from snellen.datasets.parquet import Options
from snellen.errors import WrongUse
from snellen.image_columns import Columns, find_columns

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
LABEL = {"_type": "ClassLabel", "names": ["cat", "dog"]}


@pytest.mark.parametrize(
    ("kinds", "features", "options", "expected"),
    [
        ({"a": STRUCT, "label": pa.int8()}, {}, {}, Columns("a", "label", None, ("bytes", "path"), ())),
        ({"a": STRUCT, "b": pa.uint16()}, {"b": LABEL}, {}, Columns("a", "b", None, ("bytes", "path"), ("cat", "dog"))),
        ({"a": STRUCT, "b": STRUCT, "label": pa.string()}, {"b": {"_type": "Image"}}, {},
         Columns("b", "label", None, ("bytes", "path"), ())),
        ({"a": STRUCT, "image": STRUCT, "class": pa.string()}, {}, {},
         Columns("image", "class", None, ("bytes", "path"), ())),
        ({"x": pa.binary(), "label": pa.int64(), "key": pa.int32()}, {}, {"id_column": "key"},
         Columns("x", "label", "key", (), ())),
        ({"x": pa.struct([("path", pa.string())]), "label": pa.int64(), "other": pa.int64()}, {"other": LABEL},
         {"label_column": "label"}, Columns("x", "label", None, ("path",), ())),
        ({"x": pa.struct([("bytes", pa.null()), ("path", pa.large_string())]), "label": pa.string_view()}, {}, {},
         Columns("x", "label", None, ("path",), ())),
    ],
)  # fmt: skip
def test_columns_are_found(kinds: dict[str, Any], features: Any, options: dict[str, str], expected: Columns) -> None:
    assert find_columns(pa.schema(kinds.items()), features, Options(**options), "here") == expected


def test_two_columns_of_one_name_are_told() -> None:
    with pytest.raises(WrongUse, match="here: two columns have the name 'label'"):
        find_columns(pa.schema([("a", STRUCT), ("label", pa.int8()), ("label", pa.int8())]), {}, Options(), "here")


def test_names_by_their_numbers_stand_in_the_order_of_the_numbers() -> None:
    numbers = sorted(map(str, range(11)))
    assert numbers[2] == "10"
    label = {"_type": "ClassLabel", "names": {number: f"class {number}" for number in numbers}}
    kinds = pa.schema([("a", STRUCT), ("label", pa.int8())])
    assert find_columns(kinds, {"label": label}, Options(), "here").names == tuple(f"class {n}" for n in range(11))
    gap = {"_type": "ClassLabel", "names": {"0": "cat", "2": "dog"}}
    with pytest.raises(WrongUse, match="here: its ClassLabel has no list of names but"):
        find_columns(kinds, {"label": gap}, Options(), "here")
