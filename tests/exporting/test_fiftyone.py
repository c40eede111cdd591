"""The folder for FiftyOne holds what its importer needs: files that are there, and a label of every row."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import snellen as package
from conftest import Said, draw_folder
from snellen.results import Results

HALF, CIRCLE = (f"scripted/{Path(__file__).parents[1] / 'models.py'}:{name}" for name in ("half", "circle"))
Snellen = Callable[..., Said]


def read(folder: str | Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    place = Path(folder)
    samples = json.loads((place / "samples.json").read_text(encoding="utf-8"))["samples"]
    return json.loads((place / "metadata.json").read_text(encoding="utf-8")), samples


def test_images_stay_where_they_are(snellen: Snellen, drawn: Path) -> None:
    with_rows = package.run(drawn, [HALF, CIRCLE], ["closed-set", "vocabulary"], out="run", timing=False)
    said = snellen("export", "fiftyone", "run")
    assert said.code == 0 and said.out == f"{Path('run/fiftyone')}\n"
    about, samples = read("run/fiftyone")
    assert sorted(path.name for path in Path("run/fiftyone").iterdir()) == ["metadata.json", "samples.json"]
    assert "version" not in about  # by which FiftyOne tells this form from one that is tied to its own version
    assert set(about["default_classes"]) == {"circle", "ring", "star", "background"}
    records = {(each["example"], each["row"]): each for each in with_rows.records()}
    fields = {about["info"]["fields"][name]["model"]: name for name in about["info"]["fields"]}
    assert len(samples) == 16 and set(fields) == {row.model for row in with_rows.rows}
    for sample in samples:
        assert Path(sample["filepath"]) == drawn / sample["example"] and Path(sample["filepath"]).is_file()
        assert sample["ground_truth"]["label"] == sample["example"].partition("/")[0]
        for row in with_rows.rows:
            name = next(name for name in about["info"]["fields"] if name.startswith(f"row{row.number}_"))
            record = records[sample["example"], row.number]
            assert sample[name]["label"] == record["prediction"] and sample[name]["state"] == record["state"]
            score = (record["scores"] or {}).get(record["prediction"])
            assert sample[name]["confidence"] == score and sample[name]["_cls"] == "Classification"
    with_rows.close()


def test_images_without_a_file_are_written(snellen: Snellen) -> None:
    package.run("shapes,pictures=2", [CIRCLE], ["closed-set"], out="run", timing=False).close()
    said = snellen("export", "fiftyone", "run", "-o", "out")
    assert said.code == 0 and "24 images, of which 24 are in out/data" in said.err
    digests = {line.split(",")[0]: line.split(",")[2] for line in Path("run/manifest.csv").read_text().splitlines()}
    _, samples = read("out")
    for sample in samples:
        data = (Path("out") / sample["filepath"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digests[sample["example"]]
    assert len({sample["filepath"] for sample in samples}) == len(samples) == 24


def test_a_part_of_a_data_set(snellen: Snellen) -> None:
    snellen("run", "-d", "shapes,pictures=3", "-m", CIRCLE, "--classes", "circle,star", "--limit", 2, "--out", "run")
    assert snellen("export", "fiftyone", "run").code == 0
    _, samples = read("run/fiftyone")
    assert sorted(sample["ground_truth"]["label"] for sample in samples) == ["circle", "star"]


def test_images_that_are_others_now_are_left_out(snellen: Snellen) -> None:
    package.run("shapes,pictures=2", [CIRCLE], ["closed-set"], out="run", timing=False).close()
    study = Path("run/study.yaml")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("pictures: 2", "pictures: 1"), encoding="utf-8")
    said = snellen("export", "fiftyone", "run")
    assert "12 images are left out" in said.err and len(read("run/fiftyone")[1]) == 12


def test_images_that_are_gone_are_told(snellen: Snellen, drawn: Path) -> None:
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False).close()
    shutil.rmtree(drawn / "star")
    assert "4 images are not where they were" in snellen("export", "fiftyone", "run").err


def test_nothing_is_overwritten(snellen: Snellen, drawn: Path) -> None:
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False).close()
    Path("out").mkdir()
    Path("out/mine").write_text("mine")
    said = snellen("export", "fiftyone", "run", "-o", "out")
    assert (
        said.code == 2
        and "holds something already" in said.err
        and [path.name for path in Path("out").iterdir()] == ["mine"]
    )


def test_a_file_whose_name_is_no_text_is_written_anew(snellen: Snellen, tmp_path: Path) -> None:
    drawn = draw_folder(tmp_path / "drawn", 2, ("circle", "star"))
    (drawn / "star" / "0001.png").rename(os.fsdecode(os.fsencode(drawn / "star") + b"/\xff\x01.png"))
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False).close()
    assert snellen("export", "fiftyone", "run").code == 0
    _, samples = read("run/fiftyone")
    (own,) = [sample for sample in samples if not Path(sample["filepath"]).is_absolute()]
    assert own["filepath"].startswith("data/") and (Path("run/fiftyone") / own["filepath"]).is_file()
    assert json.dumps(own, ensure_ascii=False).encode()  # which a database of texts takes


def test_results_of_several_selections(snellen: Snellen, drawn: Path) -> None:
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False, classes=["circle", "star"]).close()
    package.run(drawn, [CIRCLE], ["closed-set"], out="run", timing=False).close()
    assert snellen("export", "fiftyone", "run").code == 0
    about, samples = read("run/fiftyone")
    first, second = about["info"]["fields"]
    assert len(samples) == 16 and all(second in sample for sample in samples)
    assert {sample["ground_truth"]["label"] for sample in samples if first in sample} == {"circle", "star"}
    with_two = Results("run")
    assert {row.number for row in with_two.rows} == {1, 2}
    with_two.close()
