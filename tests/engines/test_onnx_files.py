"""ONNX files, their labels and options: what they are taken for, and what is told of those that will not do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx_asking import MATRIX, NAMES, ask, opened, picture, scores

from onnx_models import field, graph, node, tensor, value_info, write_classifier
from snellen import plugins
from snellen.engines import onnx
from snellen.errors import Missing, WrongUse
from snellen.types import Scores


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.txt", "red\r\ngreen\r\nblue\r\nnone of them\r\n\r\n"),
        ("b.txt", "\ufeffn01440764 red\nn01443537 green\nn01484850 blue\nn01491361 none of them"),
        ("c.json", json.dumps(NAMES)),
        (
            "d.json",
            json.dumps({"model_type": "vit", "id2label": {"1": "green", "0": "red", "3": NAMES[3], "2": "blue"}}),
        ),
        ("e.json", json.dumps({"0": ["n0", "red"], "1": ["n1", "green"], "2": ["n2", "blue"], "3": ["n3", NAMES[3]]})),
    ],
)
def test_labels_files(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8", newline="")
    engine = opened(write_classifier(tmp_path / "m.onnx", MATRIX), None, labels=str(tmp_path / file))
    (answer,) = ask(engine, [picture("red")])
    assert isinstance(answer, Scores) and answer.choices == NAMES
    assert onnx.vocabulary(str(tmp_path / "m.onnx"), onnx.Options(labels=str(tmp_path / file))) == NAMES


def test_wordnet_ids_of_labels_are_kept_apart(tmp_path: Path) -> None:
    model, ids = str(tmp_path / "m.onnx"), ("n01440764", None, "n01484850")
    (tmp_path / "labels.txt").write_text("n01440764 tench\nbackground\nn01484850\tgreat white shark, white shark")
    assert onnx.synsets(model, onnx.Options()) == ids
    assert onnx.vocabulary(model, onnx.Options()) == ("tench", "background", "great white shark, white shark")
    pairs = [["n01440764", "tench"], "background", ["n01484850", "great white shark"]]
    (tmp_path / "labels.txt").write_text(json.dumps(dict(enumerate(pairs))))
    assert onnx.synsets(model, onnx.Options()) == ids


def test_identity_is_the_content_of_model_and_labels(tmp_path: Path) -> None:
    def identity(place: str, matrix: np.ndarray, names: str, external: bool = False) -> dict[str, Any]:
        folder = tmp_path / place
        folder.mkdir()
        data = folder / "weights.bin" if external else None
        write_classifier(folder / "m.onnx", matrix, external=data)
        (folder / "labels.txt").write_text(names)
        return onnx.identity(str(folder / "m.onnx"), onnx.Options())

    first = identity("a", MATRIX, "a\nb\nc\nd")
    assert identity("b", MATRIX, "a\nb\nc\nd\n") == first
    assert identity("c", MATRIX * 2, "a\nb\nc\nd") != first
    assert identity("d", MATRIX, "a\nb\nc\ne") != first
    outside = identity("e", MATRIX, "a\nb\nc\nd", external=True)
    assert set(outside["external"]) == {"weights.bin"}
    assert identity("f", MATRIX * 2, "a\nb\nc\nd", external=True) != outside
    engine = opened(tmp_path / "e" / "m.onnx", None)
    assert engine.facts()["parameters"] == 12
    assert scores(engine, [picture((255, 0, 0))])[0].argmax() == 0
    (tmp_path / "e" / "weights.bin").unlink()
    with pytest.raises(WrongUse, match=r"keeps its weights in weights\.bin"):
        onnx.identity(str(tmp_path / "e" / "m.onnx"), onnx.Options())


def test_where_and_how_fast_it_runs_is_no_part_of_the_identity() -> None:
    kept = plugins.changes_answers(onnx.Options())
    assert not {"labels", "batch_size", "threads", "device"} & set(kept)
    assert {"crop", "mean", "std", "scale", "size", "output", "interpolation", "layout"} == set(kept)
    assert plugins.changes_answers(onnx.Options(mean="0.5/0.5/0.5")) == plugins.changes_answers(
        onnx.Options(mean=(0.5, 0.5, 0.5))
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 0}, "crop"),
        ({"crop": 1.5}, "crop"),
        ({"std": "0"}, "std"),
        ({"std": "0.2/-1/0.2"}, "expected positive numbers"),
        ({"mean": "0.1/0.2"}, "expected a number, or three"),
        ({"mean": "bright"}, "expected a number, or three"),
        ({"mean": "nan"}, "expected a number, or three"),
        ({"scale": 0}, "scale"),
        ({"batch_size": 0}, "batch_size"),
        ({"threads": 0}, "threads"),
        ({"interpolation": "nearest"}, "interpolation"),
        ({"crops": 1}, "did you mean 'crop'"),
        ({"size": 9}, "size=9, but .* takes 8x8 pixels"),
        ({"layout": "nhwc"}, "takes 8 channels in layout=nhwc"),
        ({"labels": "nowhere.txt"}, r"there is no labels file nowhere\.txt"),
    ],
)
def test_wrong_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    with pytest.raises(WrongUse, match=message) as raised:
        opened(path, **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (("n", 3, "h", "w"), "any size; say which with size=224"),
        (("n", "a", "b", "c"), "say layout=nchw or layout=nhwc"),
        (("n", 5, 8, 8), "say layout=nchw or layout=nhwc"),
        (("n", 3, 64), "expected one input of four dimensions"),
    ],
)
def test_inputs_that_are_not_clear(tmp_path: Path, shape: Any, message: str) -> None:
    channels = shape[1] if isinstance(shape[1], int) else 3
    path = write_classifier(tmp_path / "m.onnx", np.ones((channels, 4)), shape=shape)
    with pytest.raises(WrongUse, match=message):
        opened(path)


def test_models_that_do_not_fit(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    with pytest.raises(WrongUse, match=r"gives 4 scores, but .*labels\.txt has 3 names"):
        opened(path, NAMES[:3])
    path.with_name("labels.txt").write_text(" \n")
    with pytest.raises(WrongUse, match="is empty; expected the names"):
        opened(path, None)
    path.with_name("labels.txt").write_text('{"0": "a", "2": "b"}')
    with pytest.raises(WrongUse, match="neither one name a line nor a JSON list"):
        opened(path, None)
    path.with_name("labels.txt").unlink()
    with pytest.raises(WrongUse, match=r"has no labels\.txt beside it; .* labels=FILE"):
        opened(path, None)
    two = [value_info(name, "float32", ["n", 3, 8, 8]) for name in ("first", "second")]
    added = graph([node("Add", ["first", "second"], "sum")], [], two, value_info("sum", "float32", ["n", 3, 8, 8]))
    path.write_bytes(added)
    with pytest.raises(WrongUse, match="expected one input of four dimensions"):
        opened(path)
    with pytest.raises(WrongUse, match="there is no model file"):
        opened(tmp_path / "gone.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"# Not a model\n" * 20, b"\x08\x08", b"\xff" * 50, field(1, 8) + field(7, b"\xff\xff\xff")]
)
def test_files_that_are_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    for use in (lambda: opened(tmp_path / "m.onnx"), lambda: onnx.identity(str(tmp_path / "m.onnx"), onnx.Options())):
        with pytest.raises(WrongUse, match="is not an ONNX model"):
            use()


def test_a_model_cut_short_or_of_unknown_operators(tmp_path: Path) -> None:
    whole = write_classifier(tmp_path / "m.onnx", MATRIX)
    (tmp_path / "cut.onnx").write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(WrongUse, match="is not an ONNX model"):
        opened(tmp_path / "cut.onnx")
    output = value_info("out", "float32", ["n", 4])
    shape = ["n", 3, 8, 8]
    unknown = graph([node("Divine", ["picture"], "out")], [], [value_info("picture", "float32", shape)], output)
    (tmp_path / "unknown.onnx").write_bytes(unknown)
    with pytest.raises(WrongUse, match="onnxruntime cannot load") as raised:
        opened(tmp_path / "unknown.onnx")
    assert "\n" not in str(raised.value)


def test_a_model_that_does_not_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nodes = [node("Flatten", ["picture"], "flat"), node("MatMul", ["flat", "matrix"], "out")]
    shape = ["n", 3, "h", "w"]
    weights = [tensor("matrix", np.zeros((48, 4), np.float32))]
    body = graph(nodes, weights, [value_info("picture", "float32", shape)], value_info("out", "float32", ["n", 4]))
    (tmp_path / "m.onnx").write_bytes(body)
    with pytest.raises(WrongUse, match="does not run on a 8x8 picture"):
        opened(tmp_path / "m.onnx", size=8)
    opened(tmp_path / "m.onnx", size=4).close()
    assert capfd.readouterr() == ("", "")


def test_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(Missing, match="has no CUDA"):
            opened(path, device="cuda")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Missing, match=r"pip install 'snellen\[onnx\]'"):
        opened(path)
