"""The reader of a data set is told by what lies at its path, or by the name in front."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import draw_folder
from snellen.errors import WrongUse
from snellen.readers import find_reader


@pytest.mark.parametrize(
    ("files", "reader"),
    [
        (["a.parquet", "b.parquet"], "parquet"),
        (["a.parquet", "README.md", "runs/x/study.yaml"], "parquet"),
        (["a.tar", "b.tar.gz", "classes.txt", "sizes.json", ".hidden"], "webdataset"),
        (["a.tar", "b.parquet"], "folder"),
        (["a.parquet", "cat/1.jpg"], "folder"),
        (["cat/a.parquet"], "folder"),
        (["state.json", "dataset_info.json", "data-00000-of-00001.arrow"], "hf-datasets"),
        (["dataset_dict.json", "train/state.json"], "hf-datasets"),
        (["state.json", "cat/1.jpg"], "folder"),
        (["cat/1.jpg", "dog/1.jpg"], "folder"),
        ([], "folder"),
    ],
)
def test_a_folder_is_read_by_what_is_in_it(tmp_path: Path, files: list[str], reader: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    assert find_reader(str(tmp_path)) == (reader, str(tmp_path))


@pytest.mark.parametrize(
    ("name", "reader"),
    [("x.csv", "manifest"), ("x.JSONL", "manifest"), ("x.parquet", "parquet"), ("x.tar", "webdataset"),
     ("x.tar.gz", "webdataset"), ("X.TGZ", "webdataset")],
)  # fmt: skip
def test_a_file_is_read_by_its_extension(tmp_path: Path, name: str, reader: str) -> None:
    (tmp_path / name).touch()
    assert find_reader(f"{tmp_path}/{name}") == (reader, f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("digits", ("digits", "")),
        ("shapes", ("shapes", "")),
        ("hf-datasets/owner/name:test", ("hf-datasets", "owner/name:test")),
        ("parquet//data/*.parquet", ("parquet", "/data/*.parquet")),
        ("webdataset/a-{0..3}.tar", ("webdataset", "a-{0..3}.tar")),
        ("none/a-{0..3}.tar", ("webdataset", "none/a-{0..3}.tar")),
        ("none/*.parquet", ("parquet", "none/*.parquet")),
    ],
)
def test_a_name_or_a_pattern_tells_the_reader(name: str, expected: tuple[str, str]) -> None:
    assert find_reader(name) == expected


def test_a_folder_in_the_way_is_what_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_folder(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert find_reader("digits") == ("folder", "digits")


def test_what_there_is_no_reader_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.zip").touch()
    for name in (f"{tmp_path}/x.zip", "nothing", "nothing.parquet", "nothing/*.zip"):
        with pytest.raises(WrongUse, match=r"\.jsonl, \.parquet or \.tar file"):
            find_reader(name)
    with pytest.raises(
        WrongUse, match=r"one of .*demo, digits, folder, hf-datasets, manifest, parquet, shapes, webdataset"
    ):
        find_reader("nothing")
