"""How fast encoders and conventional networks answer, beside a bare loop over the same model.

    python benchmarks/encoders.py PHOTOGRAPHS [--mobilenets FOLDER] [--repeats 3]

PHOTOGRAPHS is a folder of class folders with JPEG files; FOLDER holds ONNX classifiers with their labels.txt. Each
figure is the slope between few and many images, each measured in a process of its own, so that loading does not count;
decoding and preparing of the photographs do. *Bare loop*: Pillow, the library's own preparation, the model in batches
of the same size and on the same threads, its outputs as numbers. *Engine*: the engine under Snellen's runner. *Whole
run*: a study with its survey of the files, its worker process, its stored answers and records, without timing pass.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import PIL.Image

from snellen import plugins, study
from snellen.images import Image
from snellen.meters import environment
from snellen.plan import Request, resolve, strategy_plan
from snellen.runner import Ended, Runner
from snellen.types import Classes, Prediction

BATCH = 16
CASES = {  # name: provider, strategy, images of a long run in hundreds
    "MobileNet v1 0.25 128 (ONNX)": ("onnx", "vocabulary", 30),
    "MobileNet v2 1.0 224 (ONNX)": ("onnx", "vocabulary", 12),
    "ResNet-50 (transformers)": ("classifier", "vocabulary", 2),
    "CLIP ViT-B/32 (transformers)": ("clip", "embed", 2),
}
FILES = {
    "MobileNet v1 0.25 128 (ONNX)": "mobilenet_v1_0.25_128.onnx",
    "MobileNet v2 1.0 224 (ONNX)": "mobilenet_v2_1.0_224.onnx",
}
WAYS = ("bare loop", "engine", "whole run")


# One measurement, in this process


def bare(provider: str, model: str, photographs: Sequence[Path]) -> None:
    """The loop that one would write."""
    forward, size = onnx_loop(model) if provider == "onnx" else torch_loop(provider, model)
    for start in range(0, len(photographs), size):
        for row in forward([PIL.Image.open(path).convert("RGB") for path in photographs[start : start + size]]):
            assert len(row) > 100


def onnx_loop(model: str) -> tuple[Callable[[list[Any]], Any], int]:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # else it would cost twice as much here
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    (takes,) = session.get_inputs()
    side = takes.shape[2]

    def forward(pictures: list[Any]) -> Any:
        return session.run(None, {takes.name: np.stack([cells(picture) for picture in pictures])})[0].tolist()

    def cells(picture: Any) -> Any:
        crop = int(0.875 * min(picture.size))
        left, top = (picture.width - crop) // 2, (picture.height - crop) // 2
        picture = picture.crop((left, top, left + crop, top + crop)).resize((side, side), PIL.Image.Resampling.BILINEAR)
        return (np.asarray(picture, np.float32) / 127.5 - 1).transpose(2, 0, 1)

    return forward, takes.shape[0]


def torch_loop(provider: str, model: str) -> tuple[Callable[[list[Any]], Any], int]:
    import torch
    import transformers

    family = transformers.AutoModel if provider == "clip" else transformers.AutoModelForImageClassification
    network = family.from_pretrained(model).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(model, backend="pil")

    def forward(pictures: list[Any]) -> Any:
        with torch.inference_mode():
            inputs = processor(images=pictures, return_tensors="pt")
            if provider == "clip":
                return network.get_image_features(**inputs).pooler_output.tolist()
            return network(**inputs).logits.softmax(-1).tolist()

    return forward, BATCH


def engine(provider: str, model: str, photographs: Sequence[Path], strategy: Any) -> None:
    """The engine under the runner, as a worker runs it."""
    module = plugins.load("engines", provider)
    loaded = module.load(model, plugins.configure(module.Options, {"device": "cpu", "batch_size": BATCH}, model))
    runner, classes = Runner(loaded), Classes(("a", "b", "c"))
    waiting, predicted = enumerate(map(Image, photographs)), 0
    following = next(waiting, None)
    while runner.busy or following:
        while following and runner.room():
            number, image = following
            runner.start(number, image, {0: strategy.inquire(classes, None, Random(number))}, {})
            following = next(waiting, None)
        for event in runner.step(1.0):
            if isinstance(event, Ended):
                assert isinstance(event.result, Prediction), event.result
                predicted += 1
    assert predicted == len(photographs)
    loaded.close()


def whole_run(provider: str, model: str, folder: Path, count: int, strategy: str) -> None:
    """A study, its worker a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        spec = {"model": f"{provider}/{model}", "device": "cpu", "batch_size": BATCH}
        request = Request({"path": str(folder), "limit": count}, (spec,), (strategy,), out=out, timing=False)
        with closing(study.run(resolve(request))) as results:
            assert (results.rows[0].failed, results.rows[0].pending) == (0, 0)


def measure(case: str, way: str, model: str, folder: Path, count: int) -> None:
    """Prints the wall and the processor seconds of one way over so many images, loading included."""
    provider, name, _ = CASES[case]
    photographs = sorted(folder.glob("*/*.jpg"))[:count]
    begun = time.perf_counter()
    if way == "bare loop":
        bare(provider, model, photographs)
    elif way == "engine":
        engine(provider, model, photographs, strategy_plan(name).strategy)
    else:
        whole_run(provider, model, folder, count, name)
    print(json.dumps([time.perf_counter() - begun, sum(os.times()[:4])]))


# All of them


def seeing(place: Path) -> dict[str, str]:
    """The environment in which the strategy `embed` of small_encoders is an entry point."""
    known = place.parent / "embed-1.dist-info"
    known.mkdir(exist_ok=True)
    (known / "METADATA").write_text("Name: embed\nVersion: 1\n")
    (known / "entry_points.txt").write_text("[snellen.strategies]\nembed = small_encoders\n")
    paths = [str(place.parent), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def slope(case: str, way: str, model: str, folder: Path, repeats: int) -> tuple[float, float]:
    """Images a second and images a CPU-second; medians."""
    few, many = 32, 100 * CASES[case][2]
    found: list[tuple[float, float]] = []
    for _ in range(repeats):
        sides = []
        for count in (few, many):
            words = [sys.executable, __file__, str(folder), "--case", case, "--way", way, "--model", model]
            done = subprocess.run(
                [*words, "--count", str(count)], check=True, stdout=subprocess.PIPE, env=seeing(folder)
            )
            sides.append(json.loads(done.stdout.splitlines()[-1]))
        (wall, cpu), (more_wall, more_cpu) = sides
        found.append(((many - few) / (more_wall - wall), (many - few) / (more_cpu - cpu)))
    return statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found)


def lines(place: Path, folder: Path, mobilenets: Path | None, repeats: int, cases: Sequence[str]) -> Iterator[str]:
    from small_encoders import build_clip, build_resnet

    built = {"ResNet-50 (transformers)": build_resnet, "CLIP ViT-B/32 (transformers)": build_clip}
    yield "| network | way | images/s | of the bare loop | images per CPU-second | of the bare loop |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for case in cases:
        if case in built:
            model = place / CASES[case][0]
            built[case](model)
        elif mobilenets is None:
            continue
        else:
            model = mobilenets.resolve() / FILES[case]
        first: tuple[float, float] | None = None
        for way in WAYS:
            wall, cpu = slope(case, way, str(model), folder, repeats)
            first = first or (wall, cpu)
            yield f"| {case} | {way} | {wall:.1f} | {wall / first[0]:.0%} | {cpu:.1f} | {cpu / first[1]:.0%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--mobilenets", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--case", choices=CASES, action="append")
    for hidden in ("--way", "--model"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        measure(given.case[0], given.way, given.model, given.photographs, given.count)
        return
    from small_encoders import same_photographs

    where = environment()
    print(f"{where['cpu']}, {where['cores']} cores; " + ", ".join(f"{k} {v}" for k, v in where["packages"].items()))
    with tempfile.TemporaryDirectory() as place:
        have = len(list(given.photographs.glob("*/*.jpg")))
        same_photographs(
            given.photographs, Path(place) / "photographs", -(-100 * max(c[2] for c in CASES.values()) // have)
        )
        for line in lines(
            Path(place), Path(place) / "photographs", given.mobilenets, given.repeats, given.case or list(CASES)
        ):
            print(line, flush=True)


if __name__ == "__main__":
    main()
