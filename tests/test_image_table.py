"""A table of images is read through whatever gives its batches; the tests of its readers say more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from snellen.datasets.parquet import Options
from snellen.errors import WrongUse
from snellen.image_columns import find_columns
from snellen.image_table import Batch, ImageTable, load_table


@dataclass(frozen=True)
class Table:
    """Some rows, one a batch; `asked` notes which columns were read."""

    rows: Any
    folders: tuple[Path, ...]
    asked: list[Sequence[str]]

    def read(self, columns: Sequence[str]) -> Iterator[Batch]:
        self.asked.append(columns)
        for number in range(self.rows.num_rows):
            yield Batch("part", "here", self.folders, number, self.rows.slice(number, 1))


def load(images: list[Any], labels: list[Any], *folders: Path, **more: list[Any]) -> tuple[ImageTable, Table]:
    image = pyarrow.array(images, pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())]))
    rows = pyarrow.table({"image": image, "label": labels, **more})
    options = Options(id_column="key" if more else None)
    table = Table(rows, folders, [])
    columns = find_columns(rows.schema, {}, options, "here")
    return load_table(table, columns, len(labels), options, "here", "name", "source"), table


def cell(data: bytes | None, path: str | None = None) -> dict[str, Any]:
    return {"bytes": data, "path": path}


def test_labels_and_ids_are_surveyed_without_a_look_at_images() -> None:
    dataset, table = load([cell(b"a", "1"), cell(b"b", "2")], ["x", "y"])
    assert table.asked[0] == ["label", "image.path"]
    assert [example.id for example in dataset] == ["1", "2"]
    dataset, table = load([cell(b"a"), cell(b"b")], ["x", "y"], key=["k", "l"])
    assert table.asked[0] == ["label", "key"] and table.asked[1] == ["image", "label", "key"]
    assert [example.id for example in dataset] == ["k", "l"]


def test_images_may_lie_in_several_folders_but_nowhere_else(tmp_path: Path) -> None:
    for name in ("one/a.png", "two/sub/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"image")
    (tmp_path / "two" / "link.png").symlink_to(tmp_path / "one" / "a.png")
    folders = tmp_path / "one", tmp_path / "two"
    images = [cell(None, "a.png"), cell(None, f"{tmp_path}/two/sub/b.png"), cell(None, f"{tmp_path}/two/link.png")]
    dataset, _ = load(images, ["x", "y", "x"], *folders)
    assert [(e.id, e.image.data) for e in dataset] == [(n, b"image") for n in ("a.png", "sub/b.png", "link.png")]
    with pytest.raises(WrongUse, match="here, row 1: has no bytes but a path that leads out of"):
        load([images[0], cell(None, "../c.png")], ["x", "y"], *folders)


def test_a_label_that_was_not_there_before_is_told() -> None:
    dataset, table = load([cell(b"a"), cell(b"b")], ["x", "y"])
    other = Table(table.rows.set_column(1, "label", [["x", "z"]]), (), [])
    with pytest.raises(WrongUse, match="here changed while it was in use; run again"):
        list(ImageTable(**{**vars(dataset), "batches": other}))
