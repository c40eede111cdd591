"""What tests of whole studies share: tiny photographs, models written into a file, and what they were asked."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import PIL.Image

from snellen import study
from snellen.database import DATABASE
from snellen.plan import Request, resolve
from snellen.results import Results

_PREAMBLE = """
import json, os, signal, sys, time
from pathlib import Path
from snellen.codec import question_key
from snellen.types import *

LOG = os.environ.get("ASKED_LOG") or str(Path(__file__).with_suffix(".log"))

def note(question, image):
    digest, path = (image.digest, image.path) if image else ("none", None)
    line = f"{digest} {question_key(question).hex()} {path.stem if path else ''}\\n"
    file = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)

def truth(image):
    return image.path.parent.name
"""


@dataclass(frozen=True)
class Asked:
    """A question as the model saw it."""

    image: str
    question: str
    name: str


def photographs(place: Path, count: int = 4, names: Iterable[str] = ("cat", "dog", "bird")) -> Path:
    """A class folder of tiny images, each different; `cat/cat2.png` is the third cat."""
    for label in names:
        (place / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            write_photograph(place / label / f"{label}{number}.png", f"{label} {number}")
    return place


def write_photograph(path: Path, seed: str) -> None:
    """A tiny image of its own for each seed."""
    PIL.Image.frombytes("RGB", (6, 6), Random(seed).randbytes(108)).save(path)


def model(file: Path, body: str) -> str:
    """Writes a model whose function `answer` has this body after noting the question; returns its name."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    file.write_text(f"{_PREAMBLE}\ndef answer(question, image):\n    note(question, image)\n{lines}\n")
    return f"scripted/{file}:answer"


def asked(file: Path) -> list[Asked]:
    """All questions that were put to the model in this file, or that stand in this log."""
    log = file.with_suffix(".log")
    return [Asked(*line.split(" ")) for line in log.read_text().splitlines()] if log.exists() else []


@contextmanager
def ran(dataset: Any, models: str | list[str], *strategies: str, out: Path, **options: Any) -> Iterator[Results]:
    """The results of a study that is run here, without timing; closed at the end."""
    subset = {key: options.pop(key) for key in ("classes", "limit", "per_class", "seed", "pictures") if key in options}
    spec = {"path": str(dataset), **subset}
    named = (models,) if isinstance(models, str) else tuple(models)
    request = Request(spec, named, strategies or ("closed-set",), out=str(out), **{"timing": False, **options})
    with closing(study.run(resolve(request))) as results:
        yield results


def failures(results: Results) -> dict[str, str]:
    """The reason of each failed example, by its file's name."""
    return {Path(each["example"]).stem: each["failure"] for each in results.records() if each["failure"]}


def stored(out: Path) -> dict[tuple[str, str], str]:
    """All stored answers by image and question."""
    with closing(sqlite3.connect(out / DATABASE)) as connection:
        found = connection.execute("SELECT image, question, body FROM answers").fetchall()
    return {(image.hex(), question.hex()): body for image, question, body in found}


def table(out: Path) -> list[dict[str, str]]:
    """The rows of records.csv."""
    with (out / "records.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(out: Path) -> list[dict[str, Any]]:
    """The rows of results.json without what is measured by the clock."""
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))["rows"]
    measured = {"load_seconds", "peak_rss_gb", "peak_gpu_gb", "images_per_second", "timed_images"}
    return [
        {key: value for key, value in row.items() if key not in measured and not key.startswith("latency")}
        for row in found
    ]


def children_of(pid: int) -> list[int]:
    """The processes whose parent is this one."""
    return [number for number, parent in _parents() if parent == pid]


def running(words: str) -> list[int]:
    """The processes whose command line or environment holds these words."""
    found = []
    for number, _ in _parents():
        try:
            texts = [(Path("/proc") / str(number) / name).read_bytes() for name in ("cmdline", "environ")]
        except OSError:
            continue
        if any(words.encode() in text for text in texts):
            found.append(number)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            yield int(entry.name), int(fields[1])
