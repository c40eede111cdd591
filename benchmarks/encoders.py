"""How fast encoders and conventional networks answer, beside a bare loop over the same model.

    python benchmarks/encoders.py PHOTOGRAPHS [--mobilenets FOLDER] [--repeats 3]

PHOTOGRAPHS is a folder of class folders with JPEG files; FOLDER holds ONNX classifiers with their labels.txt. Each
figure is the slope between few and many images, each measured in a process of its own, so that loading does not count;
decoding and preparing of the photographs do. Networks run on one thread. *Bare loop*: Pillow, the library's own
preparation, the model in batches of the same size, its outputs as numbers. *Engine*: the engine under Snellen's runner.
*Whole run*: a study with its survey of the files, its worker process, its stored answers and records, without the
timing pass.
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
from snellen.plan import Request, resolve
from snellen.runner import Ended, Runner
from snellen.specs import strategy_plan
from snellen.types import Classes, Prediction

BATCH = 16
CASES = {  # name: provider, strategy, images of a long run in hundreds
    "MobileNet v1 0.25 128 (ONNX)": ("onnx", "vocabulary", 30),
    "MobileNet v2 1.0 224 (ONNX)": ("onnx", "vocabulary", 12),
    "ResNet-50 (transformers)": ("classifier", "vocabulary", 1.6),
    "CLIP ViT-B/32 (transformers)": ("clip", "embed", 1.6),
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
    settings.intra_op_num_threads = 1
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


def options_for(provider: str) -> dict[str, Any]:
    threads = {"threads": 1} if provider == "onnx" else {}
    return {"device": "cpu", "batch_size": BATCH, **threads}


def engine(provider: str, model: str, photographs: Sequence[Path], strategy: Any) -> None:
    """The engine under the runner, as a worker runs it."""
    module = plugins.load("engines", provider)
    loaded = module.load(model, plugins.configure(module.Options, options_for(provider), model))
    runner, classes = Runner({"model": loaded}), Classes(("a", "b", "c"))
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
        spec = {"model": f"{provider}/{model}", **options_for(provider)}
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
    """The environment: networks on one thread, and the strategy `embed` of small_encoders an entry point."""
    known = place.parent / "embed-1.dist-info"
    known.mkdir(exist_ok=True)
    (known / "METADATA").write_text("Name: embed\nVersion: 1\n")
    (known / "entry_points.txt").write_text("[snellen.strategies]\nembed = small_encoders\n")
    paths = [str(place.parent), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)}


def slopes(case: str, model: str, folder: Path, repeats: int) -> dict[str, tuple[float, float]]:
    """Images a second and images a CPU-second of each way, which take turns; medians."""
    few, many = 32, int(100 * CASES[case][2])
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way in WAYS:
            (wall, cpu), (more_wall, more_cpu) = (_alone(case, way, model, folder, count) for count in (few, many))
            found[way].append(((many - few) / (more_wall - wall), (many - few) / (more_cpu - cpu)))
    return {
        way: (statistics.median(wall for wall, _ in each), statistics.median(cpu for _, cpu in each))
        for way, each in found.items()
    }


def _alone(case: str, way: str, model: str, folder: Path, count: int) -> tuple[float, float]:
    """The wall and the processor seconds of one measurement in a process of its own."""
    words = [sys.executable, __file__, str(folder), "--case", case, "--way", way, "--model", model]
    words += ["--count", str(count)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=seeing(folder))
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


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
        measured = slopes(case, str(model), folder, repeats)
        first = measured[WAYS[0]]
        for way, (wall, cpu) in measured.items():
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
