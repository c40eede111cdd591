"""Exports read back are the records they were made from."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import snellen as package
from conftest import Said, draw_folder
from snellen.errors import WrongUse
from snellen.exports import COLUMNS, whole_file
from snellen.results import Results

HALF, CIRCLE = (f"scripted/{Path(__file__).parent / 'models.py'}:{name}" for name in ("half", "circle"))
Snellen = Callable[..., Said]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """A run with answers, failures and scores, and a file name that needs quoting."""
    place = tmp_path_factory.mktemp("exports")
    drawn = draw_folder(place / "drawn", 3)
    (drawn / "star" / "0001.png").rename(drawn / "star" / 'a "b",\nc 環.png')
    results = package.run(drawn, [HALF, CIRCLE], ["closed-set", "vocabulary"], out=place / "run", timing=False)
    yield results
    results.close()


@pytest.fixture
def wanted(run: Results) -> list[dict[str, Any]]:
    found = [{column: record[column] for column in COLUMNS} for record in run.records()]
    assert {record["state"] for record in found} >= {"answered", "failed"}
    assert any(record["scores"] for record in found) and any('"b",\\nc 環' in record["example"] for record in found)
    return found


def test_csv(snellen: Snellen, run: Results, wanted: list[dict[str, Any]]) -> None:
    assert snellen("export", "csv", run.path, "-o", "out.csv").out == "out.csv\n"
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == len(wanted)
    for row, record in zip(read, wanted, strict=True):
        for column, value in record.items():
            if isinstance(value, dict):
                assert json.loads(row[column]) == value
            else:
                assert row[column] == ("" if value is None else str(value))


def test_json(snellen: Snellen, run: Results, wanted: list[dict[str, Any]]) -> None:
    assert snellen("export", "json", run.path).out == f"{run.path / 'export.json'}\n"
    read = json.loads((run.path / "export.json").read_text(encoding="utf-8"))
    assert read.pop("records") == wanted
    assert read == json.loads((run.path / "results.json").read_text(encoding="utf-8"))


def test_parquet(snellen: Snellen, run: Results, wanted: list[dict[str, Any]]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert snellen("export", "parquet", run.path, "-o", "out.parquet").code == 0
    read = parquet.read_table("out.parquet").to_pylist()
    for row in read:
        for column in ("scores", "details"):
            row[column] = None if row[column] is None else json.loads(row[column])
    assert read == wanted


@pytest.mark.parametrize("place", ["nowhere/out.csv", "file/out.csv", "folder"])
def test_a_place_that_cannot_be_written_is_told(snellen: Snellen, run: Results, place: str) -> None:
    Path("file").write_text("mine")
    Path("folder").mkdir()
    said = snellen("export", "csv", run.path, "-o", place)
    assert said.code == 2 and said.err.startswith(f"error: cannot write {place}: ") and said.err.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder"]


def test_a_file_that_is_not_finished_leaves_the_earlier_one(tmp_path: Path) -> None:
    place = tmp_path / "table.csv"
    place.write_text("earlier")
    with pytest.raises(TypeError), whole_file(place) as file:
        json.dump(["half", object()], file)
    assert place.read_text() == "earlier" and [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_half_a_surrogate_pair_is_written_as_its_escape(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.json") as file:
        json.dump({"text": "a\ud800b"}, file, ensure_ascii=False)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"text": "a\ud800b"}


def test_a_write_error_says_where(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot write"), whole_file(tmp_path / "none" / "x"):
        pass


def test_a_device_or_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(WrongUse, match="no file"), whole_file(place):
            pass
    assert (tmp_path / "pipe").is_fifo()
