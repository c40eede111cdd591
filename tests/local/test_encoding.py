"""The engine of networks that see one picture at a time: passes, batches, failures; with a network computed by hand."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from snellen.images import Image
from snellen.local.encoding import Array, Encoder, softmax
from snellen.types import Embed, EmbedText, Failure, Generate, Question, Recognise, Scores, Vector


class Colours:
    """Sees the mean colour; reads the length of a text. It fails above `most` items and of what is in `odd`."""

    labels = ("red", "green", "blue")

    def __init__(self, most: int = 99, reason: str = "too many", odd: Any = None) -> None:
        self.most, self.reason, self.odd = most, reason, odd
        self.passes: list[tuple[int, set[type]]] = []
        self.prepared = 0

    def prepare(self, image: Image) -> Array:
        self.prepared += 1
        picture = image.pixels()
        if picture.width == 1:
            raise KeyError("too narrow")
        return np.asarray(picture, np.float64).mean(axis=(0, 1)) / 255

    def see(self, prepared: Sequence[Array], kinds: frozenset[type]) -> Mapping[type, Array]:
        self._pass(prepared, set(kinds), any(row[0] == 1 for row in prepared) if self.odd == "red" else False)
        rows = np.asarray(prepared)
        rows = np.where(rows == 0, np.nan, rows) if self.odd == "black" else rows
        return {Recognise: softmax(rows), Embed: rows}

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        self._pass(texts, {str}, self.odd in texts)
        return np.asarray([[len(text), 1.0] for text in texts]), 100.0, None

    def _pass(self, items: Sequence[Any], kinds: set[type], fails: bool) -> None:
        self.passes.append((len(items), kinds))
        if fails or len(items) > self.most:
            raise RuntimeError(self.reason)

    def facts(self) -> Mapping[str, Any]:
        return {"parameters": 0}

    def close(self) -> None:
        self.passes.clear()


def picture(colour: Any, size: tuple[int, int] = (4, 3)) -> Image:
    stream = io.BytesIO()
    PIL.Image.new("RGB", size, colour).save(stream, "PNG")
    return Image(data=stream.getvalue())


SHADES = [picture((10 * number, 5, 200)) for number in range(20)]


def ask(engine: Encoder, asked: Sequence[tuple[Image | None, Question]]) -> list[Any]:
    for ticket, (image, question) in enumerate(asked):
        engine.add(ticket, image, question)
    answers: dict[int, Any] = {}
    while len(answers) < len(asked):
        done = dict(engine.step(1.0))
        assert done and not done.keys() & answers.keys()
        answers |= done
    assert not engine.step(0.0)
    return [answers[ticket] for ticket in range(len(asked))]


def test_all_that_is_asked_about_a_picture_is_answered_in_one_pass() -> None:
    engine = Encoder(network := Colours(), 8)
    asked = [(image, question) for image in SHADES for question in (Recognise(), Embed())]
    answers = ask(engine, asked)
    assert network.passes == [(8, {Recognise, Embed}), (8, {Recognise, Embed}), (4, {Recognise, Embed})]
    assert network.prepared == 20
    for number, (scores, vector) in enumerate(zip(answers[::2], answers[1::2], strict=True)):
        colour = np.asarray([10 * number, 5, 200]) / 255
        assert isinstance(scores, Scores) and scores.choices == Colours.labels
        assert scores.values == pytest.approx(softmax(colour[None])[0], abs=1e-7)
        assert isinstance(vector, Vector) and vector.values == pytest.approx(colour, abs=1e-7)
        assert vector.scale is None and scores.usage == vector.usage and scores.usage.seconds
    engine.close()


def test_texts_go_apart_and_tell_how_they_are_compared() -> None:
    engine = Encoder(network := Colours(), 3)
    texts = [("x" * number) for number in range(7)]
    answers = ask(engine, [*((None, EmbedText(text)) for text in texts), (SHADES[0], Embed())])
    assert network.passes == [(3, {str}), (3, {str}), (1, {str}), (1, {Embed})]
    assert [answer.values[0] for answer in answers[:7]] == list(range(7))
    assert {(answer.scale, answer.bias) for answer in answers[:7]} == {(100.0, None)}
    engine.close()


@pytest.mark.parametrize(
    ("fixed", "most", "reason", "size"),
    [(False, 3, "too many", 8), (False, 3, "CUDA out of memory.", 2), (True, 3, "std::bad_alloc", 8)],
)
def test_a_batch_that_fails_is_run_in_halves(fixed: bool, most: int, reason: str, size: int) -> None:
    engine = Encoder(network := Colours(most, reason), 8, fixed=fixed)
    answers = ask(engine, [(image, Embed()) for image in SHADES])
    assert [answer.values[0] for answer in answers] == pytest.approx([10 * number / 255 for number in range(20)])
    assert [count for count, _ in network.passes[:3]] == [8, 4, 2]
    assert engine.facts() == {"parameters": 0, "batch_size": size}
    engine.close()


def test_what_fails_alone_is_a_failure_and_costs_no_other() -> None:
    broken, narrow, gone = (
        Image(data=SHADES[0].data[:-20]),
        picture("blue", (1, 9)),
        Image(Path(sys.prefix) / "gone.png"),
    )
    red = picture("red")
    engine = Encoder(Colours(odd="red", reason="it is red"), 8)
    images = [*SHADES[:3], broken, narrow, red, gone, *SHADES[3:6]]
    answers = ask(engine, [(image, Recognise()) for image in images])
    failed = {place: answer.reason for place, answer in enumerate(answers) if isinstance(answer, Failure)}
    assert list(failed) == [3, 4, 5, 6]
    assert "cannot be decoded" in failed[3] or "truncated" in failed[3]
    assert failed[4] == "the picture cannot be prepared: KeyError: 'too narrow'"
    assert failed[5] == "the model failed: RuntimeError: it is red"
    assert "cannot be read" in failed[6]
    engine.close()
    engine = Encoder(Colours(odd="odd"), 8)
    answers = ask(engine, [(None, EmbedText(text)) for text in ("a", "odd", "b")])
    assert [isinstance(answer, Failure) for answer in answers] == [False, True, False]
    engine.close()


def test_numbers_that_are_none_are_failures_of_that_picture() -> None:
    engine = Encoder(Colours(odd="black"), 8)
    answers = ask(engine, [(picture(colour), kind) for colour in ("black", "white") for kind in (Recognise(), Embed())])
    assert [getattr(answer, "reason", None) for answer in answers] == [
        "the model gave scores that are no finite numbers",
        "the model gave features that are no finite numbers",
        None,
        None,
    ]
    engine.close()


def test_what_a_network_cannot_answer_is_a_failure_with_the_reason() -> None:
    engine = Encoder(network := Colours(), 8, {Recognise: "has no head", EmbedText: "reads no texts"})
    room = engine.room()
    answers = ask(engine, [(SHADES[0], Recognise()), (None, EmbedText("a")), (SHADES[0], Embed())])
    assert answers[:2] == [Failure("has no head"), Failure("reads no texts")]
    assert isinstance(answers[2], Vector) and network.passes == [(1, {Embed})]
    assert engine.room() == room
    with pytest.raises(TypeError, match="answers Recognise, Embed and EmbedText, not Generate"):
        engine.add(0, SHADES[0], Generate(("What?",), 5))
    with pytest.raises(ValueError, match="asks about a picture, and none is given"):
        engine.add(0, None, Embed())
    engine.close()


def test_it_is_to_be_had_without_torch() -> None:
    code = "import sys, snellen.local.encoding, snellen.engines.onnx.loading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
