"""How it was measured: what was asked in full, on which machine, what figures mean, and how to do it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.meters import TIMED_IMAGES, read_environments
from snellen.report.elements import Section
from snellen.report.prompts import Prompts, prompts
from snellen.report.reported import MOST_ROWS, ReportedRun
from snellen.result_row import ResultRow

_PROMPTS, _PREPARING = 6, 3  # different questions of a row that are shown,
_FEWER = 2  # and where there are more rows than charts are made of
_FACTS = {
    "device": "device",
    "device_name": "device name",
    "dtype": "number format",
    "quantization": "quantization",
    "attention": "attention",
    "batch_size": "batch size",
    "prefix_sharing": "image prefixes shared",
    "stacking": "batches of",
    "image_processor": "image processor",
    "parameters": "parameters",
    "load_seconds": "seconds to load",
    "sends_to": "sends images to",
    "server": "server",
}
_MACHINE = {"cpu": "processor", "cores": "cores", "ram_gb": "memory, GB", "platform": "system", "python": "Python"}


@dataclass(frozen=True, slots=True)
class Setup:
    """All settings of a row: those of its strategy and those its model was run with; what it asked of one image."""

    row: ResultRow
    options: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    preparing: Prompts
    asking: Prompts


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the run took place, and in what that differs from where it began."""

    facts: Sequence[tuple[str, str]]
    packages: Mapping[str, str]
    differs: Sequence[str]


def section(run: ReportedRun) -> Section | None:
    """None where nothing was asked."""
    if not run.rows:
        return None
    context = {
        "setups": [_setup(run, row) for row in run.rows],
        "machines": _machines(run),
        "dataset": run.rows[0].dataset,
        "seed": run.rows[0].seed,
        "images": run.rows[0].images,
        "measured": _measured(run.rows),
        "timed": TIMED_IMAGES,
        "study": _study(run),
        "commands": _commands(run),
    }
    return Section("method", "Method", "method.html", context)


def _setup(run: ReportedRun, row: ResultRow) -> Setup:
    spec, facts = run.results.spec(row), run.results.facts(row)
    options = [(key.replace("_", " "), _value(value)) for key, value in spec["strategy"]["options"].items()]
    if shots := spec.get("shots"):
        options.append(("labelled examples shown", str(len(shots))))
    told = [(title, _value(facts[key])) for key, title in _FACTS.items() if facts.get(key) is not None]
    transcripts, answered = run.transcripts(row), run.sheet(row).answered.nonzero()[0]
    asked = transcripts.of(run.sheet(row).digests[answered[0]]) if len(answered) else ()
    preparation = transcripts.preparation()
    most = _PROMPTS if len(run.rows) <= MOST_ROWS else _FEWER
    return Setup(row, options, told, prompts(preparation, _PREPARING), prompts(asked, most))


def _value(value: Any) -> str:
    """A setting as a text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _machines(run: ReportedRun) -> list[Machine]:
    """The environments of the run, the first of them first."""
    found = [each for each in read_environments(run.results.path / "environment.json") if isinstance(each, dict)]
    machines = []
    for place, each in enumerate(found):
        packages = each.get("packages")
        facts = [(title, _value(each[key])) for key, title in _MACHINE.items() if key in each]
        earlier = found[place - 1] if place else each
        differs = [_MACHINE.get(key, str(key)) for key in each if key != "models" and each[key] != earlier.get(key)]
        machines.append(Machine(facts, packages if isinstance(packages, dict) else {}, differs))
    return machines


def _measured(rows: Sequence[ResultRow]) -> dict[str, bool]:
    """Which figures there are to be explained."""
    return {
        "speed": any(row.images_per_second is not None for row in rows),
        "memory": any(row.peak_rss_gb is not None or row.peak_gpu_gb is not None for row in rows),
        "cost": any(row.cost_usd is not None for row in rows),
        "stopped": any(row.interval == "anytime" for row in rows),
        "ties": len(rows) > 1,
    }


def _study(run: ReportedRun) -> str | None:
    """The last section of the run's `study.yaml` as it stands there; None where there is none to be read."""
    try:
        text = (run.results.path / "study.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    sections = [lines for part in f"\n{text}".split("\n--- ") if (lines := part.partition("\n")[2].strip())]
    return sections[-1] if sections else None


def _commands(run: ReportedRun) -> dict[str, str]:
    """What to type to do it again, and what it does, where the run's folder lies in `runs/`."""
    folder = f"runs/{run.results.path.resolve().name}"
    study = shlex.quote(f"{folder}/study.yaml")
    return {
        f"snellen score {shlex.quote(folder)}": "computes everything again from the stored answers",
        f"snellen report {shlex.quote(folder)}": "writes this page again",
        f"snellen run {study}": "asks what failed or is pending",
        f"snellen run {study} --fresh": "asks everything again",
    }
