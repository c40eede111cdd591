"""Snellen and lmms-eval ask the same model the same questions: images per second of both, and their answers compared.

    python -m venv peer
    peer/bin/pip install torch==2.13.0          # the build for the CPU
    peer/bin/pip install --no-deps torchvision==0.28.0
    peer/bin/pip install lmms-eval==0.7.2 decord 'filelock<4' transformers==5.23.0
    python benchmarks/against_lmms_eval.py --lmms-python peer/bin/python

The model is a Qwen2-VL of 3.9 million random weights, the pictures are drawn. Two tasks: `closed-set`, one question an
image with 21 classes to choose from and at most 5 new tokens; and `binary`, a yes-no question for each of the 20
classes that are not the background, 1 new token. Both tools are given one thread, the same system prompt, the same
limits of pixels, and pictures that compression at JPEG quality 85 leaves as they are: lmms-eval compresses each again.
It is started without its own tasks, which the wheel cannot read: that spares it a second or two of start-up.

lmms-eval runs at the batch size that serves it best, Snellen at its default. Each runs with few images and with all, in
turn with the other. The speed is the slope between the two, (all - few) / (time of all - time of few); what is left of
the time of few is start-up. Times are those of a command with all its processes, as the system accounts for ended ones.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lmms_eval_files import OPERATORS, START, TASK, UTILS
from small_vlm import build_checkpoint, pictures
from snellen.codec import read_answer, read_question
from snellen.meters import environment
from snellen.types import Generate, Text

OBJECTS = [
    *("accordion", "airplane", "bonsai", "butterfly", "camera", "chair", "chandelier", "crab", "cup", "dolphin"),
    *("elephant", "helicopter", "ketch", "laptop", "lotus", "panda", "pizza", "starfish", "umbrella", "watch"),
]
NAMES = sorted([*OBJECTS, "background"])
FEW = len(NAMES)  # one of each class
SYSTEM = "You are a helpful assistant."
CLOSED_SET = (
    "Question: Answer this question in one word: What type of object is in this photo? "
    f"Choose one from {', '.join(NAMES)}. Answer:"
)
BINARY = "Answer the question in one word: yes or no. Is the {} in this photo?"
PROMPTS = {"closed-set": [CLOSED_SET], "binary": [BINARY.format(name) for name in OBJECTS]}
TOKENS = {"closed-set": 5, "binary": 1}
STRATEGIES = {
    "closed-set": "closed-set,order=given,max_tokens=5",
    "binary": f"binary,ahead={len(OBJECTS)},max_tokens=1",
}
SIZES = {"closed-set": (1, 8, 21, 32), "binary": (1, 8, 20, 32)}  # batch sizes of lmms-eval
SEARCHED = {"closed-set": 210, "binary": 42}  # images to find the best of them with, at most
PIXELS = (3136, 602112)  # lmms-eval's own limits
THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB", "RAYON")

Answers = dict[tuple[str, str], str]  # what was said, by image and prompt


@dataclass(frozen=True)
class Spent:
    """Seconds of a command with all its processes."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Pair:
    """What one run with few images and one with all took."""

    few: Spent
    most: Spent

    def figures(self, images: int) -> list[float]:
        """Images per second beyond the first few, start-up, and images per second with it: CPU and wall of each."""
        found = []
        for few, most in ((self.few.cpu, self.most.cpu), (self.few.wall, self.most.wall)):
            speed = rate(few, most, images)
            found.append((speed, few - FEW / speed, images / most))
        return [value for both in zip(*found, strict=True) for value in both]


def rate(few: float, most: float, images: int) -> float:
    """Images per second between a run with few and one with all; not a number where noise is larger than that."""
    return (images - FEW) / (most - few) if most > few else float("nan")


Run = Callable[[str, int], tuple[Spent, Answers]]  # of a task, about so many images

# What both tools are given


def write_inputs(place: Path, counts: set[int]) -> None:
    """A folder of images for each count, and lmms-eval's tasks about them."""
    tasks = place / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "utils.py").write_text(UTILS, encoding="utf-8")
    made = list(pictures(NAMES, max(counts)))
    for count in counts:
        folder = place / f"images-{count}"
        for name, data in made[:count]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        for kind, asked in PROMPTS.items():
            documents = tasks / f"{kind}-{count}.jsonl"
            with documents.open("w", encoding="utf-8") as stream:
                for name, _ in made[:count]:
                    for prompt in asked:
                        label = name.partition("/")[0]
                        document = {"path": f"{folder.name}/{name}", "image": name, "prompt": prompt, "label": label}
                        stream.write(json.dumps(document) + "\n")
            task = TASK.format(name=f"{kind}-{count}", documents=f"tasks/{documents.name}", tokens=TOKENS[kind])
            documents.with_suffix(".yaml").write_text(task, encoding="utf-8")


# The tools


class Bench:
    """Runs both tools in `place`, each run in a folder of its own."""

    def __init__(self, place: Path, lmms_python: str) -> None:
        self.place = place
        self.lmms_python = lmms_python
        self._numbers = itertools.count(1)
        self._own = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}}
        self._own |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        self._peer = {**self._own, "HF_HOME": str(place / "hf"), "HF_DATASETS_OFFLINE": "1"}
        self._peer.pop("PYTHONPATH", None)
        probe = subprocess.run([lmms_python, "-c", "import torchvision"], env=self._peer, capture_output=True)
        (place / "start.py").write_text((OPERATORS if probe.returncode else "") + START, encoding="utf-8")

    def peer_versions(self) -> dict[str, str]:
        names = ("lmms_eval", "torch", "torchvision", "transformers", "tokenizers", "pillow")
        code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names}}}))"
        told = subprocess.run(
            [self.lmms_python, "-c", code], env=self._peer, capture_output=True, text=True, check=True
        )
        versions: dict[str, str] = json.loads(told.stdout)
        return versions

    def snellen(self, kind: str, count: int) -> tuple[Spent, Answers]:
        name = f"run-{next(self._numbers)}"
        words = [*snellen_words(kind, count), "--out", name]
        spent = measure([sys.executable, "-m", "snellen", *words], self._own, self.place / f"{name}.log")
        return spent, whole(snellen_answers(self.place / name / "answers.sqlite"), kind, count, name)

    def lmms_eval(self, kind: str, count: int, size: int) -> tuple[Spent, Answers]:
        name = f"run-{next(self._numbers)}"
        words = [*lmms_words(kind, count, size), "--output_path", name]
        spent = measure([self.lmms_python, "start.py", *words], self._peer, self.place / f"{name}.log")
        found = lmms_answers(self.place / name, self.place / "tasks" / f"{kind}-{count}.jsonl")
        return spent, whole(found, kind, count, name)


def snellen_words(kind: str, count: int) -> list[str]:
    model = f"hf/./checkpoint,system={SYSTEM}"
    return ["run", "-d", f"images-{count}", "-m", model, "-s", STRATEGIES[kind], "--no-timing"]


def lmms_words(kind: str, count: int, size: int) -> list[str]:
    words = ["--model", "qwen2_vl", "--batch_size", str(size), "--device", "cpu", "--log_samples"]
    model = f"pretrained=checkpoint,device_map=cpu,system_prompt={SYSTEM}"
    return [*words, "--model_args", model, "--include_path", "tasks", "--tasks", f"{kind}-{count}"]


def measure(command: list[str], variables: dict[str, str], log: Path) -> Spent:
    """Runs a command to its end, in the folder of `log`, which takes what it prints."""
    begun = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        told = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise SystemExit(f"{shlex.join(command)} ended with code {process.returncode}:\n{told}")
    return Spent(used.ru_utime + used.ru_stime, seconds)


def whole(answers: Answers, kind: str, count: int, name: str) -> Answers:
    """The answers, if each prompt was answered about each image, and nothing else was asked."""
    names = {image for image, _ in answers}
    if len(names) != count or set(answers) != set(itertools.product(names, PROMPTS[kind])):
        raise SystemExit(f"{name}: {len(answers)} answers to {kind} about {len(names)} of {count} images; see --place")
    return answers


def snellen_answers(path: Path) -> Answers:
    """The stored answers of a run."""
    sql = (
        "SELECT examples.id, texts.body, answers.body FROM answers JOIN texts ON texts.key = answers.question "
        "JOIN examples ON examples.digest = answers.image"
    )
    found: Answers = {}
    with closing(sqlite3.connect(path)) as database:
        for name, body, said in database.execute(sql):
            question, answer = read_question(body), read_answer(said)
            assert isinstance(question, Generate)
            assert isinstance(answer, Text)
            found[name, "".join(part for part in question.prompt if isinstance(part, str))] = answer.text
    return found


def lmms_answers(folder: Path, documents: Path) -> Answers:
    """The logged answers of a run, stripped as lmms-eval logs them."""
    asked = [json.loads(line) for line in documents.read_text(encoding="utf-8").splitlines()]
    found: Answers = {}
    for file in folder.rglob("*_samples_*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            sample = json.loads(line)
            document = asked[sample["doc_id"]]
            found[document["image"], document["prompt"]] = sample["filtered_resps"]
    return found


# What is measured


def best_size(bench: Bench, kind: str, sizes: Sequence[int], images: int) -> int:
    """The batch size at which lmms-eval takes the least processor time; prints a table of all."""
    print(f"lmms-eval, {kind}: {FEW} and {images} images, one run each\n")
    head("batch size", "images/CPU-s", "images/s", f"answers as with {sizes[0]}")
    speeds: dict[int, float] = {}
    first: Answers = {}
    for size in sizes:
        few, _ = bench.lmms_eval(kind, FEW, size)
        most, answers = bench.lmms_eval(kind, images, size)
        first = first or answers
        cpu, wall, *_ = Pair(few, most).figures(images)
        speeds[size] = cpu
        same = sum(answers[key] == first[key] for key in first)
        row(str(size), f"{cpu:.2f}", f"{wall:.2f}", f"{same:,} of {len(first):,}")
    print(flush=True)
    return max(speeds, key=lambda size: speeds[size] if speeds[size] > 0 else 0.0)


def alternate(tools: Mapping[str, Run], kind: str, images: int, runs: int) -> dict[str, list[Pair]]:
    """What few and all images took, for each tool and run; says how the answers compare."""
    pairs: dict[str, list[Pair]] = {tool: [] for tool in tools}
    answers: dict[str, list[Answers]] = {tool: [] for tool in tools}
    for number in range(1, runs + 1):
        for tool in list(tools)[:: 1 if number % 2 else -1]:
            few, _ = tools[tool](kind, FEW)
            most, found = tools[tool](kind, images)
            pairs[tool].append(Pair(few, most))
            answers[tool].append(found)
            took = f"{few.cpu:.1f} and {most.cpu:.1f} CPU-seconds, {few.wall:.1f} and {most.wall:.1f} by the clock"
            print(f"{kind}, run {number} of {runs}, {tool}: {took}", file=sys.stderr, flush=True)
    compare(kind, answers)
    return pairs


def compare(kind: str, answers: Mapping[str, Sequence[Answers]]) -> None:
    """Says how many answers are equal, and shows some that are not."""
    for tool, runs in answers.items():
        steady = "the same" if all(found == runs[0] for found in runs) else "NOT the same"
        print(f"{kind}, {tool}: {len(set(runs[0].values())):,} different texts, {steady} in each run")
    (one, ours), (other, theirs) = ((tool, runs[0]) for tool, runs in answers.items())
    unequal = [key for key in sorted(ours) if ours[key].strip() != theirs[key].strip()]  # lmms-eval strips its answers
    print(f"{kind}: {len(ours) - len(unequal):,} of {len(ours):,} answers are equal")
    for name, prompt in unequal[:: max(1, len(unequal) // 5)][:5]:
        print(f"- {name}, …{prompt[-40:]!r}: {one} {ours[name, prompt]!r}, {other} {theirs[name, prompt]!r}")
    print(flush=True)


def table(found: Mapping[str, Mapping[str, Sequence[Pair]]], images: int) -> None:
    """Medians, with the least and the most of the runs, and how the first tool's compare with the second's."""
    head("", "images/CPU-s", "images/s", "start-up CPU s", "start-up s", "all: images/CPU-s", "all: images/s")
    for kind, tools in found.items():
        middles = []
        for tool, pairs in tools.items():
            columns = list(zip(*(pair.figures(images) for pair in pairs), strict=True))
            middles.append([median(column) for column in columns])
            row(f"{kind}, {tool}", *(f"{median(c):.2f} ({min(c):.2f} to {max(c):.2f})" for c in columns))
        row(f"{kind}, ratio", *(f"{ours / theirs:.2f}" for ours, theirs in zip(*middles, strict=True)))


def head(*cells: str) -> None:
    row(*cells)
    print(f"| --- |{' ---: |' * (len(cells) - 1)}")


def row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lmms-python", required=True, help="the Python that lmms-eval is installed for")
    parser.add_argument("--images", type=int, default=210, help=f"more than {FEW}")
    parser.add_argument("--runs", type=int, default=5, help="of each tool; 0 only tries the batch sizes")
    parser.add_argument("--task", choices=list(PROMPTS), action="append", help="one of the tasks; default: both")
    parser.add_argument("--sizes", type=int, nargs="+", help="batch sizes of lmms-eval to try; one is taken as it is")
    parser.add_argument("--quick", action="store_true", help="42 images, one run, batch size 8: does it work at all")
    parser.add_argument("--place", type=Path, help="a new folder for all files, kept; default: one that goes again")
    given = parser.parse_args()
    if given.quick:
        given.images, given.runs, given.sizes = 2 * FEW, 1, [8]
    if given.images <= FEW:
        parser.error(f"--images {given.images}: expected more than {FEW}")
    if given.place is not None:
        given.place.mkdir(parents=True)
        run(given, given.place.resolve())
        return
    with tempfile.TemporaryDirectory() as place:
        run(given, Path(place).resolve())


def run(given: argparse.Namespace, place: Path) -> None:
    """All of it, in a folder."""
    searched = {kind: min(given.images, most) for kind, most in SEARCHED.items()}
    bench = Bench(place, str(Path(given.lmms_python).absolute()))  # not resolved: a link stands for its environment
    write_inputs(place, {FEW, given.images, *searched.values()})
    texts = [SYSTEM, "user assistant", *itertools.chain(*PROMPTS.values())]
    weights = build_checkpoint(place / "checkpoint", texts, PIXELS)
    machine = environment()
    packages = {name: machine["packages"].get(name) for name in ("snellen", "torch", "transformers", "pillow")}
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['platform']}, Python {machine['python']}")
    print(f"{weights:,} weights, {given.images} images, medians of {given.runs} runs (least to most), one thread")
    for tool, versions in (("Snellen", packages), ("lmms-eval", bench.peer_versions())):
        print(f"{tool}: {', '.join(f'{name} {version}' for name, version in versions.items())}")
    print(flush=True)
    found: dict[str, dict[str, list[Pair]]] = {}
    for kind in given.task or PROMPTS:
        sizes = given.sizes or SIZES[kind]
        size = sizes[0] if len(sizes) == 1 else best_size(bench, kind, sizes, searched[kind])
        if not given.runs:
            continue
        bench.snellen(kind, FEW)  # not counted: the first of each leaves compiled modules and caches to the others
        bench.lmms_eval(kind, FEW, size)
        peer = f"lmms-eval, batch size {size}"
        tools: dict[str, Run] = {"Snellen": bench.snellen, peer: functools.partial(bench.lmms_eval, size=size)}
        print(f"    snellen {shlex.join(snellen_words(kind, given.images))}")
        print(f"    lmms-eval {shlex.join(lmms_words(kind, given.images, size))}\n")
        found[kind] = alternate(tools, kind, given.images, given.runs)
    if found:
        table(found, given.images)


if __name__ == "__main__":
    main()
