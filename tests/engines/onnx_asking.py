"""Opens ONNX classifiers as a run does, and asks them about pictures."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from snellen import plugins
from snellen.engines import onnx
from snellen.images import Image
from snellen.types import Answer, Failure, Recognise, Scores

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
