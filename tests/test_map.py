"""`snellen map`: a vocabulary and the classes of a data set, told for review and written to be used."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from checkpoints.texts import static
from conftest import Said, draw_folder
from onnx_models import write_classifier
from studies import model
from wordnet_files import write_wordnet

Snellen = Callable[..., Said]
LABELS = ("background", "tabby, tabby cat", "reflex camera", "leopard, Panthera pardus", "dalmatian, coach dog", "kite")
CLASSES = ("camera", "dogs", "tabby", "leopards", "toy kite", "BACKGROUND_Google")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a classifier with its labels, and a WordNet."""
    np = pytest.importorskip("numpy")
    place = tmp_path_factory.mktemp("map")
    drawn = draw_folder(place / "drawn", 2, ("circle",))
    for name in CLASSES:
        (place / "photos" / name).mkdir(parents=True)
        for file in drawn.glob("circle/*"):
            (place / "photos" / name / file.name).write_bytes(file.read_bytes())
    write_classifier(place / "net.onnx", np.random.default_rng(0).normal(size=(3, len(LABELS))))
    (place / "labels.txt").write_text("\n".join(LABELS))
    write_wordnet(place / "wordnet")
    return place


def write_model(place: Path, labels: tuple[str, ...]) -> Path:
    np = pytest.importorskip("numpy")
    place.mkdir()
    (place / "labels.txt").write_text("\n".join(labels))
    return write_classifier(place / "net.onnx", np.random.default_rng(0).normal(size=(3, len(labels))))


@pytest.fixture
def map_it(snellen: Snellen, place: Path) -> Snellen:
    pytest.importorskip("onnxruntime")
    return lambda *words: snellen("map", f"onnx/{place}/net.onnx", "-d", place / "photos", *words)


def table(said: Said) -> dict[str, tuple[str, str]]:
    """Rule and class of each concept that is told to be mapped."""
    return {each["concept"]: (each["by"], each["class"]) for each in json.loads(said.out)["mapping"]}


def test_the_mapping_is_told_with_what_is_left(map_it: Snellen) -> None:
    said = map_it()
    assert said.code == 0
    assert "6 concepts" in said.out and "photos: 6 classes" in said.out
    assert "leopards    exact     leopard, Panthera pardus" in said.out
    assert "tabby       exact     tabby, tabby cat" in said.out
    assert "background  (no rule maps the background)" in said.out
    assert "camera      (reflex camera)" in said.out
    assert "toy kite    (kite)" in said.out
    assert said.out.endswith("\ncoverage: 2 of 6 classes (2 by name)\n")


def test_rules_are_asked_for(map_it: Snellen) -> None:
    assert map_it("--rules", "exact,head").out.endswith("coverage: 3 of 6 classes (2 by name, 1 by head noun)\n")
    assert map_it("--rules", "none").out.endswith("coverage: 0 of 6 classes\n")


def test_hypernyms_need_a_wordnet(map_it: Snellen, place: Path) -> None:
    found = table(map_it("--wordnet", place / "wordnet", "--rules", "exact,head", "--json"))
    assert found == {
        LABELS[1]: ("exact", "tabby"),
        LABELS[2]: ("head", "camera"),
        LABELS[3]: ("exact", "leopards"),
        LABELS[4]: ("hypernym", "dogs"),
    }
    said = map_it("--wordnet", place)
    assert (said.code, said.out) == (2, "") and "expected WordNet's files" in said.err


def test_what_needs_a_second_look_is_told(map_it: Snellen, place: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("concept,class\nreflex camera,camera\nlynx,tabby\ntabby,\n")
    said = map_it("--mapping", tmp_path / "mine.csv", "--wordnet", place / "wordnet", "--classes", "camera,tabby,dogs")
    assert "camera  mapping   reflex camera" in said.out
    assert "in the mapping, but not in the vocabulary:\n  lynx" in said.out
    assert said.out.endswith("coverage: 2 of 3 classes (1 by the mapping, 1 by hypernym)\n")
    (tmp_path / "mine.csv").write_text("concept,class\nreflex camera,cammera\n")
    said = map_it("--mapping", tmp_path / "mine.csv")
    assert (said.code, said.out) == (2, "") and "did you mean 'camera'" in said.err


def test_the_written_mapping_gives_the_same_rows_without_rules_and_wordnet(
    map_it: Snellen, snellen: Snellen, place: Path
) -> None:
    said = map_it("--wordnet", place / "wordnet", "--rules", "exact,head", "-o", "mapping.csv")
    assert "wrote mapping.csv" in said.err
    with Path("mapping.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["concept"]: (line["by"], line["class"]) for line in lines} == {
        LABELS[1]: ("exact", "tabby"),
        LABELS[2]: ("head", "camera"),
        LABELS[3]: ("exact", "leopards"),
        LABELS[4]: ("hypernym", "dogs"),
    }
    words = ("run", "-d", place / "photos", "-m", f"onnx/{place}/net.onnx", "--no-timing", "-q", "--out", "run")
    first = snellen(*words, "-s", "vocabulary,mapping=mapping.csv", "-s", "vocabulary,mapping=mapping.csv,rules=none")
    assert first.code == 0 and "coverage: 4 of 6 classes (4 by the mapping)" in first.err
    Path("mapping.csv").unlink()
    results = json.loads(Path("run/results.json").read_text())["rows"]
    assert [row["classes_covered_by"] for row in results] == [{"mapping": 4}] * 2
    again = snellen("score", "run", "-q")
    assert (again.code, again.out) == (0, first.out)
    assert json.loads(Path("run/results.json").read_text())["rows"] == results


def test_a_line_that_is_emptied_in_review_leaves_its_concept_out(map_it: Snellen) -> None:
    map_it("-o", "mapping.csv")
    text = Path("mapping.csv").read_text()
    Path("mapping.csv").write_text(text.replace(",leopards,", ",,"))
    assert map_it("--mapping", "mapping.csv").out.endswith("coverage: 1 of 6 classes (1 by the mapping)\n")


def test_a_mapping_is_never_written_over(map_it: Snellen) -> None:
    Path("mapping.csv").write_text("reviewed")
    said = map_it("-o", "mapping.csv")
    assert (said.code, said.out) == (2, "") and "mapping.csv is already there" in said.err
    assert Path("mapping.csv").read_text() == "reviewed"
    assert "a file named .csv" in map_it("-o", "mapping.yaml").err
    assert "cannot write" in map_it("-o", "nowhere/mapping.csv").err


def test_a_model_without_a_file_of_its_words_is_asked_once(snellen: Snellen, place: Path, tmp_path: Path) -> None:
    name = model(tmp_path / "net.py", "return Scores(('tabby', 'dog', 'kite'), (0.2, 0.3, 0.5))")
    said = snellen("map", name, "-d", place / "photos", "--json")
    assert table(said) == {"tabby": ("exact", "tabby"), "dog": ("exact", "dogs")}
    assert len((tmp_path / "net.log").read_text().splitlines()) == 1
    mute = model(tmp_path / "mute.py", "return Failure('no voice')")
    said = snellen("map", mute, "-d", place / "photos")
    assert said.code == 4 and "did not say what it recognises" in said.err and "no voice" in said.err


def test_predictions_made_elsewhere_have_a_vocabulary(snellen: Snellen, place: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("image,prediction\na.jpg,Tabby\nb.jpg,lynx\nc.jpg,dog\n")
    said = snellen("map", f"predictions/{tmp_path / 'mine.csv'}", "-d", place / "photos", "--json")
    assert table(said) == {"Tabby": ("exact", "tabby"), "dog": ("exact", "dogs")}


def test_wrong_use_is_told(snellen: Snellen, place: Path) -> None:
    assert "no data set is given" in snellen("map", f"onnx/{place}/net.onnx").err
    said = snellen("map", f"onnx/{place}/net.onnx", "-d", place / "photos", "--rules", "heads")
    assert said.code == 2 and "expected exact,head" in said.err
    hosted = snellen("map", f"onnx/{place}/none.onnx", "-d", place / "photos")
    assert hosted.code == 2 and hosted.out == ""


def test_a_model_of_texts_maps_what_no_rule_does_if_it_is_near_enough(snellen: Snellen, place: Path) -> None:
    pytest.importorskip("model2vec")
    drawn = draw_folder(place / "two", 2, ("circle", "star"))
    (drawn / "circle").rename(drawn / "kitten")
    (drawn / "star").rename(drawn / "dog")
    labels = ("cat", "small puppy", "bird", "gibberish", "dogs")
    model = write_model(place / "other", labels)
    static(place / "static")
    words = ("map", f"onnx/{model}", "-d", drawn, "--encoder", f"text/{place}/static")
    said = snellen(*words, "-o", place / "near.csv", "--threshold", "0.9")
    assert said.code == 0
    assert "kitten  embedding  cat\n" in said.out and "dog     embedding  small puppy\n" in said.out
    assert said.out.endswith("coverage: 2 of 2 classes (1 by name, 1 by embedding)\n")
    assert table(snellen(*words, "--threshold", "0.9999", "--json")) == {"dogs": ("exact", "dog")}
    with (place / "near.csv").open(newline="") as file:
        assert [*csv.reader(file)][1:] == [
            ["small puppy", "dog", "embedding"],
            ["dogs", "dog", "exact"],
            ["cat", "kitten", "embedding"],
        ]
    assert "cosine above 0" in snellen(*words, "--threshold", "0").err
    assert "makes no vectors of texts" in snellen(*words[:-1], f"onnx/{model}").err


def test_a_mapping_of_all_classes_serves_some_of_them_and_what_it_names_in_vain_is_told(
    snellen: Snellen, place: Path
) -> None:
    pytest.importorskip("onnxruntime")
    (place / "hand.csv").write_text("concept,class,by\nkite,toy kite\nreflex camera,camera,head\nlynx,dogs,mine\n")
    words = (
        "run",
        "-d",
        place / "photos",
        "-m",
        f"onnx/{place}/net.onnx",
        "--no-timing",
        "-q",
        "--classes",
        "tabby,camera",
    )
    said = snellen(*words, "-s", f"vocabulary,mapping={place}/hand.csv")
    assert said.code == 0
    assert "in the mapping, but no label of the model: lynx\n" in said.err
    (place / "wrong.csv").write_text("concept,class\nkite,toy kit\n")
    said = snellen(*words, "-s", f"vocabulary,mapping={place}/wrong.csv")
    assert said.code == 2 and "'kite' is mapped to 'toy kit', no class (did you mean 'toy kite'?)" in said.err
