"""What it costs to start Snellen: processor time of short commands, what they import, and the size of an installation.

    python benchmarks/startup.py

Prints two tables in Markdown. Processor time is that of the command and of all processes it starts, as the system
accounts for ended children; each figure is the median of five runs, after one that is not counted.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import PIL.Image
from packaging.requirements import Requirement

RUNS = 5
HEAVY = ("torch", "transformers", "onnxruntime", "pyarrow", "scipy", "numpy")
# runs the command line, then tells on a descriptor of its own what was imported
START = """
import json, os, sys
try:
    from snellen.cli import main
    main()
finally:
    os.write(int(os.environ["TOLD"]), json.dumps([name for name in {heavy} if name in sys.modules]).encode())
"""


def measure(words: list[str], place: Path) -> tuple[float, float, list[str]]:
    """Seconds of processor time and of wall-clock time, and which heavy packages the command imported."""
    cpu, wall = [], []
    imported: list[str] = []
    for number in range(RUNS + 1):
        reading, writing = os.pipe()
        before, begun = used(), time.perf_counter()
        command = [sys.executable, "-c", START.format(heavy=HEAVY), *words]
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, "TOLD": str(writing)},
            pass_fds=[writing],
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - begun
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            imported = json.loads(told.read())
        if done.returncode:
            raise SystemExit(f"snellen {' '.join(words)} ended with code {done.returncode}: {done.stderr}")
        if number:
            cpu.append(used() - before)
            wall.append(seconds)
    return statistics.median(cpu), statistics.median(wall), imported


def used() -> float:
    """Processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def finished_run(place: Path) -> list[str]:
    """A command that has run once: nothing is left to ask."""
    for label in ("cat", "dog"):
        (place / "photos" / label).mkdir(parents=True)
        for number in range(10):
            picture = PIL.Image.new("RGB", (8, 8), (number, len(label), ord(label[0])))
            picture.save(place / "photos" / label / f"{number}.png")
    (place / "model.py").write_text("def answer(question, image):\n    return 'cat'\n", encoding="utf-8")
    return ["run", "-d", "photos", "-m", "scripted/model.py:answer", "-s", "closed-set", "--out", "out", "-q"]


def core() -> dict[str, float]:
    """Megabytes of each distribution that an installation without extras has."""
    sizes: dict[str, float] = {}
    waiting = ["snellen"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in sizes:
            continue
        found = importlib.metadata.distribution(name)
        sizes[name] = sum(size_of(found, file) for file in found.files or ()) / 1e6
        needs = [Requirement(line) for line in found.requires or ()]
        waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    # an editable installation lists no file of the package
    package = Path(importlib.import_module("snellen").__file__ or "").parent
    sizes["snellen"] = sum(file.stat().st_size for file in package.rglob("*") if is_shipped(file)) / 1e6
    return sizes


def size_of(found: importlib.metadata.Distribution, file: importlib.metadata.PackagePath) -> int:
    path = Path(str(found.locate_file(file)))
    return path.stat().st_size if path.is_file() else 0


def is_shipped(file: Path) -> bool:
    return file.is_file() and file.suffix != ".pyc"


def main() -> None:
    print("| command | CPU s | wall s | imports of " + ", ".join(HEAVY) + " |\n|---|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run = finished_run(place)
        commands = {
            "snellen --version": ["--version"],
            "snellen --help": ["--help"],
            "snellen ls models": ["ls", "models"],
            "snellen run (nothing left to ask)": run,
        }
        for title, words in commands.items():
            cpu, wall, imported = measure(words, place)
            print(f"| `{title}` | {cpu:.2f} | {wall:.2f} | {', '.join(imported) or 'none'} |")
    sizes = core()
    print("\n| distribution | MB |\n|---|---:|")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size >= 1:
            print(f"| {name} | {size:.1f} |")
    small = [size for size in sizes.values() if size < 1]
    print(f"| {len(small)} others | {sum(small):.1f} |\n| all {len(sizes)} | {sum(sizes.values()):.1f} |")


if __name__ == "__main__":
    main()
