"""What the tests of local models share: loading, asking, drawn pictures."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from snellen import plugins
from snellen.engines import hf
from snellen.images import Image
from snellen.types import Answer, Failure, Question

FAMILIES = (
    "gemma3",
    "idefics3",
    "internvl",
    "llava",
    "llava_next",
    "llava_next_llama3",
    "llava_onevision",
    "mllama",
    "paligemma",
    "phi4_multimodal",
    "qwen2_5_vl",
    "qwen2_vl",
    "qwen3_vl",
    "smolvlm",
)
# they read a caption's beginning or a question, and have no chat template
CAPTIONERS = ("blip", "blip2_opt", "blip2_t5", "florence2", "git", "instructblip")


def load(folder: Path, **options: Any) -> Any:
    """The engine of a checkpoint, on the CPU."""
    return hf.load(str(folder), plugins.configure(hf.Options, {"device": "cpu", **options}, "hf"))


def ask(engine: Any, questions: Sequence[tuple[Image | None, Question]]) -> list[Any]:
    """The answers in the order of the questions, asked as a runner does: as many at a time as the engine wants."""
    answers: dict[int, Answer | Failure] = {}
    asked = 0
    while len(answers) < len(questions):
        while asked < len(questions) and engine.room() > 0:
            engine.add(asked, *questions[asked])
            asked += 1
        done = engine.step(1.0)
        assert done, "a step with questions waiting answers at least one"
        for ticket, answer in done:
            assert ticket not in answers
            answers[ticket] = answer
    assert engine.step(0.0) == []
    return [answers[ticket] for ticket in range(len(questions))]


def noise(width: int, height: int, seed: int = 0) -> Image:
    """A picture of a few large patches of random colour."""
    patches = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(patches).resize((width, height), PIL.Image.Resampling.NEAREST).save(stream, "PNG")
    return Image(data=stream.getvalue())


def varied(count: int) -> list[Image]:
    """Pictures of many shapes: flat, tall, small, large."""
    sizes = ((60, 60), (200, 80), (80, 200), (300, 290), (40, 31), (150, 149), (320, 60))
    return [noise(*sizes[number % len(sizes)], seed=number) for number in range(count)]


def altered(folder: Path, place: Path, **files: bytes | str | None) -> Path:
    """A copy of a checkpoint with other files; `__` in a name stands for the dot, None takes a file away."""
    shutil.copytree(folder, place)
    for name, content in files.items():
        file = place / name.replace("__", ".")
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    return place
