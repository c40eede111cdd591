"""Runs over tables of predictions, with times and memory as a test wants them: what is measured differs every time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.folder import RunFolder
from snellen.plan import Request, resolve
from snellen.study import run
from studies import photographs

NAMES = ("bird", "cat", "dog")


@dataclass(frozen=True)
class Model:
    """What a model says of picture `number` of a class: a class, '' for none, or nothing at all; and how sure it is."""

    says: Callable[[str, int], str | None] = lambda label, number: label
    sure: Callable[[str, int], float] = lambda label, number: 1.0
    speed: float | None = None
    facts: Mapping[str, Any] | None = None


def wrong(label: str) -> str:
    """Another class."""
    return NAMES[(NAMES.index(label) + 1) % len(NAMES)]


def right_but(*numbers: int, rest: int = 40) -> Callable[[str, int], str]:
    """Says the truth of all pictures but those of these numbers."""
    return lambda label, number: wrong(label) if number % rest in numbers else label


def predicted(place: Path, models: Mapping[str, Model], count: int = 40) -> Path:
    """The folder of a run in which each model has told of all pictures of three classes what it says."""
    place.mkdir(parents=True, exist_ok=True)
    photos = photographs(place / "photos", count, NAMES)
    named = [_written(place / f"{name}.csv", model, count) for name, model in models.items()]
    out = place / "run"
    run(resolve(Request(str(photos), tuple(named), ("vocabulary",), out=str(out), timing=False))).close()
    put_measures(out, models)
    return out


def put_measures(out: Path, models: Mapping[str, Model]) -> None:
    """Puts into a run the speed and the facts of its models, by the last part of their names."""
    with RunFolder(out) as folder, folder.database.commit():
        for number, company, spec, _ in list(folder.store.rows()):
            model = models[Path(spec["model"]).stem]
            if model.speed is not None:
                folder.store.set_timing(number, {"images_per_second": model.speed, "latency_p50": 1 / model.speed})
            folder.store.set_model_facts(company, {**folder.store.model_facts(company), **(model.facts or {})})


def _written(file: Path, model: Model, count: int) -> str:
    with file.open("w", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["image", "prediction", "confidence"])
        for label in NAMES:
            for number in range(count):
                if (said := model.says(label, number)) is not None:
                    table.writerow([f"{label}/{label}{number}.png", said, model.sure(label, number)])
    return f"predictions/{file}"
