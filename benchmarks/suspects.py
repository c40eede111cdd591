"""How well labels flipped on purpose are found among 139 classes of drawn pictures.

    python benchmarks/suspects.py [--pictures 20] [--seeds 5] [--run FOLDER]

The demo's models are asked once (some two minutes of one core; --run keeps the run). Then, for each seed, 5 % of the
labels are flipped: to any other class, or to the one that demo/clip scores best of the others, which makes it hardest.
A third trial flips to any class too, and lets all models take seven of ten pictures of ten classes for another class,
as surely as they were right: a confusion that is no error of labels.

Each list is ranked over all pictures. Precision is that of its first 5 %, which are as many as labels were flipped;
recall is how many of the flipped ones are in its first 10 %.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snellen.meters import environment
from snellen.metrics.suspicion import Witness, suspicion
from snellen.plan import Request, resolve
from snellen.results import Results
from snellen.study import run

MODELS = {"demo/classifier": "classifier", "demo/clip": "encoder", "demo/vlm": "vision-language model"}
STRATEGIES = ("vocabulary,background=background", "zero-shot", "closed-set")
TRIALS = ("any class", "the next best class", "any class, ten confusions")
FLIPPED = 0.05
LISTS = (
    ("demo/classifier",),
    ("demo/clip",),
    ("demo/vlm",),
    ("demo/classifier", "demo/clip"),
    ("demo/clip", "demo/vlm"),
    ("demo/classifier", "demo/clip", "demo/vlm"),
)


def asked(pictures: int, out: Path) -> Results:
    """The run, or what is left of it."""
    dataset = {"path": "demo/pictograms", "pictures": pictures}
    return run(resolve(Request(dataset, tuple(MODELS), STRATEGIES, out=str(out), timing=False)))


def testimonies(results: Results) -> tuple[NDArray[np.int64], int, dict[str, Witness]]:
    """The true labels, how many classes there are, and what each model said."""
    found = {}
    for row in results.rows:
        sheet = results.sheet(row)
        found[row.model] = Witness(MODELS[row.model], sheet.predictions.astype(np.int64), *results.best_scored(row))
    return sheet.labels.astype(np.int64), len(sheet.classes), found


def flip(
    truth: NDArray[np.int64], classes: int, next_best: NDArray[np.int64] | None, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The labels with some flipped, and which."""
    wrong = np.zeros(len(truth), dtype=bool)
    wrong[random.choice(len(truth), round(FLIPPED * len(truth)), replace=False)] = True
    other = (truth + random.integers(1, classes, len(truth))) % classes if next_best is None else next_best
    return np.where(wrong, other, truth), wrong


def next_best_of(witness: Witness, truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class that a model scores best of those that it is not."""
    first, second = witness.ranked[:, 0], witness.ranked[:, 1]
    return np.where(first == truth, second, first)


def confused(witness: Witness, truth: NDArray[np.int64], classes: int, random: np.random.Generator) -> Witness:
    """The witness, taking most pictures of ten classes for another one as surely as it was right."""
    said, ranked = witness.predictions.copy(), witness.ranked.copy()
    pairs = np.random.default_rng(0).choice(classes, 20, replace=False).reshape(10, 2)
    for one, other in pairs:
        for place in np.flatnonzero((truth == one) & (said == one) & (random.random(len(truth)) < 0.7)):
            said[place] = other
            held = np.flatnonzero(ranked[place] == other)
            ranked[place, held[0] if len(held) else -1] = one
            ranked[place, 0] = other if ranked[place, 0] >= 0 else -1
    return replace(witness, predictions=said, ranked=ranked)


def by_confidence(witness: Witness, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a model says another class than the label, by its score; then the rest, the least sure first."""
    first = np.nan_to_num(witness.scores[:, 0])
    return np.argsort(-np.where(witness.predictions != labels, first, -first), kind="stable")


def figures(order: NDArray[np.int64], wrong: NDArray[np.bool_]) -> tuple[float, float]:
    """Precision of the first 5 %, recall of the first 10 %."""
    hits = wrong[order]
    few, many = round(FLIPPED * len(wrong)), round(0.1 * len(wrong))
    return float(hits[:few].sum() / few), float(hits[:many].sum() / wrong.sum())


def trial(
    name: str, truth: NDArray[np.int64], classes: int, heard: Mapping[str, Witness], seeds: int
) -> Mapping[str, Sequence[tuple[float, float, float | None]]]:
    """By list the figures of each seed, with the number of wrong labels that it estimates."""
    found: dict[str, list[tuple[float, float, float | None]]] = {}
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        next_best = next_best_of(heard["demo/clip"], truth) if "next" in name else None
        labels, wrong = flip(truth, classes, next_best, random)
        said = heard
        if "confusions" in name:
            said = {model: confused(each, truth, classes, random) for model, each in heard.items()}
        for model in ("demo/classifier", "demo/clip"):
            order = by_confidence(said[model], labels)
            found.setdefault(f"confidence of {model} alone", []).append((*figures(order, wrong), None))
        for models in LISTS:
            told = suspicion(labels, classes, [said[model] for model in models])
            found.setdefault(", ".join(models), []).append((*figures(told.order, wrong), told.expected))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20, help="of each class")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--run", type=Path, help="keep the run, or use one that was kept")
    given = parser.parse_args()
    print(json.dumps(environment(), indent=1))
    with (
        tempfile.TemporaryDirectory() as scratch,
        closing(asked(given.pictures, given.run or Path(scratch, "run"))) as results,
    ):
        accuracies = ", ".join(f"{row.model} {row.accuracy:.3f}" for row in results.rows)
        truth, classes, heard = testimonies(results)
    print(f"\n{len(truth)} pictures, {round(FLIPPED * len(truth))} flipped; right before that: {accuracies}\n")
    print("| flipped to | list | precision at 5 % | recall at 10 % (least) | wrong by estimate |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name in TRIALS:
        for title, each in trial(name, truth, classes, heard, given.seeds).items():
            precision, recall = np.mean([figure[:2] for figure in each], axis=0)
            least, numbers = min(figure[1] for figure in each), [figure[2] for figure in each]
            estimate = "–" if numbers[0] is None else f"{np.mean([number or 0 for number in numbers]):.0f}"
            print(f"| {name} | {title} | {precision:.3f} | {recall:.3f} ({least:.3f}) | {estimate} |")


if __name__ == "__main__":
    main()
