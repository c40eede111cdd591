"""ONNX classifiers: what they are given and what is made of their outputs, with models that can be computed by hand."""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import PIL.Image
import pytest

from onnx_models import field, graph, node, tensor, value_info, write_classifier
from snellen import plugins
from snellen.engines import onnx
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.types import Answer, Failure, Generate, Recognise, Scores

NAMES = ("red", "green", "blue", "none of them")
MATRIX = np.asarray([[4, 0, 0, 1], [0, 4, 0, 1], [0, 0, 4, 1]], dtype=np.float32)


def picture(colour: Any, size: tuple[int, int] = (40, 30)) -> Image:
    """A picture of one colour as PNG bytes."""
    return encoded(PIL.Image.new("RGB", size, colour))


def encoded(pixels: PIL.Image.Image) -> Image:
    file = io.BytesIO()
    pixels.save(file, "PNG")
    return Image(data=file.getvalue())


def noise(count: int) -> list[Image]:
    rng = np.random.default_rng(1)
    shapes = [(int(rng.integers(9, 60)), int(rng.integers(9, 60)), 3) for _ in range(count)]
    return [encoded(PIL.Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))) for shape in shapes]


def opened(path: Path, names: Iterable[str] | None = NAMES, **options: Any) -> Any:
    if names is not None:
        path.with_name("labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return onnx.load(str(path), plugins.configure(onnx.Options, options, f"onnx/{path}"))


def ask(engine: Any, images: Iterable[Image]) -> list[Answer | Failure]:
    """All answers, asked as the runner does: as many as there is room for, then a step."""
    waiting = iter(enumerate(images))
    answers: dict[int, Answer | Failure] = {}
    asked = 0
    while True:
        while engine.room() > 0 and (following := next(waiting, None)) is not None:
            engine.add(*following, Recognise())
            asked += 1
        if asked == len(answers):
            break
        answers.update(engine.step(1.0))
    engine.close()
    return [answers[ticket] for ticket in sorted(answers)]


def scores(engine: Any, images: Iterable[Image]) -> np.ndarray:
    answers = ask(engine, images)
    assert all(isinstance(answer, Scores) for answer in answers), answers
    return np.asarray([answer.values for answer in answers if isinstance(answer, Scores)])


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
