"""How often a study that stops by itself names a model that is not the best, and what it saves.

Simulated studies of five models; looks are taken, rows stopped and models named by the same code as in a run. Models
are right independently of each other, or on images of differing difficulty: a share of the variance of what decides
whether a model is right (a normal variable) is the image's and the same for all models.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.comparison import mcnemar
from snellen.metrics.sequential import accuracy_bounds, begin, go_on, looks

DIFFICULTY = 0.6  # the image's share of the variance


@dataclass(frozen=True, slots=True)
class Scenario:
    title: str
    accuracies: tuple[float, ...]
    images: int = 1000
    margin: float = 0.0

    @property
    def good(self) -> frozenset[int]:
        """The models that may be named: the best, where it is the only one, or those within the margin."""
        best = max(self.accuracies)
        within = [place for place, each in enumerate(self.accuracies) if each >= best - self.margin - 1e-12]
        return frozenset(within if self.margin or len(within) == 1 else ())


SCENARIOS = (
    Scenario("one best by 10 points", (0.85, 0.75, 0.75, 0.75, 0.75)),
    Scenario("one best by 10 points, near the top", (0.98, 0.88, 0.88, 0.88, 0.88)),
    Scenario("one best by 5 points", (0.85, 0.80, 0.80, 0.80, 0.80)),
    Scenario("one best by 2 points", (0.85, 0.83, 0.83, 0.83, 0.83)),
    Scenario("one best by 2 points", (0.85, 0.83, 0.83, 0.83, 0.83), images=10_000),
    Scenario("10 points between each two", (0.85, 0.75, 0.65, 0.55, 0.45)),
    Scenario("two alike, others 10 points behind", (0.85, 0.85, 0.75, 0.75, 0.75)),
    Scenario("all alike", (0.8,) * 5),
    Scenario("all alike", (0.8,) * 5, images=10_000),
    Scenario("one best by half a point", (0.805, 0.8, 0.8, 0.8, 0.8)),
    Scenario("all alike", (0.8,) * 5, images=10_000, margin=0.02),
    Scenario("one best by 2 points", (0.85, 0.83, 0.83, 0.83, 0.83), images=10_000, margin=0.01),
    Scenario("one best by 1.1 points", (0.811, 0.80, 0.80, 0.80, 0.80), images=10_000, margin=0.01),
)


def drawn(accuracies: tuple[float, ...], images: int, difficulty: float, rng: np.random.Generator) -> NDArray[np.int8]:
    """Who is right on which image: 1 or 0, shape (images, models)."""
    least = np.array([NormalDist().inv_cdf(each) for each in accuracies])
    own = rng.standard_normal((images, len(accuracies)))
    shared = rng.standard_normal((images, 1))
    return (math.sqrt(difficulty) * shared + math.sqrt(1 - difficulty) * own < least).astype(np.int8)


def decided(marks: NDArray[np.int8], margin: float) -> tuple[int | None, int, int]:
    """Which model is named, after how many images, and how many questions were asked."""
    race = begin(marks.shape[1], margin=margin)
    for start, end in pairwise([0, *looks(len(marks))]):
        race = go_on(race, marks[start:end])
        if race.best is not None:
            break
    return race.best, race.images, int(race.answered.sum())


def told_at_any_look(marks: NDArray[np.int8]) -> bool:
    """Whether a leader is ever ahead of all others with p < 0.05 by McNemar's test, as one who just looks would say."""
    for end in looks(len(marks)):
        seen = marks[:end]
        leader = seen.sum(axis=0).argmax()
        others = [other for other in range(marks.shape[1]) if other != leader]
        pairs = [(seen[:, leader] > seen[:, other], seen[:, leader] < seen[:, other]) for other in others]
        if all(mcnemar(int(won.sum()), int(lost.sum())) < 0.05 for won, lost in pairs):
            return True
    return False


def studies(studies: int, rng: np.random.Generator) -> Iterator[str]:
    yield "| models | margin | images | difficulty | named | wrongly | images used | questions saved |"
    yield "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |"
    for scenario in SCENARIOS:
        for difficulty in (0.0, DIFFICULTY):
            named = wrong = 0
            used, asked = [], []
            for _ in range(studies):
                marks = drawn(scenario.accuracies, scenario.images, difficulty, rng)
                best, images, questions = decided(marks, scenario.margin)
                named += best is not None
                wrong += best is not None and best not in scenario.good
                used.append(images)
                asked.append(questions / marks.size)
            yield (
                f"| {scenario.title} | {scenario.margin:g} | {scenario.images:,} | {'shared' if difficulty else 'own'} "
                f"| {named / studies:.1%} | {wrong / studies:.1%} | {np.median(used):,.0f} "
                f"| {1 - np.median(asked):.0%} |"
            )


def naive(studies: int, rng: np.random.Generator) -> Iterator[str]:
    told = sum(told_at_any_look(drawn((0.8,) * 2, 10_000, DIFFICULTY, rng)) for _ in range(studies))
    sound = sum(decided(drawn((0.8,) * 2, 10_000, DIFFICULTY, rng), 0.0)[0] is not None for _ in range(studies))
    yield "Two models alike, 10,000 images, named:"
    yield f"{told / studies:.1%} by McNemar's test at each look, {sound / studies:.1%} by the evidence of a run"


def coverage(studies: int, rng: np.random.Generator) -> Iterator[str]:
    yield "| accuracy | ever outside the bounds | width at 100 | at 1,000 | at 10,000 images |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    moments = np.unique(np.geomspace(1, 10_000, 200).astype(int))
    for accuracy in (0.02, 0.1, 0.5, 0.8, 0.98):
        outside = 0
        for _ in range(studies):
            counts = np.cumsum(rng.random(10_000) < accuracy)[moments - 1]
            bounds = (accuracy_bounds(int(right), int(n)) for right, n in zip(counts, moments, strict=True))
            outside += any(not low <= accuracy <= high for low, high in bounds)
        widths = [np.subtract(*accuracy_bounds(round(accuracy * n), n)[::-1]) for n in (100, 1000, 10_000)]
        yield f"| {accuracy} | {outside / studies:.1%} | {' | '.join(f'{width:.3f}' for width in widths)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for part in (studies, naive, coverage):
        print(*part(given.studies, np.random.default_rng(given.seed)), sep="\n", flush=True)
        print()


if __name__ == "__main__":
    main()
