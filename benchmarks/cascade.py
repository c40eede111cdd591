"""What the cascade planner promises, beside what the cascades give on pictures that it has not seen.

    python benchmarks/cascade.py [SAMPLES [PICTURES [CLASSES [FOLDER]]]]

Cascades of the demo's models are planned on each of some samples of drawings, PICTURES of each class, and each is run
on the next sample. Times are compared in the first sample, as shares of the second model's own.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path
from typing import Any

import snellen
from snellen.results import Results
from snellen.verdict.candidates import Candidate, Measures, candidates_of, comparable
from snellen.verdict.cascades import Cascade, plan_cascades
from snellen.verdict.limits import Limits
from snellen.verdict.running import strategy_text

FIRSTS = {"demo/classifier": "vocabulary,background=background", "demo/clip": "zero-shot"}
SECONDS = {"demo/clip": "zero-shot", "demo/vlm": "likelihood"}
Name = tuple[str, str]


@dataclass
class Found:
    """Of one pair of models: promised and given shares of images handed over and right, for each sample."""

    handed_over: list[tuple[float, float]] = field(default_factory=list)
    right: list[tuple[float, float]] = field(default_factory=list)
    time: tuple[float, float] = (0.0, 0.0)


def main(samples: int = 8, pictures: int = 10, classes: int = 50, folder: str | None = None) -> None:
    place, n = Path(folder or tempfile.mkdtemp()), pictures * classes
    found: dict[Name, Found] = {}
    plans = {}
    measured: Mapping[str, Measures] = {}
    strategies = tuple(dict.fromkeys([*FIRSTS.values(), *SECONDS.values()]))
    for sample in range(samples):
        asked = (_data(sample, pictures, classes), tuple({**FIRSTS, **SECONDS}), strategies)
        with closing(snellen.run(*asked, out=str(place / str(sample)), timing=not sample)) as results:
            candidates = candidates_of(results, comparable(results)[0])
            measured = measured or {each.row.model: each.measures for each in candidates}
            timed = [replace(each, measures=measured[each.row.model]) for each in candidates]
            plans[sample] = dict(_plans(results, timed))
    for sample in range(samples):
        for name, (text, cascade) in plans[sample].items():
            other = (sample + 1) % samples
            promised = cascade.estimate
            handed_over, right, _ = _run(_data(other, pictures, classes), name[1], text, place / str(other))
            one = found.setdefault(name, Found())
            one.handed_over.append((promised.handed_over, handed_over))
            one.right.append((promised.accuracy, right))
            if not sample:
                *_, speed = _run(_data(0, pictures, classes), name[1], text, place / "0", timing=True)
                alone = measured[name[1]].images_per_second or 0.0
                one.time = (alone / (promised.measures.images_per_second or 1.0), alone / speed)
    print(f"{samples} samples of {n} pictures of {classes} classes\n")
    print("| cascade | | promised | given | within the chance of both |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name, one in found.items():
        print(f"| {name[0]}, then {name[1]} | handed over {_line(one.handed_over, n)}")
        print(f"| | right {_line(one.right, n)}")
        print(f"| | of the second's time | {one.time[0]:.0%} | {one.time[1]:.0%} | |")


def _data(sample: int, pictures: int, classes: int) -> dict[str, Any]:
    return {"path": "demo/pictograms", "pictures": pictures, "classes": classes, "drawing_seed": sample}


def _plans(results: Results, candidates: list[Candidate]) -> Iterator[tuple[Name, tuple[str, Cascade]]]:
    """The most accurate cascade of each pair of models."""
    rows = {(each.row.model, each.row.strategy): each for each in candidates}
    for first in FIRSTS.items():
        for second in SECONDS.items():
            planned = plan_cascades(results, [rows[first], rows[second]], (), Limits()).cascades
            for cascade in planned[:1] if first != second else ():
                if cascade.first is rows[first] and (text := strategy_text(results, cascade)):
                    yield (first[0], second[0]), (text, cascade)


def _run(data: Any, model: str, text: str, out: Path, timing: bool = False) -> tuple[float, float, float]:
    """The shares handed over and right, and the images a second where that was measured."""
    with closing(snellen.run(data, [model], [text], out=str(out), timing=timing)) as results:
        row = next(each for each in results.rows if (each.model, each.strategy) == (model, text))
        stages = [each["details"]["stage"] for each in results.records() if each["row"] == row.number]
        return stages.count(2) / len(stages), row.accuracy or 0.0, row.images_per_second or 0.0


def _line(pairs: list[tuple[float, float]], n: int) -> str:
    """Means, and how many of the pairs differ by no more than the chance of both samples explains (95 %)."""
    within = sum(abs(a - b) <= 1.96 * sqrt((a * (1 - a) + b * (1 - b)) / n) for a, b in pairs)
    promised, given = (sum(pair[place] for pair in pairs) / len(pairs) for place in (0, 1))
    return f"| {promised:.1%} | {given:.1%} | {within} of {len(pairs)} |"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:5])  # type: ignore[arg-type]
