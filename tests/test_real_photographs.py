"""The main job on real input: three real classifiers on real photographs, against an independent computation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

import snellen
from snellen.results import Results

onnxruntime = pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")

NETWORKS = {"mobilenet_v1_0.25_128": 128, "mobilenet_v1_0.5_160": 160, "mobilenet_v2_1.0_224": 224}
EXPECTED = {"mobilenet_v1_0.25_128": 0.204, "mobilenet_v1_0.5_160": 0.260, "mobilenet_v2_1.0_224": 0.284}


@pytest.fixture(scope="module")
def photographs(real_data: Path) -> Path:
    return real_data / "data/photos/caltech101-31"


@pytest.fixture(scope="module")
def results(real_data: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    models = [f"onnx/{real_data}/models/imagenet-mobilenet/{name}.onnx" for name in NETWORKS]
    out = tmp_path_factory.mktemp("runs") / "caltech"
    return snellen.run(photographs, models, ["vocabulary"], out=out, timing=False)


def network(row_model: str) -> str:
    return Path(row_model).stem


def independent_predictions(real_data: Path, photographs: Path, name: str) -> Mapping[str, str | None]:
    """Each photograph's class by a plain loop: exact ImageNet names only, the best of all 1,001 names decides."""
    folder = real_data / "models/imagenet-mobilenet"
    concepts = (folder / "labels.txt").read_text().splitlines()
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    (model_input,) = session.get_inputs()
    size = NETWORKS[name]
    class_of = {}
    for directory in photographs.iterdir():
        if directory.name != "BACKGROUND_Google":
            class_of[directory.name.replace("_", " ").lower()] = directory.name.replace("_", " ")
    meaning = [
        next((class_of[word.strip().lower()] for word in concept.split(",") if word.strip().lower() in class_of), None)
        for concept in concepts
    ]
    predictions = {}
    for path in sorted(photographs.glob("*/*")):
        photo = PIL.Image.open(path).convert("RGB")
        side = int(min(photo.size) * 0.875)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        photo = photo.crop((left, top, left + side, top + side)).resize((size, size), PIL.Image.Resampling.BILINEAR)
        pixels = (np.asarray(photo, dtype=np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        (scores,) = session.run(None, {model_input.name: pixels})
        predictions[path.relative_to(photographs).as_posix()] = meaning[int(scores[0].argmax())]
    return predictions


def test_all_photographs_are_answered(results: Results) -> None:
    assert len(results.rows) == 3
    for row in results.rows:
        assert (row.images, row.classes, row.failed, row.pending) == (465, 31, 0, 0)
        assert row.answered + row.unparsed == 465


def test_accuracies_are_the_expected_ones_and_coverage_is_told(results: Results) -> None:
    for row in results.rows:
        assert row.accuracy == pytest.approx(EXPECTED[network(row.model)], abs=0.0005)
        assert row.classes_covered == 13
        assert "background" in (row.classes_uncovered or ())


def test_figures_equal_scikit_learn_on_the_exported_records(results: Results) -> None:
    with (results.path / "records.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    for row in results.rows:
        mine = [record for record in records if record["model"] == row.model]
        truth, predicted = [r["label"] for r in mine], [r["prediction"] for r in mine]
        classes = sorted(set(truth))
        assert row.accuracy == pytest.approx(accuracy_score(truth, predicted), abs=1e-12)
        for average in ("macro", "weighted"):
            precision, recall, f1, _ = precision_recall_fscore_support(
                truth, predicted, labels=classes, average=average, zero_division=0
            )
            assert getattr(row, f"{average}_precision") == pytest.approx(precision, abs=1e-12)
            assert getattr(row, f"{average}_recall") == pytest.approx(recall, abs=1e-12)
            assert getattr(row, f"{average}_f1") == pytest.approx(f1, abs=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_equal_an_independent_script(
    real_data: Path, photographs: Path, results: Results, name: str
) -> None:
    expected = independent_predictions(real_data, photographs, name)
    got = {r["example"]: r["prediction"] for r in results.records() if network(r["model"]) == name}
    assert got.keys() == expected.keys()
    differing = {id: (got[id], expected[id]) for id in got if got[id] != expected[id]}
    assert not differing


def test_the_weakest_network_is_below_the_strongest(results: Results) -> None:
    (pair,) = (
        pair
        for pair in results.comparisons
        if {network(pair["a"]["model"]), network(pair["b"]["model"])}
        == {"mobilenet_v2_1.0_224", "mobilenet_v1_0.25_128"}
    )
    assert network(pair["a"]["model"]) == "mobilenet_v2_1.0_224"
    assert pair["difference"] > 0.05
    assert pair["mcnemar_p"] < 0.001
