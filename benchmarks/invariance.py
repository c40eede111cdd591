"""Whether answers depend on the company they are asked in: real photographs, batch sizes, trees and rows, full prompts.

    SNELLEN_TEST_DATA=… python benchmarks/invariance.py [FAMILY …] [--images 200] [--dtype float32]

Tiny random checkpoints as in the tests. Each photograph is asked 4 yes-no choices, a yes-no text and a closed set as a
text and as choices. Batch size 1 with trees is compared with every other way: a flip is another text or another best
choice; *furthest* is the largest difference of log-probabilities.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch

sys.path[:0] = [str(Path(__file__).parent.parent / "tests"), str(Path(__file__).parent.parent / "tests" / "engines")]

from local_models import ask, load  # noqa: E402

import checkpoints  # noqa: E402
from snellen.engines.hf import growth  # noqa: E402
from snellen.images import Image  # noqa: E402
from snellen.types import PHOTO, Choose, Generate, Question, Scores  # noqa: E402

BINARY = "Answer the question in one word: yes or no. Is the {} in this photo?"
CLOSED = "Question: What type of object is in this photo? Choose one from {}. Answer:"
WAYS = [(size, way) for way in ("trees", "rows") for size in (1, 7, 32)] + [(7, "full prompts")]


def questions(names: Sequence[str], seed: int) -> list[Question]:
    """Seven questions about one photograph."""
    rng = Random(seed)
    asked: list[Question] = [Choose((PHOTO, BINARY.format(name)), ("yes", "no")) for name in rng.sample(names, 4)]
    asked.append(Generate((PHOTO, BINARY.format(rng.choice(names))), 2))
    text = CLOSED.format(", ".join(rng.sample(names, len(names))))
    return [*asked, Generate((PHOTO, text), 5), Choose((PHOTO, text), tuple(names))]


def answered(folder: Path, asked: list[Any], size: int, way: str, dtype: str) -> list[Any] | None:
    """All answers, got in one way; None where the model does not go that way."""
    masked = growth.MASKED
    growth.MASKED = () if way == "rows" else masked
    try:
        sharing = "off" if way == "full prompts" else "auto"
        engine = load(folder, batch_size=size, prefix_sharing=sharing, dtype=dtype)
        if engine.facts()["prefix_sharing"] != ("off" if way == "full prompts" else "on"):
            return None
        return ask(engine, asked)
    finally:
        growth.MASKED = masked


def main() -> None:
    """Prints a line for each family and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=["qwen2_vl", "llava_next"], help=", ".join(checkpoints.FAMILIES))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    torch.set_num_threads(1)
    photos = sorted(Path(os.environ["SNELLEN_TEST_DATA"], "data/photos/caltech101-31").glob("*/*.jpg"))
    photos = Random(0).sample(photos, given.images)
    names = sorted({photo.parent.name.replace("_", " ").lower() for photo in photos})[:21]
    asked = [(Image(photo), each) for number, photo in enumerate(photos) for each in questions(names, number)]
    print(f"{len(photos)} photographs, {len(asked):,} answers, {given.dtype}\n")
    print("| family | way | batch size | flips | furthest |\n| --- | --- | ---: | ---: | ---: |")
    for family in given.families:
        with tempfile.TemporaryDirectory() as folder:
            checkpoints.build(family, Path(folder))
            first: list[Any] = []
            for size, way in WAYS:
                answers = answered(Path(folder), asked, size, way, given.dtype)
                if answers is None:
                    print(f"| {family} | {way} | {size} | not shared | – |", flush=True)
                    continue
                first = first or answers
                pairs = list(zip(first, answers, strict=True))
                scores = [(one, other) for one, other in pairs if isinstance(one, Scores)]
                flips = sum(one.best != other.best for one, other in scores)
                flips += sum(one.text != other.text for one, other in pairs if not isinstance(one, Scores))
                far = max(abs(a - b) for one, other in scores for a, b in zip(one.values, other.values, strict=True))
                print(f"| {family} | {way} | {size} | {flips} | {far:.1e} |", flush=True)


if __name__ == "__main__":
    main()
