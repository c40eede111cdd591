"""What the cascade planner promises, beside what the cascades give on pictures that it has not seen.

    python benchmarks/cascade.py [PICTURES [CLASSES [FOLDER]]]

Cascades of the demo's models are planned on PICTURES drawings of each class, and then run on as many others, on which
all rows are timed one after the other. Speeds are compared as multiples of the second model's own, each in its own run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from math import sqrt
from pathlib import Path

import snellen
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.verdict.candidates import candidates_of, comparable
from snellen.verdict.cascades import Cascade, plan_cascades
from snellen.verdict.limits import Limits
from snellen.verdict.running import strategy_text

MODELS = ("demo/classifier", "demo/clip", "demo/vlm")
STRATEGIES = ("vocabulary,background=background", "zero-shot", "closed-set", "likelihood")


def main(pictures: int = 20, classes: int = 50, folder: str | None = None) -> None:
    place = Path(folder or tempfile.mkdtemp())
    data = {"path": "demo/pictograms", "pictures": pictures, "classes": classes}
    with closing(snellen.run(data, MODELS, STRATEGIES, out=str(place / "planned"))) as results:
        candidates = candidates_of(results, comparable(results)[0])
        cascades = plan_cascades(results, candidates, (), Limits()).cascades
        written = {text: each for each in cascades if (text := strategy_text(results, each))}
    models = sorted({each.second.row.model for each in cascades})
    others = {**data, "drawing_seed": 1}
    with closing(snellen.run(others, MODELS, (*STRATEGIES, *written), out=str(place / "others"))) as results:
        rows = {(row.model, row.strategy): row for row in results.rows}
        print(f"{len(models)} second models; {results.rows[0].images} pictures of {classes} classes each time\n")
        print("| cascade | handed over | | right | | of the second's time | |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        print("| | promised | run | promised | run | promised | run |")
        for text, cascade in written.items():
            row = rows[cascade.second.row.model, text]
            print(
                _line(cascade, row, rows[cascade.second.row.model, cascade.second.row.strategy], _handed(results, row))
            )


def _handed(results: Results, row: ResultRow) -> float:
    stages = [each["details"]["stage"] for each in results.records() if each["row"] == row.number]
    return stages.count(2) / len(stages)


def _line(cascade: Cascade, row: ResultRow, second: ResultRow, handed_over: float) -> str:
    point, n = cascade.estimate, row.images
    assert row.accuracy is not None and row.images_per_second and second.images_per_second
    assert point.measures.images_per_second and cascade.second.measures.images_per_second
    cells = [
        f"{cascade.first.name}, then {cascade.second.name} below {cascade.threshold:g}",
        *_pair(point.handed_over, handed_over, n),
        *_pair(point.accuracy, row.accuracy, n),
        f"{100 * cascade.second.measures.images_per_second / point.measures.images_per_second:.0f} %",
        f"{100 * second.images_per_second / row.images_per_second:.0f} %",
    ]
    return f"| {' | '.join(cells)} |"


def _pair(promised: float, given: float, n: int) -> Sequence[str]:
    """Both shares; a star where they differ by more than the chance of both samples explains (95 %)."""
    room = 1.96 * sqrt((promised * (1 - promised) + given * (1 - given)) / n)
    return f"{100 * promised:.1f} %", f"{100 * given:.1f} %{'' if abs(promised - given) <= room else ' *'}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])  # type: ignore[arg-type]
