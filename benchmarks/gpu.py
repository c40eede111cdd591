"""How near Snellen brings a GPU to what the GPU can do, with a model of the size that people run.

    python benchmarks/gpu.py                             # one GPU; the weights take 17 GB of it
    python benchmarks/gpu.py --shape tiny --device cpu   # the same script in a minute, to see that it runs

The model has the shape of Qwen2-VL-7B and random weights, made on the device: nothing is downloaded. Its answers mean
nothing; they take as long as real ones. The pictures all differ, and each is decoded, prepared, asked about and
forgotten within the measured time, at 448 by 448 pixels: 256 tokens.

"Floor" is the time that the operations of the matrices (vision tower, layers, output) and of attention would take at
the speed at which the same device multiplies two square matrices in the same run. Sharing prefixes, a picture and all
that its prompts have in common count once a picture; without, once for every full prompt. Only tokens that a further
one depends on count, and the output layer only where something is read off it. The floor knows no memory traffic.
"""

from __future__ import annotations

import argparse
import io
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
import transformers

from small_vlm import NAMED, build_checkpoint
from snellen.engines.hf.engine import LocalModel
from snellen.engines.hf.options import Options
from snellen.engines.hf.processing import load_processor
from snellen.engines.hf.prompts import Prompts
from snellen.engines.hf.tree import common
from snellen.images import Image
from snellen.local.device import name_of, peak_gpu_gb, synchronise
from snellen.local.quiet import quiet
from snellen.meters import environment
from snellen.rows import Row
from snellen.runner import Answered, Ended, Runner
from snellen.strategies import binary, closed_set
from snellen.types import Answer, Choose, Classes, Failure, Finish, Generate, Strategy, Text

OBJECTS = (
    *("accordion", "airplane", "bonsai", "butterfly", "camera", "chair", "chandelier", "crab", "cup", "dolphin"),
    *("elephant", "helicopter", "ketch", "laptop", "lotus", "panda", "pizza", "starfish", "umbrella", "watch"),
)
CLASSES = Classes((*OBJECTS, "background"), "background")
QUESTIONS: dict[str, tuple[Strategy, int]] = {  # with the number of full prompts that they ask about a picture
    "closed set, 5 tokens": (closed_set.Strategy(max_tokens=5), 1),
    "binary, 1 token": (binary.Strategy(ahead=len(OBJECTS), max_tokens=1), len(OBJECTS)),
    "binary, yes or no chosen": (binary.Strategy(decide="argmax"), 6 * len(OBJECTS)),  # yes, Yes, YES, no, No, NO
}


@dataclass(frozen=True)
class Shape:
    """A Qwen2-VL's measures, the pixels of a picture's side, and what is measured unless told otherwise."""

    text: tuple[int, ...]  # in the order of _TEXT
    rope: tuple[int, int, int]
    tower: tuple[int, int, int]  # layers, width and heads of the vision tower
    side: int
    sizes: tuple[int, ...]
    seconds: float


SHAPES = {
    "7b": Shape((3584, 18944, 28, 28, 4, 152064), (16, 24, 24), (32, 1280, 16), 448, (8, 16, 32, 64), 5.0),
    "tiny": Shape((96, 256, 2, 2, 1, 1024), (6, 9, 9), (2, 64, 2), 56, (8, 32), 0.1),
}
_TEXT = ("hidden_size", "intermediate_size", "num_hidden_layers")
_TEXT += ("num_attention_heads", "num_key_value_heads", "vocab_size")
_PATCH, _MERGED = 14, 4  # pixels of a patch's side, patches in a token


def make_model(shape: Shape, tokenizer: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """A Qwen2-VL of random weights, made on the device in its precision."""
    text = {
        **dict(zip(_TEXT, shape.text, strict=True)),
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": list(shape.rope)},
        **{"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id},
    }
    depth, width, heads = shape.tower
    config = transformers.Qwen2VLConfig(
        text_config=text,
        vision_config={"depth": depth, "embed_dim": width, "hidden_size": shape.text[0], "num_heads": heads},
        tie_word_embeddings=False,
        **{f"{name}_id": tokenizer.convert_tokens_to_ids(token) for name, token in NAMED.items()},
    )
    torch.manual_seed(0)
    with quiet(), device:
        model = transformers.AutoModelForImageTextToText.from_config(config, dtype=dtype)
    return model.to(device).eval()


def picture(side: int, number: int) -> Image:
    """A JPEG of coloured patches, another one for every number."""
    patches = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(patches).resize((side, side)).save(stream, "JPEG", quality=90)
    return Image(data=stream.getvalue())


def _matrices(module: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters() if weights.dim() > 1)


class Floor:
    """Counts tokens and operations: two a weight and token; two for the key and two for the value of a token seen."""

    def __init__(self, processor: Any, model: Any, side: int) -> None:
        self._prompts = Prompts(processor, None, "the benchmark's model")
        self._tokenizer = processor.tokenizer
        self._image_token = processor.tokenizer.convert_tokens_to_ids(NAMED["image_token"])
        self._tokens = lru_cache(maxsize=4096)(self._expanded)
        tower, text, patches = model.model.visual, model.config.get_text_config(), (side // _PATCH) ** 2
        self._width = patches // _MERGED
        self._picture = 2.0 * patches * (_matrices(tower.patch_embed) + _matrices(tower.blocks))
        self._picture += 2.0 * self._width * _matrices(tower.merger)
        self._picture += 4.0 * patches**2 * model.config.vision_config.embed_dim * len(tower.blocks)
        self._token = 2.0 * _matrices(model.model.language_model.layers)
        self._seen = 4.0 * text.hidden_size * text.num_hidden_layers
        self._output = 2.0 * _matrices(model.lm_head)

    def count(self, image: Image, answers: Sequence[Answered], shared: bool) -> tuple[int, float]:
        """The text model's tokens and all operations behind the answers about one image."""
        paths = sorted(path for each in answers for path in self._paths(image, each.question, each.answer))
        tokens, operations = 0, self._picture * (1 if shared else len(paths))
        before: tuple[int, ...] = ()
        for path, speaks in paths:  # in this order each has the most in common with the one before
            kept, length = common(before, path) if shared else 0, len(path)
            tokens += length - kept
            operations += self._token * (length - kept)
            operations += self._seen * (length * (length + 1) - kept * (kept + 1)) / 2
            operations += self._output * (length - max(kept, speaks))
            before = path
        return tokens, operations

    def _paths(self, image: Image, question: Any, answer: Answer) -> list[tuple[tuple[int, ...], int]]:
        """The tokens of each full prompt with what follows it, and from which one on the output layer is needed."""
        assert isinstance(question, Generate | Choose)
        text = self._prompts.render(question.prompt, image).text
        prompt = self._tokens(text)
        if len(prompt) != answer.usage.tokens_in:
            raise ValueError(f"counted {len(prompt)} tokens of a prompt of which the engine says {answer.usage}")
        if isinstance(answer, Text):
            written = (answer.usage.tokens_out or 0) + (answer.finish == Finish.STOP)
            return [(prompt + (-1,) * (written - 1), len(prompt) - 1)]
        whole = [self._tokens(text + self._prompts.separator + choice) for choice in question.choices]
        start = min(common(prompt, path) for path in whole)
        return [(path, start - 1) for path in whole]

    def _expanded(self, text: str) -> tuple[int, ...]:
        tokens: list[int] = []
        for token in self._tokenizer(text)["input_ids"]:
            tokens += [token] * (self._width if token == self._image_token else 1)
        return tuple(tokens)


def matmul_rate(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Operations a second of a product of two square matrices: the best of three half-seconds."""
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    result = torch.empty_like(one)

    def seconds(times: int) -> float:
        synchronise(device)
        begun = time.perf_counter()
        for _ in range(times):
            torch.matmul(one, other, out=result)
        synchronise(device)
        return time.perf_counter() - begun

    seconds(3)
    times = max(1, math.ceil(0.5 / seconds(1)))
    return times * 2.0 * side**3 / min(seconds(times) for _ in range(3))


class Bench:
    """One model, asked through an engine for each way of sharing and each batch size; prints a line for each."""

    def __init__(self, folder: Path, shape: Shape, device: torch.device, seconds: float) -> None:
        self.device, self._side, self._folder, self._seconds = device, shape.side, folder, seconds
        self.dtype = torch.bfloat16 if device.type == "cuda" else torch.float32  # CPUs are slow in half precision
        texts = [closed_set.CLOSED_SET.replace("{classes}", ", ".join(CLASSES.names))]
        texts += [binary.Strategy().prompt.replace("{name}", name) for name in OBJECTS]
        build_checkpoint(folder, texts, (shape.side**2, shape.side**2))  # for its tokenizer and image processor
        processor = self._processor()
        self.model = make_model(shape, processor.tokenizer, device, self.dtype)
        self.rate = matmul_rate(device, self.dtype, 8192 if device.type == "cuda" else 1024)
        self.floor = Floor(processor, self.model, shape.side)
        self._drawn = 0

    def _processor(self) -> Any:
        with quiet():
            return load_processor(self._folder, transformers.AutoConfig.from_pretrained(self._folder), False)

    def _pictures(self, count: int) -> list[Image]:
        self._drawn += count
        return [picture(self._side, number) for number in range(self._drawn - count, self._drawn)]

    def preparing(self) -> float:
        """Seconds of the CPU for decoding a picture and making its patches: the least of ten."""
        prepare, found = self._processor().image_processor, []
        for image in self._pictures(10):
            begun = time.perf_counter()
            prepare(images=[image.pixels()], return_tensors="pt")
            found.append(time.perf_counter() - begun)
        return min(found)

    def measure(self, sharing: str, size: int) -> None:
        options = Options(prefix_sharing=sharing, batch_size=size)  # type: ignore[arg-type]
        with closing(LocalModel(self.model, self._processor(), options, "the benchmark's model")) as engine:
            way = str(engine.facts()["prefix_sharing"])
            for name, (strategy, prompts) in QUESTIONS.items():
                batch = size if way == "on" else math.ceil(size / prompts)  # in images; without, it is of prompts
                cells = [name, way if sharing == "off" else f"{sharing}: {way}", str(size)]
                found = self._cells(engine, strategy, batch, way == "on")
                left = engine.facts()["batch_size"]
                cells[-1] += f" → {left}" if left != size else ""  # memory ran out, or rows cannot be joined
                print(f"| {' | '.join(cells + found)} |", flush=True)

    def _cells(self, engine: LocalModel, strategy: Strategy, batch: int, shared: bool) -> list[str]:
        """Two batches to warm up, then as many whole ones as fill the seconds."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        ask(engine, strategy, self._pictures(batch))
        warm, _ = ask(engine, strategy, self._pictures(batch))
        images = self._pictures(batch * max(1, math.ceil(self._seconds / warm)))
        seconds, answers = ask(engine, strategy, images)
        peak = peak_gpu_gb(self.device)
        counts = [self.floor.count(image, answers[image.digest], shared) for image in images]
        tokens, operations = (sum(each) / len(images) for each in zip(*counts, strict=True))
        each, least = seconds / len(images), operations / self.rate
        cells = [f"{len(images)}", f"{1 / each:,.2f}", f"{tokens:,.0f}", f"{1000 * each:,.2f}", f"{1000 * least:,.2f}"]
        return [*cells, f"{least / each:.0%}", "–" if peak is None else f"{peak:.1f}"]


def ask(engine: LocalModel, strategy: Strategy, images: Sequence[Image]) -> tuple[float, dict[str, list[Answered]]]:
    """The seconds that a strategy takes for the images, and their answers by digest."""
    runner, row = Runner({"model": engine}), Row(strategy, CLASSES, 0)
    answers: dict[str, list[Answered]] = defaultdict(list)
    waiting = list(enumerate(images))[::-1]
    begun = time.perf_counter()  # the engine synchronises its device at the end of each step
    while runner.busy or waiting:
        while waiting and runner.room():
            number, image = waiting.pop()
            runner.start(number, image, {0: row.inquire(image)}, {})
        for event in runner.step(1.0):
            if isinstance(event, Answered):
                answers[event.asked.key[1]].append(event)
            elif isinstance(event, Ended) and isinstance(event.result, Failure):
                raise SystemExit(f"a question got no answer: {event.result.reason}")
    return time.perf_counter() - begun, answers


COLUMNS = ["question", "prefix sharing", "batch size", "images", "images/s", "tokens an image"]
COLUMNS += ["ms an image", "floor ms", "share of the floor", "peak GiB"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=list(SHAPES), default="7b")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--batch-sizes", type=int, nargs="+", help="images, or full prompts, in one pass")
    parser.add_argument("--sharing", choices=("auto", "off"), nargs="+", default=["auto", "off"])
    parser.add_argument("--seconds", type=float, help="that each line is measured for, about")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no GPU here; try --shape tiny --device cpu")
    shape, device = SHAPES[arguments.shape], torch.device(arguments.device)
    torch.set_num_threads(torch.get_num_threads() if device.type == "cuda" else 1)  # on a busy CPU they would wait
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), shape, device, arguments.seconds or shape.seconds)
        told = environment()
        versions = ", ".join(f"{name} {told['packages'][name]}" for name in ("snellen", "torch", "transformers"))
        print(f"{name_of(device)}; {told['cpu']}, {told['cores']} cores; Python {told['python']}, {versions}.")
        print(
            f"{bench.model.num_parameters():,} weights in {str(bench.dtype).removeprefix('torch.')}, attention "
            f"{bench.model.config._attn_implementation}; {shape.side} by {shape.side} pixels; a matrix product runs "
            f"at {bench.rate / 1e12:,.2f} TFLOP/s; decoding and preparing a picture takes the CPU "
            f"{1000 * bench.preparing():.1f} ms.\n"
        )
        print(f"| {' | '.join(COLUMNS)} |\n| --- | --- |{' ---: |' * (len(COLUMNS) - 2)}", flush=True)
        for sharing in arguments.sharing:
            for size in arguments.batch_sizes or shape.sizes:
                bench.measure(sharing, size)


if __name__ == "__main__":
    main()
