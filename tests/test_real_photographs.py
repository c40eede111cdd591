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
COVERED = {"mobilenet_v1_0.25_128": 0.487, "mobilenet_v1_0.5_160": 0.621, "mobilenet_v2_1.0_224": 0.677}
BY_HEAD = "vocabulary,rules=exact,head"
WITH_HEADS = {  # accuracy on all classes, and on those that exact names and head nouns cover
    "mobilenet_v1_0.25_128": (0.254, 0.414),
    "mobilenet_v1_0.5_160": (0.325, 0.530),
    "mobilenet_v2_1.0_224": (0.368, 0.600),
}


@pytest.fixture(scope="module")
def photographs(real_data: Path) -> Path:
    return real_data / "data/photos/caltech101-31"


@pytest.fixture(scope="module")
def results(real_data: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    models = [f"onnx/{real_data}/models/imagenet-mobilenet/{name}.onnx" for name in NETWORKS]
    out = tmp_path_factory.mktemp("runs") / "caltech"
    return snellen.run(photographs, models, ["vocabulary", BY_HEAD], out=out, timing=False)


def network(row_model: str) -> str:
    return Path(row_model).stem


def independent_scores(real_data: Path, photographs: Path, name: str) -> Mapping[str, np.ndarray]:
    """By a plain loop, the probability that the network gives each of the 1,001 names for each photograph."""
    folder = real_data / "models/imagenet-mobilenet"
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    (model_input,) = session.get_inputs()
    size = NETWORKS[name]
    found = {}
    for path in sorted(photographs.glob("*/*")):
        photo = PIL.Image.open(path).convert("RGB")
        side = int(min(photo.size) * 0.875)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        photo = photo.crop((left, top, left + side, top + side)).resize((size, size), PIL.Image.Resampling.BILINEAR)
        pixels = (np.asarray(photo, dtype=np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        (scores,) = session.run(None, {model_input.name: pixels})
        found[path.relative_to(photographs).as_posix()] = scores[0].astype(np.float64)
    return found


def independent_meaning(real_data: Path, photographs: Path, heads: bool) -> list[str | None]:
    """The class of each of the 1,001 names: by exact ImageNet names, then by the last word of the first of them."""
    concepts = (real_data / "models/imagenet-mobilenet/labels.txt").read_text().splitlines()
    class_of = {}
    for directory in photographs.iterdir():
        if directory.name != "BACKGROUND_Google":
            class_of[directory.name.replace("_", " ").lower()] = directory.name.replace("_", " ")
    meaning = [
        next((class_of[word.strip().lower()] for word in concept.split(",") if word.strip().lower() in class_of), None)
        for concept in concepts
    ]
    named = set(meaning)
    for place, concept in enumerate(concepts):
        first = concept.split(",")[0].split(" ")
        kind = class_of.get(first[-1])
        if heads and len(first) > 1 and kind not in named:
            meaning[place] = kind
    return meaning


def test_all_photographs_are_answered(results: Results) -> None:
    assert len(results.rows) == 6
    for row in results.rows:
        assert (row.images, row.classes, row.failed, row.pending) == (465, 31, 0, 0)
        assert row.answered + row.unparsed == 465


def test_accuracies_are_the_expected_ones_and_coverage_is_told(results: Results) -> None:
    for row in results.rows:
        name = network(row.model)
        accuracies = WITH_HEADS[name] if row.strategy == BY_HEAD else (EXPECTED[name], COVERED[name])
        assert (row.accuracy, row.accuracy_covered) == pytest.approx(accuracies, abs=0.0005)
        assert "background" in (row.classes_uncovered or ())
        expected = {"exact": 13, "head": 6} if row.strategy == BY_HEAD else {"exact": 13}
        assert (row.classes_covered_by, row.classes_covered) == (expected, sum(expected.values()))


def test_figures_equal_scikit_learn_on_the_exported_records(results: Results) -> None:
    with (results.path / "records.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    for row in results.rows:
        mine = [each for each in records if (each["model"], each["strategy"]) == (row.model, row.strategy)]
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


def independent_prediction(values: np.ndarray, meaning: list[str | None]) -> str | None:
    """The class with the most probability, unless one name of no class has more; of equals the earlier name's."""
    rivals: dict[str | int, list[float]] = {}
    for place, (value, name) in enumerate(zip(values.tolist(), meaning, strict=True)):
        rivals.setdefault(place if name is None else name, []).append(value)
    best = max(rivals, key=lambda rival: sum(rivals[rival]))
    return best if isinstance(best, str) else None


@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_equal_an_independent_script(
    real_data: Path, photographs: Path, results: Results, name: str
) -> None:
    scores = independent_scores(real_data, photographs, name)
    rows = [row for row in results.rows if network(row.model) == name]
    assert len(rows) == 2
    for row in rows:
        meaning = independent_meaning(real_data, photographs, heads=row.strategy == BY_HEAD)
        expected = {id: independent_prediction(values, meaning) for id, values in scores.items()}
        got = {each["example"]: each["prediction"] for each in results.records() if each["row"] == row.number}
        assert got.keys() == expected.keys()
        assert not {id: (got[id], expected[id]) for id in got if got[id] != expected[id]}
        label = {id: id.split("/")[0].replace("_", " ") for id in expected}
        covered = [id for id in expected if label[id] in set(meaning)]
        right = sum(expected[id] == label[id] for id in covered)
        assert row.accuracy_covered == right / len(covered)
        assert row.accuracy == right / 465


def test_the_weakest_network_is_below_the_strongest(results: Results) -> None:
    (pair,) = (
        pair
        for pair in results.comparisons
        if pair["a"]["strategy"] == pair["b"]["strategy"] == "vocabulary"
        and {network(pair["a"]["model"]), network(pair["b"]["model"])}
        == {"mobilenet_v2_1.0_224", "mobilenet_v1_0.25_128"}
    )
    assert network(pair["a"]["model"]) == "mobilenet_v2_1.0_224"
    assert pair["difference"] > 0.05
    assert pair["mcnemar_p"] < 0.001
