"""The same images give the same records in whatever form they come."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import datasets
import pytest

import snellen
from formats import as_hf, as_manifest, as_parquet, as_tar
from snellen.plan import load_dataset

MODEL = """
NAMES = {names!r}

def answer(question, image):
    return NAMES[int(image.digest, 16) // 7 % len(NAMES)]
"""


def records(dataset: Path | str, place: Path, names: list[str]) -> list[tuple[str, ...]]:
    """Digest, label, prediction and outcome of each image, sorted."""
    place.mkdir()
    (place / "model.py").write_text(MODEL.format(names=[*names, "something else"]))
    model, out = f"scripted/{place}/model.py:answer", place / "run"
    with closing(snellen.run(str(dataset), [model], ["closed-set"], out=out, timing=False)) as results:
        found = list(results.records())
        digests = {each.id: each.image.digest for each in load_dataset(str(dataset))[0]}
    return sorted((digests[r["example"]], r["label"], str(r["prediction"]), r["outcome"]) for r in found)


def content(dataset: Path | str) -> list[tuple[str, str]]:
    """Digest and label of each image, sorted."""
    return sorted((each.image.digest, each.label) for each in load_dataset(str(dataset))[0])


def written(folder: Path, place: Path) -> dict[str, Path | str]:
    """The images of a class folder in every form."""
    for name in ("shards", "tars"):
        (place / name).mkdir(parents=True)
    return {
        "manifest": as_manifest(folder, folder.parent / "list.csv"),
        "parquet": as_parquet(folder, place / "images.parquet"),
        "folder of shards": as_parquet(folder, place / "shards" / "a.parquet").parent,
        "saved data set": as_hf(folder, place / "saved"),
        "image folder": f"hf-datasets/{folder}",
        "tar": as_tar(folder, place / "images.tar"),
        "packed tar": as_tar(folder, place / "tars" / "a.tar.gz").parent,
    }


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_drawn_pictures_give_the_same_records(drawn: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in drawn.iterdir())
    found = records(drawn, tmp_path / "folder", names)
    assert len(found) == 16 and len({digest for digest, *_ in found}) == 16
    assert {outcome for *_, outcome in found} == {"exact", "out-of-list"}
    assert 0 < sum(label == prediction for _, label, prediction, _ in found) < 14
    forms = written(drawn, tmp_path / "written")
    for form in ("manifest", "parquet", "saved data set", "tar"):
        assert records(forms[form], tmp_path / form, names) == found, form


def test_all_forms_hold_the_same_images(drawn: Path, tmp_path: Path) -> None:
    found = content(drawn)
    for form, dataset in written(drawn, tmp_path / "written").items():
        assert content(dataset) == found, form


def test_all_forms_hold_the_same_photographs(real_data: Path, tmp_path: Path) -> None:
    place = tmp_path / "photographs"
    for folder in ("airplanes", "car_side", "lotus"):
        shutil.copytree(real_data / "data/photos/caltech101-31" / folder, place / folder.replace("_", " "))
    found = content(place)
    assert len(found) == 45
    for form, dataset in written(place, tmp_path / "written").items():
        assert content(dataset) == found, form
