"""What the cascade planner promises, beside what the cascades give on pictures that it has not seen.

    python benchmarks/cascade.py [PICTURES [OTHERS [CLASSES [FOLDER]]]]

Cascades of the demo's models are planned on PICTURES drawings of each class, and then run on OTHERS of each, drawn
anew. Times are compared as shares of the second model's own, which is timed again beside the cascades.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from itertools import permutations
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


def main(pictures: int = 10, others: int = 30, classes: int = 50, folder: str | None = None) -> None:
    place = Path(folder or tempfile.mkdtemp())
    data = {"path": "demo/pictograms", "classes": classes}
    some, new = {**data, "pictures": pictures}, {**data, "pictures": others, "drawing_seed": 1}
    with closing(snellen.run(some, MODELS, STRATEGIES, out=str(place / "planned"))) as results:
        candidates = candidates_of(results, comparable(results)[0])
        pairs = [pair for pair in permutations(candidates, 2) if pair[0].row.model != pair[1].row.model]
        cascades = [each for pair in pairs for each in plan_cascades(results, pair, (), Limits()).cascades]
        cascades = [each for each in cascades if each.estimate.handed_over > 0]
        written = {text: each for each in cascades if (text := strategy_text(results, each))}
    alone = {**new, "per_class": 2}
    with closing(snellen.run(alone, MODELS, STRATEGIES, out=str(place / "alone"))) as results:
        speeds = {(row.model, row.strategy): row.images_per_second for row in results.rows}
    print(f"planned on {pictures * classes} pictures, run on {others * classes} others\n")
    print("| cascade | handed over: promised | run | right: promised | run | of the second's time: promised | run |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for text, cascade in written.items():
        second = cascade.second.row
        with closing(snellen.run(new, [second.model], [text], out=str(place / "others"))) as results:
            row = next(each for each in results.rows if (each.model, each.strategy) == (second.model, text))
            print(_line(cascade, row, speeds[second.model, second.strategy], _handed(results, row)), flush=True)


def _handed(results: Results, row: ResultRow) -> float:
    stages = [each["details"]["stage"] for each in results.records() if each["row"] == row.number]
    return stages.count(2) / len(stages)


def _line(cascade: Cascade, row: ResultRow, second: float | None, handed_over: float) -> str:
    point, n = cascade.estimate, (cascade.images, row.images)
    alone = cascade.second.measures.images_per_second
    assert row.accuracy is not None and row.images_per_second and second
    assert alone and point.measures.images_per_second
    cells = [
        f"{cascade.first.name}, then {cascade.second.name} below {cascade.threshold:g}",
        *_pair(point.handed_over, handed_over, n),
        *_pair(point.accuracy, row.accuracy, n),
        f"{100 * alone / point.measures.images_per_second:.0f} %",
        f"{100 * second / row.images_per_second:.0f} %",
    ]
    return f"| {' | '.join(cells)} |"


def _pair(promised: float, given: float, n: tuple[int, int]) -> Sequence[str]:
    """Both shares; a star where they differ by more than the chance of both samples explains (95 %)."""
    room = 1.96 * sqrt(promised * (1 - promised) / n[0] + given * (1 - given) / n[1])
    return f"{100 * promised:.1f} %", f"{100 * given:.1f} %{'' if abs(promised - given) <= room else ' *'}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:5])  # type: ignore[arg-type]
