"""The contract that every data set keeps; a new one needs a line in the table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from conftest import draw_folder
from formats import as_hf, as_manifest, as_parquet, as_tar
from snellen import plugins
from snellen.plan import load_dataset
from snellen.types import Dataset

DATASETS: Mapping[str, Callable[[Path], str]] = {
    "caltech101": lambda place: f"caltech101,folder={draw_folder(place / '101_ObjectCategories').parent}",
    "caltech256": lambda place: f"caltech256,folder={draw_folder(place / '256_ObjectCategories')}",
    "demo": lambda place: "demo/pictograms,pictures=1,size=32",  # all of it takes seconds to draw
    "digits": lambda place: "digits",
    "folder": lambda place: str(draw_folder(place / "drawn")),
    "hf-datasets": lambda place: str(as_hf(draw_folder(place / "drawn"), place / "saved")),
    "manifest": lambda place: str(as_manifest(draw_folder(place / "drawn"), place / "labels.csv")),
    "parquet": lambda place: str(as_parquet(draw_folder(place / "drawn"), place / "images.parquet")),
    "shapes": lambda place: "shapes",
    "webdataset": lambda place: str(as_tar(draw_folder(place / "drawn"), place / "images.tar")),
}


def test_every_data_set_is_in_the_table() -> None:
    assert list(DATASETS) == plugins.names("datasets")


@pytest.fixture(params=DATASETS)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    return load_dataset(DATASETS[request.param](tmp_path))[0]


def test_a_data_set_reads_the_same_again_and_again(dataset: Dataset) -> None:
    first, second = list(dataset), list(dataset)
    assert first == second
    assert len(first) == len(dataset) > 0
    assert len({example.id for example in first}) == len(first)
    assert {example.label for example in first} <= set(dataset.classes.names)
    assert dataset.classes.background in (None, *dataset.classes.names)
    assert dataset.source
    assert dataset.name
    for example in first:
        assert example.image.pixels().mode == "RGB"
