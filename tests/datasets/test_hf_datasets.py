"""Data sets of the package `datasets` keep their files' bytes, and what cannot be read is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Said
from formats import as_hf, as_parquet, files, hf_dataset
from snellen.datasets.hf_datasets import Options, load
from snellen.errors import Missing, SnellenError, WrongUse
from snellen.image_table import ImageTable
from snellen.plugins import configure


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a network that is not there."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("socket.socket.connect", _no_network)
    yield tmp_path / "cache"
    datasets.enable_progress_bars()


def _no_network(*address: Any) -> None:
    raise OSError("there is no network in tests")


def read(place: Path | str, **options: Any) -> ImageTable:
    return load(str(place), configure(Options, options, "hf-datasets"))


def refusal(place: Path | str, kind: type[SnellenError] = WrongUse, **options: Any) -> str:
    with pytest.raises(kind) as raised:
        list(read(place, **options))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_saved_data_set_keeps_the_bytes_of_its_files(drawn: Path, tmp_path: Path) -> None:
    dataset = read(as_hf(drawn, tmp_path / "saved"))
    assert dataset.classes.names == ("background", "circle", "ring", "star")
    assert (dataset.name, len(dataset), dataset.classes.background) == ("saved", 16, "background")
    assert dataset.source == f"hf-datasets:{tmp_path}/saved:all"
    examples = list(dataset)
    assert [(e.label, e.image.data) for e in examples] == [(p.parent.name, p.read_bytes()) for p in files(drawn)]
    assert [e.id for e in examples] == [f"all:{number}" for number in range(16)]  # 0001.png is in every class
    assert examples == list(dataset)


def test_a_split_is_chosen(drawn: Path, tmp_path: Path) -> None:
    rows = hf_dataset(drawn)
    place = tmp_path / "saved"
    datasets.DatasetDict(train=rows, test=rows.shuffle(seed=1).select(range(9))).save_to_disk(place)
    assert len(read(place)) == len(read(f"{place}:test")) == len(read(place, split="test")) == 9
    assert len(read(f"{place}:train")) == 16
    labels = [rows[number]["label"] for number in rows.shuffle(seed=1).select(range(9))._indices["indices"].to_pylist()]
    assert [read(place).classes.names.index(e.label) for e in read(place)] == labels
    assert "has no split 'trian' (did you mean 'train'?)" in refusal(f"{place}:trian")
    assert "names the split 'test', but split='train' is given too" in refusal(f"{place}:test", split="train")
    (place / "dataset_dict.json").unlink()
    datasets.DatasetDict(train=rows, dev=rows).save_to_disk(place)
    assert "has the splits train, dev; say which by split=NAME" in refusal(place)
    assert "holds the split all alone, not 'test'" in refusal(f"{as_hf(drawn, tmp_path / 'one')}:test")


def test_a_folder_that_load_dataset_understands(drawn: Path, tmp_path: Path, cache: Path) -> None:
    dataset = read(drawn)
    assert [(e.id, e.label, e.image.path) for e in dataset] == [
        (path.relative_to(drawn).as_posix(), path.parent.name, path) for path in files(drawn)
    ]
    assert dataset.source == f"hf-datasets:{drawn}:train" and cache.exists()
    (tmp_path / "repo" / "data").mkdir(parents=True)
    as_parquet(drawn, tmp_path / "repo" / "data" / "test-00000-of-00001.parquet")
    assert [e.image.data for e in read(tmp_path / "repo")] == [path.read_bytes() for path in files(drawn)]
    assert not datasets.are_progress_bars_disabled()


def test_a_folder_leads_neither_to_the_network_nor_out_of_itself(drawn: Path, tmp_path: Path) -> None:
    place = tmp_path / "repo"
    place.mkdir()
    as_parquet(drawn, tmp_path / "outside.parquet")
    as_parquet(drawn, place / "inside.parquet")
    for files_, expected in (
        ("https://example.org/x.parquet", "leads to a web address"),
        ("hf://datasets/a/b/x.parquet", "leads to a web address"),
        ("../outside.parquet", "is not below it"),
        (str(tmp_path / "outside.parquet"), "is not below it"),
    ):
        (place / "README.md").write_text(f"---\nconfigs:\n- config_name: x\n  data_files: {files_}\n---\n# Pets\n")
        assert expected in refusal(place)
    (place / "README.md").write_text("---\nlicense: mit\n---\n# Pets\n- https://example.org\n")
    assert len(read(place)) == 16
    (place / "README.md").write_text("---\na: [\n---\n")
    assert "README.md does not describe a data set, it is no YAML" in refusal(place)
    (place / "README.md").unlink()
    (place / "repo.py").write_text("raise SystemExit('run')")
    assert "scripts are no longer supported" in refusal(place)


def test_paths_in_a_saved_data_set_stay_in_its_folder(tmp_path: Path) -> None:
    place = tmp_path / "saved"
    for path in ("/etc/passwd", "../../outside.png"):
        images = [{"bytes": b"x", "path": "a.png"}, {"bytes": None, "path": path}]
        datasets.Dataset.from_dict({"image": images, "label": ["a", "b"]}).save_to_disk(place)
        said = refusal(place)
        assert "row 1: has no bytes but a path that leads out of" in said and said.endswith("the images in it")


def test_parts_of_a_saved_data_set_lie_in_its_folder(drawn: Path, tmp_path: Path) -> None:
    as_hf(drawn, tmp_path / "other")
    place = as_hf(drawn, tmp_path / "saved")
    state = json.loads((place / "state.json").read_text())
    name = state["_data_files"][0]["filename"]
    for part in (f"../other/{name}", f"{tmp_path}/other/{name}"):
        (place / "state.json").write_text(json.dumps({**state, "_data_files": [{"filename": part}]}))
        assert f"its part {part} is not in it" in refusal(place)
    for split in ("../other", str(tmp_path / "other"), ".."):
        (place / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))
        assert f"its part {split} is not in it" in refusal(place)


def test_names_and_columns_can_be_given(drawn: Path, tmp_path: Path) -> None:
    rows = hf_dataset(drawn).rename_columns({"image": "img", "label": "shape"})
    rows = rows.add_column("key", [f"k{number}" for number in range(16)])
    rows.save_to_disk(tmp_path / "saved")
    dataset = read(tmp_path / "saved", id_column="key", class_list=["a", "b", "c", "d"], background="a")
    assert [(e.id, e.label) for e in dataset][::5] == [("k0", "a"), ("k5", "b"), ("k10", "c"), ("k15", "d")]
    assert dataset.classes.background == "a"
    assert "has no column 'imag' (did you mean 'img'?)" in refusal(tmp_path / "saved", image_column="imag")
    assert "split all: the column 'key' is string; expected images" in refusal(tmp_path / "saved", image_column="key")
    rows.remove_columns("shape").save_to_disk(tmp_path / "unlabelled")
    assert "expected a column 'label' but it has img, key" in refusal(tmp_path / "unlabelled")
    hidden = datasets.Dataset.from_dict({"img": rows["img"], "shape": [-1] * 16}, rows.remove_columns("key").features)
    hidden.save_to_disk(tmp_path / "hidden")
    assert "-1 commonly marks images whose labels are kept secret" in refusal(tmp_path / "hidden")


def test_what_cannot_be_read_is_told(drawn: Path, tmp_path: Path) -> None:
    place = as_hf(drawn, tmp_path / "saved")
    (shard,) = place.glob("*.arrow")
    shard.write_bytes(shard.read_bytes()[:300])
    assert refusal(place).startswith(f"{place} cannot be read as a data set of images: ")
    shard.unlink()
    assert "cannot be read as a data set of images" in refusal(place)
    (place / "state.json").write_text(json.dumps({"_data_files": 3}))
    assert "cannot be read as a data set of images" in refusal(place)
    (tmp_path / "empty").mkdir()
    assert "cannot be read as a data set of images" in refusal(tmp_path / "empty")
    assert "a revision is for data sets of the hub" in refusal(drawn, revision="main")
    hf_dataset(drawn).select([]).save_to_disk(tmp_path / "none")
    assert "cannot be read as a data set of images" in refusal(tmp_path / "none")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(
    saved: tuple[Path, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    shard, whole = saved
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    shard.write_bytes(damaged)
    with suppress(SnellenError):
        list(read(shard.parent))


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, bytes]:
    """The Arrow file of a small saved data set, and its bytes."""
    rows = {"image": [{"bytes": b"x" * 9, "path": "a.png"}, {"bytes": b"y" * 7, "path": "b.png"}], "label": ["a", "b"]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "small")
    (shard,) = (tmp_path / "small").glob("*.arrow")
    return shard, shard.read_bytes()


def test_what_is_no_folder_and_no_name_of_the_hub_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"x")
    assert "x.parquet is a file" in refusal(tmp_path / "x.parquet")
    for name in ("./none", "/none", "a/b/c:test"):
        assert "there is no folder" in refusal(name)
    assert "got no name" in refusal("") and "got no name" in refusal(":test")
    said = refusal("nobody/nothing:test", Missing)
    assert "hf-datasets/nobody/nothing: there is no such folder here, and it cannot be had from the hub" in said


def test_without_the_package_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "pip install 'snellen[data]'" in refusal(tmp_path, Missing)


def test_the_command_line_knows_them(snellen: Callable[..., Said], drawn: Path, tmp_path: Path) -> None:
    place = as_hf(drawn, tmp_path / "saved")
    for name in (place, f"hf-datasets/{place}", f"{place},split=all"):
        said = snellen("datasets", "show", name)
        assert said.code == 0, said.err
        assert f"16 images of 4 classes (hf-datasets:{place}:all)" in said.out and said.err == ""
    assert snellen("datasets", "show", "hf-datasets/nobody/nothing").code == 3
