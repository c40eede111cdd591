"""How much of a run is the model itself, and what twenty questions about an image cost beside one.

    python benchmarks/overhead.py [--images 24]

A Qwen2-VL of 175 million random weights on one thread, pictures drawn at 448 by 448 pixels (256 tokens). Each line is
a process of its own: loading, then the inquiries of a strategy through runner and engine, decoding and preparing of
the images included. *Model* is the processor time spent inside the model's own modules; what Snellen does for them (to
join what is kept of images, to build masks, to read answers) is not part of it.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import PIL.Image
import PIL.ImageDraw
import torch

from small_vlm import MEDIUM, build_checkpoint
from snellen import plugins
from snellen.engines import hf
from snellen.engines.hf import memory
from snellen.images import Image
from snellen.meters import environment, peak_rss_gb
from snellen.runner import Ended, Runner
from snellen.specs import strategy_plan
from snellen.types import Classes, Prediction

SIDE = 448
NAMES = (
    *("accordion", "airplane", "bonsai", "butterfly", "camera", "chair", "chandelier", "crab", "cup", "dolphin"),
    *("elephant", "helicopter", "ketch", "laptop", "lotus", "panda", "pizza", "starfish", "umbrella", "watch"),
)
LABELS = tuple(f"{one} {two}" for one in NAMES for two in (*NAMES, *(name + "s" for name in NAMES), *"abcdefghij"))
CASES = {
    "one question": ("binary,answer=choose,ahead=20", NAMES[:1]),
    "twenty questions": ("binary,answer=choose,ahead=20", NAMES),
    "twenty questions as texts": ("binary,max_tokens=1,ahead=20", NAMES),
    "twenty questions as texts, prefix_sharing=off": ("binary,max_tokens=1,ahead=20", NAMES),
    "closed set of 20": ("closed-set,max_tokens=5", NAMES),
    "likelihood of 20 labels": ("likelihood,prompt=open", NAMES),
    "likelihood of 1,000 labels": ("likelihood,prompt=open", LABELS),
}


def drawn(number: int) -> Image:
    """A picture of random shapes, as a JPEG file."""
    rng = random.Random(number)
    picture = PIL.Image.new("RGB", (SIDE, SIDE), tuple(rng.randrange(256) for _ in range(3)))
    draw = PIL.ImageDraw.Draw(picture)
    for _ in range(20):
        circle = (rng.randrange(SIDE), rng.randrange(SIDE), rng.randrange(20, 150))
        draw.regular_polygon(circle, 3 + rng.randrange(5), fill=tuple(rng.randrange(256) for _ in range(3)))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return Image(data=stream.getvalue())


def measure(folder: str, case: str, count: int) -> dict[str, Any]:
    """One case in this process."""
    torch.set_num_threads(1)
    spec, names = CASES[case]
    sharing = "off" if case.endswith("off") else "auto"
    engine: Any = hf.load(folder, plugins.configure(hf.Options, {"device": "cpu", "prefix_sharing": sharing}, "hf"))
    images = [drawn(number) for number in range(count)]
    answer(engine, spec, names, [drawn(10_000)])
    inside = clocked(engine)
    start, wall = time.process_time(), time.perf_counter()
    answer(engine, spec, names, images)
    whole, wall = time.process_time() - start, time.perf_counter() - wall
    return {
        "case": case,
        "images": count,
        "cpu": whole / count,
        "wall": wall / count,
        "model": inside[0] / count,
        "peak": peak_rss_gb(),
        **engine.facts(),
    }


def answer(engine: Any, spec: str, names: tuple[str, ...], images: list[Image]) -> None:
    """Asks about the images as a worker does; all must be predicted."""
    runner, classes = Runner({"model": engine}), Classes(names)
    strategy = strategy_plan(spec).strategy
    waiting, predicted = list(enumerate(images)), 0
    while runner.busy or waiting:
        while waiting and runner.room():
            number, image = waiting.pop(0)
            runner.start(number, image, {0: strategy.inquire(classes, None, Random(number))}, {})
        for event in runner.step(1.0):
            if isinstance(event, Ended):
                assert isinstance(event.result, Prediction), event.result
                predicted += 1
    assert predicted == len(images)


def clocked(engine: Any) -> list[float]:
    """The processor seconds inside the model from now on, without the joining of what is kept."""
    inside = [0.0]

    def clock(function: Callable[..., Any], sign: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **given: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **given)
            finally:
                inside[0] += sign * (time.process_time() - start)

        return timed

    model = engine._passes.model
    model.forward = clock(model.forward, 1)
    memory._Stacked.update = clock(memory._Stacked.update, -1)
    return inside


def shown(value: float | None, digits: int) -> str:
    """A number of the table; a dash for what was not measured."""
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Runs every case in a process of its own and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        print(json.dumps(measure(given.checkpoint, given.case, given.images)))
        return
    where = environment()
    print(f"{where['cpu']}, 1 thread; " + ", ".join(f"{name} {v}" for name, v in where["packages"].items()), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        texts = [strategy_plan("closed-set").strategy.template, *(f"Is the {name} in this photo?" for name in LABELS)]
        weights = build_checkpoint(Path(folder), texts, (28 * 28, SIDE * SIDE), MEDIUM)
        print(f"{weights:,} weights in float32\n")
        print("| case | images | CPU s an image | of one question | model CPU s | whole / model | peak GiB | of one |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        first: dict[str, Any] = {}
        for case in CASES:
            count = 1 if case.endswith("off") else min(4, given.images) if "1,000" in case else given.images
            words = [sys.executable, __file__, "--case", case, "--checkpoint", folder, "--images", str(count)]
            alone = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
            done = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, env=alone).stdout)
            first = first or done
            # generating from full prompts encodes the images before it enters the model
            model = (None, None) if case.endswith("off") else (done["model"], done["cpu"] / done["model"])
            print(
                f"| {case} | {count} | {done['cpu']:.2f} | {done['cpu'] / first['cpu']:.2f} | {shown(model[0], 2)} | "
                f"{shown(model[1], 3)} | {done['peak']:.2f} | {done['peak'] / first['peak']:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
