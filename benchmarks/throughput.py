"""How fast answers become records, and how much memory that takes, with a model that answers at once.

    python benchmarks/throughput.py 10000 100000 1000000

Prints two tables in Markdown. "One process": the runner, the store and a scripted model. "The whole path": a study with
its survey, its worker process and its tables. Each size runs in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen import study
from snellen.catalogue import Catalogue
from snellen.database import DATABASE, Database
from snellen.engines.scripted import Scripted
from snellen.exports import write_results
from snellen.images import Image
from snellen.meters import environment
from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.rows import Row
from snellen.runner import Answered, Ended, Runner
from snellen.selection import select
from snellen.store import Store
from snellen.strategies.closed_set import Strategy
from snellen.survey import Examined
from snellen.types import Classes, Example, Question

CLASSES = Classes(tuple(f"class {number}" for number in range(21)))


def answer(question: Question, image: Image | None) -> str:
    """The model: always the same class."""
    return CLASSES.names[0]


@dataclass(frozen=True)
class Tiny:
    """So many different images of 4 by 4 pixels, made when their turn comes."""

    count: int
    name: str = "tiny"
    source: str = "tiny"
    classes: Classes = CLASSES

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Example]:
        for number in range(self.count):
            data = b"P6 4 4 255\n" + number.to_bytes(48)
            yield Example(f"{number:08}", Image(data=data), CLASSES.names[number % len(CLASSES.names)])


def one_process(count: int, out: Path) -> dict[str, float]:
    """The runner, the store and a scripted model, one commit for each step; then the tables."""
    with closing(Database(out / DATABASE)) as database:
        store = Store(database)
        row = _prepare(database, store, Tiny(count))
        asks = Row(Strategy(), CLASSES, 0)
        runner = Runner({"model": Scripted(answer)})
        examples = enumerate(Tiny(count), start=1)
        begun, cpu = time.perf_counter(), time.process_time()
        more = True
        while more or runner.busy:
            while more and runner.room():
                number, example = next(examples, (0, None))
                more = example is not None
                if example is not None:
                    runner.start(number, example.image, {row: asks.inquire(example.image)}, {})
            with database.commit():
                for event in runner.step(1.0):
                    if isinstance(event, Answered):
                        store.add_answer(1, event.asked.key[1], event.asked.question, event.answer)
                    elif isinstance(event, Ended):
                        store.put_record(row, event.task, event.result, event.questions)
        asked = time.perf_counter() - begun
        write_results(results := Results(out), out)
        assert results.rows[0].answered == count
        results.close()
    return _figures(begun, cpu, asked)


def _prepare(database: Database, store: Store, dataset: Tiny) -> int:
    """The examples and their row as a survey would leave them."""
    catalogue = Catalogue(database)
    with database.commit():
        database.execute("INSERT INTO selections VALUES (1, 'tiny')")
        for example in dataset:
            catalogue._put(example, "", Examined(example.image.digest, 4, 4))
        labels = (example.label for example in dataset)
        database.execute_many(
            "INSERT INTO selected VALUES (1, ?, ?)", ((number, label) for number, label in enumerate(labels, start=1))
        )
        model = store.model({"name": "scripted"}, "scripted")
        spec = {
            "dataset": "tiny",
            "model": "scripted",
            "title": "closed-set",
            "strategy": {"name": "closed-set", "options": dataclasses.asdict(Strategy())},
            "classes": {"names": CLASSES.names, "background": None},
            "seed": 0,
        }
        return store.row({}, model, spec, 1)


def whole_path(count: int, out: Path) -> dict[str, float]:
    """A study of in-memory images: survey, worker process, tables."""
    request = Request("shapes", (f"scripted/{__file__}:answer",), ("closed-set",), out=str(out), timing=False)
    plan = dataclasses.replace(resolve(request), selection=select(Tiny(count)), source="tiny", name="tiny")
    moments: dict[str, float] = {}

    class Watch(study.Silence):
        def begin(self, task: str, total: int) -> None:
            moments[task] = time.perf_counter()

        def end(self) -> None:
            moments["end"] = time.perf_counter()

    begun, cpu = time.perf_counter(), _cpu_seconds()
    with closing(study.run(plan, Watch())) as results:
        assert results.rows[0].answered == count
    (asking,) = (moment for task, moment in moments.items() if task.startswith("scripted"))
    return {**_figures(begun, cpu, moments["end"] - asking), "survey": asking - begun}


def _figures(begun: float, cpu: float, asked: float) -> dict[str, float]:
    return {"seconds": time.perf_counter() - begun, "cpu": _cpu_seconds() - cpu, "asked": asked}


def _cpu_seconds() -> float:
    """Of this process and of all children that have ended."""
    return sum(os.times()[:4])


class Peaks:
    """The largest resident memory of this process and of its children, by what they do, in MiB."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.look()
            time.sleep(0.25)

    def look(self) -> None:
        own = os.getpid()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if own not in (parent, int(entry.name)):
                    continue
                command = (entry / "cmdline").read_text()
                lines = (entry / "status").read_text().splitlines()
            except OSError:
                continue
            names = [name for name in ("survey", "worker") if f"snellen.{name}" in command]
            kind = names[0] if names else "parent"
            peak = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
            self.found[kind] = max(self.found.get(kind, 0.0), peak)


PATHS = {"one-process": one_process, "whole-path": whole_path}


def _measure(path: str, count: int) -> dict[str, Any]:
    """One size in a process of its own."""
    command = [sys.executable, __file__, "--only", path, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _table(path: str, counts: list[int]) -> None:
    survey = path == "whole-path"
    columns = ["examples", "examples/s asked", "examples/s in all", "examples per CPU-second", "tables s"]
    columns += ["survey s", "parent MiB", "worker MiB", "survey MiB"] if survey else ["MiB"]
    print(f"| {' | '.join(columns)} |\n|{' ---: |' * len(columns)}")
    for count in counts:
        found = _measure(path, count)
        peaks, before = found["peaks"], found.get("survey", 0.0)
        cells = [count / found["asked"], count / found["seconds"], count / found["cpu"]]
        cells += [found["seconds"] - found["asked"] - before]
        cells += [before, *(peaks[kind] for kind in ("parent", "worker", "survey"))] if survey else [peaks["parent"]]
        print(f"| {count:,} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="+", help="numbers of examples")
    parser.add_argument("--only", choices=list(PATHS), help="measure one size here and print it as JSON")
    arguments = parser.parse_args()
    if arguments.only:
        peaks = Peaks()
        with tempfile.TemporaryDirectory() as place:
            figures = PATHS[arguments.only](arguments.counts[0], Path(place))
        peaks.look()
        print(json.dumps({**figures, "peaks": peaks.found}))
        return
    found = environment()
    versions = ", ".join(f"{name} {found['packages'][name]}" for name in ("snellen", "numpy", "pillow"))
    print(f"{found['cpu']}, {found['cores']} cores, Python {found['python']}, {versions}\n")
    for path in PATHS:
        print(f"{path}\n")
        _table(path, arguments.counts)
        print()


if __name__ == "__main__":
    main()
