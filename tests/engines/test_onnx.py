"""ONNX classifiers: what they are given and what is made of their outputs, with models that can be computed by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import PIL.Image
import pytest
from onnx_asking import MATRIX, NAMES, ask, encoded, noise, opened, picture, scores

from onnx_models import write_classifier
from snellen.engines import onnx
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Failure, Generate, Recognise, Scores


def softmax(row: np.ndarray) -> np.ndarray:
    return np.exp(row) / np.exp(row).sum()


@pytest.mark.parametrize(
    ("shape", "channels_last", "dtype", "options"),
    [
        (("n", 3, 8, 8), False, "float32", {}),
        ((1, 3, 8, 8), False, "float32", {}),
        ((4, 3, 8, 8), False, "float32", {}),
        (("n", 8, 12, 3), True, "float32", {}),
        (("n", 3, 8, 8), False, "float16", {}),
        (("n", "num_channels", "height", "width"), False, "float32", {"size": 8}),
        (("n", "a", "b", "c"), True, "float32", {"size": 8, "layout": "nhwc"}),
    ],
)
def test_scores_of_every_layout_and_type(
    tmp_path: Path, shape: Any, channels_last: bool, dtype: str, options: dict[str, Any]
) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX, shape=shape, channels_last=channels_last, dtype=dtype)
    colours = [(255, 0, 0), (0, 255, 0), (10, 20, 200), (128, 128, 128), (0, 0, 0), (255, 255, 255)]
    expected = [softmax((np.asarray(colour) / 127.5 - 1) @ MATRIX) for colour in colours]
    engine = opened(path, **options)
    answers = ask(engine, [picture(colour) for colour in colours])
    got = np.asarray([answer.values for answer in answers if isinstance(answer, Scores)])
    assert got == pytest.approx(np.asarray(expected), abs=2e-3 if dtype == "float16" else 1e-6)
    assert [answer.best for answer in answers if isinstance(answer, Scores)][:3] == ["red", "green", "blue"]
    assert all(answer.choices == NAMES and answer.usage.seconds for answer in answers if isinstance(answer, Scores))


def test_bytes_are_given_as_they_are(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX / 255, dtype="uint8")
    assert scores(opened(path), [picture((255, 0, 0))])[0] == pytest.approx(softmax(MATRIX[0]), abs=1e-6)
    with pytest.raises(WrongUse, match="takes bytes, which cannot be normalised"):
        opened(path, mean=0.5)


def test_gray_input(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", np.asarray([[2.0, -1.0]]), shape=("n", 1, 28, 28))
    got = scores(opened(path, ["light", "dark"]), [picture((255, 255, 255))])[0]
    assert got == pytest.approx(softmax(np.asarray([2.0, -1.0])), abs=1e-6)
    with pytest.raises(WrongUse, match="give one number for mean and std, not three"):
        opened(path, None, mean="0.1/0.2/0.3")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0, 0.0, -1.0]),
        ({"mean": "0.485/0.456/0.406", "std": "0.229/0.224/0.225"}, [2.2489083, 0.2051821, -1.8044444]),
        ({"mean": [0.485, 0.456, 0.406], "std": "0.229, 0.224 0.225"}, [2.2489083, 0.2051821, -1.8044444]),
        ({"mean": 0, "std": "1"}, [1.0, 0.5019608, 0.0]),
        ({"scale": "1", "mean": 0, "std": 1}, [255, 128, 0]),
    ],
)
def test_normalisation(tmp_path: Path, options: dict[str, Any], expected: list[float]) -> None:
    path = write_classifier(tmp_path / "m.onnx", np.eye(3))
    got = scores(opened(path, NAMES[:3], output="probabilities", **options), [picture((255, 128, 0))])[0]
    assert got == pytest.approx(expected, abs=5e-3 if not options else 1e-5)


def test_the_default_crop_leaves_out_the_border(tmp_path: Path) -> None:
    framed = PIL.Image.new("RGB", (160, 80), (255, 0, 0))
    framed.paste((0, 255, 0), (45, 5, 115, 75))  # 0.875 of 80 is 70
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    green = softmax(np.asarray([-1, 1, -1]) @ MATRIX)
    assert scores(opened(path), [encoded(framed)])[0] == pytest.approx(green, abs=1e-6)
    assert scores(opened(path, crop=1), [encoded(framed)])[0][0] > green[0] + 1e-4


def test_an_oblong_input_gets_an_oblong_crop(tmp_path: Path) -> None:
    framed = PIL.Image.new("RGB", (80, 120), (255, 0, 0))
    framed.paste((0, 255, 0), (0, 40, 80, 80))
    path = write_classifier(tmp_path / "m.onnx", MATRIX, shape=("n", 3, 4, 8))
    assert scores(opened(path, crop=1), [encoded(framed)])[0].argmax() == 1
    assert scores(opened(path, crop=1), [picture((0, 255, 0), (1, 300))])[0].argmax() == 1


def test_probabilities_are_kept_and_logits_are_not(tmp_path: Path) -> None:
    logits = write_classifier(tmp_path / "logits.onnx", MATRIX)
    probabilities = write_classifier(tmp_path / "probabilities.onnx", MATRIX, softmax=True)
    images = noise(5)
    expected = scores(opened(logits), images)
    assert scores(opened(probabilities), images) == pytest.approx(expected, abs=1e-6)
    raw = scores(opened(logits, output="probabilities"), images)
    assert raw.min() < 0
    twice = scores(opened(probabilities, output="logits"), images)
    assert twice[0] == pytest.approx(softmax(expected[0]), abs=1e-6)


@pytest.mark.parametrize("fixed", ["n", 1, 8])
def test_the_batch_size_does_not_change_scores(tmp_path: Path, fixed: Any) -> None:
    matrix = np.random.default_rng(2).normal(size=(3, 50))
    path = write_classifier(tmp_path / "m.onnx", matrix, shape=(fixed, 3, 16, 16))
    names = [str(number) for number in range(50)]
    images = noise(21)
    one, eight = opened(path, names, batch_size=1), opened(path, names, batch_size="8")
    assert one.facts()["batch_size"] == (1 if fixed == "n" else fixed)
    assert eight.facts()["batch_size"] == (8 if fixed == "n" else fixed)
    assert np.abs(scores(one, images) - scores(eight, images)).max() < 1e-6


def test_an_unreadable_image_is_a_failure_and_costs_no_other(tmp_path: Path) -> None:
    images = noise(12)
    expected = scores(opened(write_classifier(tmp_path / "m.onnx", MATRIX)), images)
    broken = Image(data=images[0].data[:60])
    answers = ask(opened(tmp_path / "m.onnx"), [*images[:3], broken, *images[3:], Image(tmp_path / "gone.png")])
    reasons = [answer.reason for answer in answers if isinstance(answer, Failure)]
    assert [index for index, answer in enumerate(answers) if isinstance(answer, Failure)] == [3, 13]
    assert all(reasons) and "cannot be read" in reasons[1]
    kept = [answer.values for answer in answers if isinstance(answer, Scores)]
    assert np.asarray(kept) == pytest.approx(expected, abs=1e-6)


class Narrow:
    """A session that fails above some number of pictures, or where one of them is white."""

    def __init__(self, session: Any, most: int, reason: str) -> None:
        self._session = session
        self._most = most
        self._reason = reason
        self.sizes: list[int] = []

    def run(self, names: None, given: dict[str, np.ndarray]) -> Any:
        (batch,) = given.values()
        self.sizes.append(len(batch))
        if len(batch) > self._most or (batch == 1).all(axis=(1, 2, 3)).any():
            raise RuntimeError(self._reason)
        return self._session.run(names, given)


@pytest.mark.parametrize(
    ("most", "reason", "size"), [(99, "odd picture", 8), (3, "too many", 8), (3, "Failed to allocate memory for it", 2)]
)
def test_a_batch_that_fails_is_run_in_halves(tmp_path: Path, most: int, reason: str, size: int) -> None:
    path = write_classifier(tmp_path / "m.onnx", MATRIX)
    images = noise(20)
    expected = scores(opened(path), images)
    if size == 8:
        images[5] = picture("white")
    engine = opened(path)
    narrow = Narrow(engine._network._session, most, reason)
    engine._network._session = narrow
    answers = ask(engine, images)
    failed = {index: answer.reason for index, answer in enumerate(answers) if isinstance(answer, Failure)}
    assert failed == ({5: f"the model failed: OnnxruntimeError: {reason}"} if size == 8 else {})
    kept = np.asarray([answer.values for answer in answers if isinstance(answer, Scores)])
    assert kept == pytest.approx(np.delete(expected, list(failed), axis=0), abs=1e-6)
    assert engine.facts()["batch_size"] == size
    if size == 2:
        assert narrow.sizes[:3] == [8, 4, 2] and set(narrow.sizes[3:]) == {2}


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_classifier(tmp_path / "m.onnx", MATRIX)
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    options = onnx.Options(labels="~/names.txt")
    assert onnx.identity("~/m.onnx", options) == onnx.identity(str(tmp_path / "m.onnx"), options)
    onnx.load("~/m.onnx", options).close()


def test_scores_that_are_no_numbers_are_a_failure(tmp_path: Path) -> None:
    path = write_classifier(tmp_path / "m.onnx", np.full((3, 2), 3e38))
    (answer,) = ask(opened(path, ["a", "b"], mean=0), [picture((255, 255, 255))])
    assert isinstance(answer, Failure)
    assert "no finite numbers" in answer.reason


def test_another_question_is_refused(tmp_path: Path) -> None:
    engine = opened(write_classifier(tmp_path / "m.onnx", MATRIX))
    with pytest.raises(TypeError, match="answers Recognise"):
        engine.add(0, picture("red"), Generate(("What?",), 5))
    with pytest.raises(ValueError, match="asks about a picture, and none is given"):
        engine.add(0, None, Recognise())
    engine.close()


def test_it_keeps_some_batches_waiting(tmp_path: Path) -> None:
    engine = opened(write_classifier(tmp_path / "m.onnx", MATRIX), batch_size=8)
    assert 2 * 8 <= engine.room() <= 4 * 8 + 16
    for ticket, image in enumerate(noise(10)):
        engine.add(ticket, image, Recognise())
    assert [ticket for ticket, _ in engine.step(0.0)] == list(range(8))
    assert [ticket for ticket, _ in engine.step(0.0)] == [8, 9]
    assert engine.step(0.0) == []
    engine.close()


def test_facts(tmp_path: Path) -> None:
    engine = opened(write_classifier(tmp_path / "m.onnx", MATRIX))
    assert engine.facts() == {"parameters": 12, "dtype": "float32", "device": "cpu", "batch_size": 8}
    engine.close()


# Real classifiers


MOBILENETS = ("mobilenet_v1_0.25_128", "mobilenet_v1_0.5_160", "mobilenet_v2_1.0_224")


@pytest.mark.parametrize("name", MOBILENETS)
def test_real_classifiers_give_what_their_own_preprocessing_gives(real_data: Path, name: str) -> None:
    model = real_data / "models" / "imagenet-mobilenet" / f"{name}.onnx"
    photos = sorted((real_data / "data" / "photos" / "caltech101-31").glob("*/*.jpg"))[::5]
    side = int(name.rsplit("_", 1)[1])
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    expected = []
    for photo in photos:
        pixels = PIL.Image.open(photo).convert("RGB")
        crop = int(0.875 * min(pixels.size))
        left, top = (pixels.width - crop) // 2, (pixels.height - crop) // 2
        pixels = pixels.crop((left, top, left + crop, top + crop)).resize((side, side), PIL.Image.Resampling.BILINEAR)
        values = np.asarray(pixels, np.float32) / 127.5 - 1
        expected.append(session.run(None, {"input": values.transpose(2, 0, 1)[None]})[0][0])
    engine = onnx.load(str(model), onnx.Options())
    assert engine.facts()["batch_size"] == 1
    got = scores(engine, (Image(photo) for photo in photos))
    assert np.abs(got - np.asarray(expected)).max() < 1e-5
    assert got.shape == (93, 1001)


def test_real_classifiers_count_their_parameters(real_data: Path) -> None:
    folder = real_data / "models" / "imagenet-mobilenet"
    counts = [onnx.weights.parameters(folder / f"{name}.onnx")[0] or 0 for name in MOBILENETS]
    published = [0.47e6, 1.34e6, 3.47e6]  # the papers' tables, to their three digits
    assert all(abs(a / b - 1) < 0.02 for a, b in zip(counts, published, strict=True)), counts
    assert counts == sorted(counts)
    assert all(a != b for a, b in itertools.pairwise(counts))
