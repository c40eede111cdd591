"""The features of ONNX classifiers: found in the graph, named, or none; and what the scores become with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from local_models import ask, varied

from onnx_models import graph, node, tensor, value_info, write_classifier
from snellen import plugins
from snellen.engines import onnx
from snellen.engines.onnx.features import features_of, with_output
from snellen.engines.onnx.weights import read_graph
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.local.encoding import softmax
from snellen.types import Embed, EmbedText, Failure, Recognise, Scores, Vector

MATRIX = np.asarray([[4, 0, 0, 1], [0, 4, 0, 1], [0, 0, 4, 1]], dtype=np.float32)
IMAGES = varied(5)


def opened(path: Path, outputs: int = 4, **options: Any) -> Any:
    path.with_name("labels.txt").write_text("\n".join(f"name {number}" for number in range(outputs)))
    return onnx.load(str(path), plugins.configure(onnx.Options, options, f"onnx/{path}"))


def written(
    path: Path, nodes: Sequence[bytes], weights: Sequence[bytes], shape: Sequence[Any] = ("n", 3, 8, 8)
) -> Path:
    output = value_info("out", "float32", ["n", 4])
    path.write_bytes(graph(nodes, weights, [value_info("picture", "float32", shape)], output))
    return path


def both(engine: Any, images: Sequence[Image]) -> tuple[Any, Any]:
    """The scores and the features of the images, asked for together."""
    answers = ask(engine, [(image, kind) for image in images for kind in (Recognise(), Embed())])
    assert all(isinstance(answer, Scores | Vector) for answer in answers), answers
    return tuple(np.asarray([answer.values for answer in answers[part::2]]) for part in (0, 1))


@pytest.mark.parametrize("softmaxed", [False, True])
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_features_are_what_goes_into_the_last_layer(tmp_path: Path, softmaxed: bool, batch: Any) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX, shape=(batch, 3, 8, 8), softmax=softmaxed)
    engine = opened(path)
    scores, features = both(engine, IMAGES)
    assert features.shape == (5, 3)
    assert features == pytest.approx(
        np.stack([engine._network.prepare(image).mean(axis=(1, 2)) for image in IMAGES]), abs=1e-6
    )
    assert scores == pytest.approx(softmax(features @ MATRIX), abs=1e-6)
    assert ask(engine, [(IMAGES[0], Recognise())])[0].values == pytest.approx(scores[0], abs=1e-7)
    (refused,) = ask(engine, [(None, EmbedText("a cat"))])
    assert isinstance(refused, Failure) and "reads no texts" in refused.reason


def test_weights_outside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = both(opened(write_classifier(tmp_path / "whole.onnx", MATRIX)), IMAGES)
    write_classifier(tmp_path / "m.onnx", MATRIX, external=tmp_path / "weights.bin")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "m.onnx", Path("m.onnx")):
        found = both(opened(path), IMAGES)
        assert np.array_equal(found[0], whole[0]) and np.array_equal(found[1], whole[1])


def test_a_convolution_of_one_by_one_is_a_layer_and_a_larger_one_is_none(tmp_path: Path) -> None:
    def convolution(size: int) -> Path:
        nodes = [
            node("AveragePool", ["picture"], "halved", kernel_shape=[4, 4], strides=[4, 4]),
            node("Conv", ["halved", "kernel"], "places"),
            node("GlobalAveragePool", ["places"], "pooled"),
            node("Add", ["pooled", "bias"], "added"),
            node("Flatten", ["added"], "out"),
        ]
        kernel = np.zeros((4, 3, size, size), np.float32)
        kernel[:, :, 0, 0] = MATRIX.T
        weights = [tensor("kernel", kernel), tensor("bias", np.ones((1, 4, 1, 1), np.float32))]
        return written(tmp_path / f"{size}.onnx", nodes, weights)

    scores, features = both(opened(convolution(1)), IMAGES)
    assert scores == pytest.approx(softmax(features @ MATRIX + 1), abs=1e-6)
    assert onnx.refuses(str(convolution(1)), onnx.Options()) == {}
    assert set(onnx.refuses(str(convolution(2)), onnx.Options())) == {Embed}


def test_none_is_found_where_two_ways_lead_to_the_scores(tmp_path: Path) -> None:
    nodes = [
        node("GlobalAveragePool", ["picture"], "pooled"),
        node("Flatten", ["pooled"], "means"),
        node("MatMul", ["means", "one"], "first"),
        node("MatMul", ["means", "two"], "second"),
        node("Add", ["first", "second"], "out"),
    ]
    path = written(tmp_path / "m.onnx", nodes, [tensor("one", MATRIX), tensor("two", MATRIX)])
    ((kind, reason),) = onnx.refuses(str(path), onnx.Options()).items()
    assert kind is Embed and reason.endswith("name the tensor of its features with features=NAME")
    scores, failure = ask(opened(path), [(IMAGES[0], Recognise()), (IMAGES[0], Embed())])
    assert isinstance(scores, Scores) and failure == Failure(reason)
    _, features = both(opened(path, features="means"), IMAGES)
    _, pooled = both(opened(path, features="pooled"), IMAGES)
    assert features.shape == (5, 3) and np.array_equal(features, pooled)
    assert onnx.refuses(str(path), onnx.Options(features="means")) == {}
    with pytest.raises(WrongUse, match=r"features=mean: .* has no such tensor \(did you mean 'means'\?\)"):
        opened(path, features="mean")
    with pytest.raises(WrongUse, match=r"has no such tensor; its last ones are .*second, out"):
        opened(path, features="zzz")


def test_a_tensor_that_is_an_output_already_and_none_at_all(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    _, logits = both(opened(path, features="outputs"), IMAGES)
    assert logits.shape == (5, 4)
    assert onnx.refuses(str(path), onnx.Options(features="off")) == {Embed: "features=off"}
    assert ask(opened(path, features="off"), [(IMAGES[0], Embed())]) == [Failure("features=off")]


def test_only_a_name_that_is_given_is_part_of_the_identity(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    opened(path).close()
    auto, off, named = (onnx.identity(str(path), onnx.Options(features=name)) for name in ("auto", "off", "means"))
    assert auto == off != named == {**auto, "features": "means"}


def test_the_vocabulary_is_read_from_the_labels(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    opened(path).close()
    assert onnx.vocabulary(str(path), onnx.Options()) == ("name 0", "name 1", "name 2", "name 3")


@pytest.mark.parametrize(
    ("name", "length"), [("mobilenet_v1_0.25_128", 256), ("mobilenet_v1_0.5_160", 512), ("mobilenet_v2_1.0_224", 1280)]
)
def test_features_of_real_classifiers_times_their_weights_are_their_scores(
    real_data: Path, name: str, length: int
) -> None:
    """Their values are in 8 bits: scores are whole steps of 1/256, and logits of the last layer's own step."""
    path = real_data / "models" / "imagenet-mobilenet" / f"{name}.onnx"
    photographs = [Image(photo) for photo in sorted((real_data / "data/photos/caltech101-31").glob("*/*.jpg"))[::12]]
    scores, features = both(onnx.load(str(path), onnx.Options()), photographs)
    assert features.shape == (len(photographs), length)
    plain = ask(onnx.load(str(path), onnx.Options(features="off")), [(image, Recognise()) for image in photographs])
    assert np.array_equal(scores, np.asarray([answer.values for answer in plain]))
    weights, bias = _last_weights(path)
    logits = features @ weights.T + bias
    assert (logits.argmax(1) == scores.argmax(1)).mean() >= 0.8
    assert np.abs(softmax(logits) - scores).max() < 0.1
    assert np.corrcoef(softmax(logits).ravel(), scores.ravel())[0, 1] > 0.99


def _last_weights(path: Path) -> tuple[Any, Any]:
    """The weights of the last layer, [output, value], as onnxruntime dequantises them; and its bias."""
    convolution = [each for each in read_graph(path).nodes if each.operator == "Conv"][-1]
    model = path.read_bytes()
    for each in convolution.inputs[1:]:
        model = with_output(model, each)
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, settings)
    shape = session.get_inputs()[0].shape
    weights, bias = session.run(list(convolution.inputs[1:]), {"input": np.zeros(shape, np.float32)})
    return weights[:, :, 0, 0], bias


def test_features_is_none_of_a_graph_that_goes_round(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", [node("Identity", ["out"], "out")], [])
    assert features_of(path, "auto") is None
    path = written(tmp_path / "n.onnx", [node("MatMul", ["a", "b"], "out"), node("Neg", ["b"], "b")], [])
    assert features_of(path, "auto") is None


def test_features_of_a_graph_with_thousands_of_operators(tmp_path: Path) -> None:
    nodes = [node("Relu", [f"t{number}"], f"t{number + 1}") for number in range(3000)]
    nodes[0] = node("Relu", ["picture"], "t1")
    nodes += [
        node("GlobalAveragePool", ["t3000"], "pooled"),
        node("Flatten", ["pooled"], "means"),
        node("MatMul", ["means", "matrix"], "out"),
    ]
    found = features_of(written(tmp_path / "m.onnx", nodes, [tensor("matrix", MATRIX)]), "auto")
    assert found is not None and found.name == "means"
