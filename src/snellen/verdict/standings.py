"""Who is really better: the ranks that the images of a sitting leave open, ties, and each two rows compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.comparisons import Comparison, as_data, compare, ranks
from snellen.metrics.bootstrap import intervals_of_counts
from snellen.metrics.classification import Confusion, classify
from snellen.metrics.intervals import wilson
from snellen.metrics.sequential import accuracy_bounds
from snellen.sheets import NO_ANSWER
from snellen.verdict.sittings import Entrant, Sitting


@dataclass(frozen=True, slots=True)
class Standing:
    """A row's accuracy and macro-F1 on the images of the sitting that it answered; None where it answered none.

    `best` and `worst` are the ranks that the comparisons of all pairs leave open, for all rows together with 95 %. The
    interval of the accuracy is Wilson's, or holds whenever one stops where the row stopped for what it answered; then
    macro-F1 has none.
    """

    images: int
    best: int | None
    worst: int | None
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    macro_f1: float | None
    macro_f1_low: float | None
    macro_f1_high: float | None


@dataclass(frozen=True, slots=True)
class Tie:
    """Rows, by their places one after the other, of which no two are told apart.

    `images` is how many each two of them have in common at least; `images_needed` how many would tell the first from
    each of the others with a power of 80 %, if they differ as here, but for those that are `as_often_right` as the
    first; None where all are, or where rows stopped for what they answered.
    """

    places: tuple[int, ...]
    images: int
    images_needed: int | None
    as_often_right: tuple[int, ...]


class Standings:
    """The rows of a sitting ranked and compared, by their places in it."""

    def __init__(self, sitting: Sitting, macro_f1: bool = True) -> None:
        """Without `macro_f1` comparisons say nothing of it, as with many images that takes long."""
        self.sitting = sitting
        self._macro_f1 = macro_f1

    @cached_property
    def comparisons(self) -> Mapping[tuple[int, int], Comparison]:
        """Each two rows by their places."""
        anytime = [place for place, each in enumerate(self.sitting.entrants) if each.row.interval == "anytime"]
        classes = len(self.sitting.classes)
        return compare(self.sitting.labels, self.sitting.predictions, classes, anytime, self._macro_f1)

    @cached_property
    def rows(self) -> tuple[Standing, ...]:
        """Each row's standing."""
        return tuple(map(self._standing, self.sitting.entrants, self.sitting.predictions, self.ranks))

    @cached_property
    def ranks(self) -> tuple[tuple[int, int] | None, ...]:
        """The best and the worst rank of each row that are left open; None of those without an answer."""
        ranked = sum(bool((said != NO_ANSWER).any()) for said in self.sitting.predictions)  # the others are the last
        return (*ranks(ranked, self.comparisons), *[None] * (len(self.sitting.entrants) - ranked))

    @cached_property
    def ties(self) -> tuple[Tie, ...]:
        """All largest groups of neighbouring rows of which no two are told apart; they may overlap."""
        ties, end = [], 0
        ranked = sum(each is not None for each in self.ranks)
        for start in range(ranked):
            stop = start + 1
            while stop < ranked and all(self.comparisons[above, stop].better is None for above in range(start, stop)):
                stop += 1
            if stop > end and stop - start > 1:
                ties.append(self._tie(range(start, stop)))
                end = stop
        return tuple(ties)

    def _standing(self, entrant: Entrant, predictions: NDArray[np.int32], bounds: tuple[int, int] | None) -> Standing:
        if bounds is None:
            return Standing(0, *[None] * 8)
        answered, classes = predictions != NO_ANSWER, self.sitting.classes
        labels, predictions = self.sitting.labels[answered], predictions[answered]
        counts = np.zeros((len(classes), len(classes) + 1), dtype=np.int64)
        np.add.at(counts, (labels, predictions), 1)
        figures = classify(Confusion(classes, counts))
        anytime = entrant.row.interval == "anytime"
        low, high = (accuracy_bounds if anytime else wilson)(figures.correct, figures.answered)
        f1 = (None, None) if anytime else intervals_of_counts(counts, np.random.default_rng(0))["macro_f1"]
        return Standing(figures.answered, *bounds, figures.accuracy, low, high, figures.macro_f1, *f1)

    def _tie(self, places: Sequence[int]) -> Tie:
        with_first = {place: self.comparisons[places[0], place] for place in places[1:]}
        needed = [each.images_needed for each in with_first.values() if each.images_needed is not None]
        stopped = any(each.anytime for each in with_first.values())
        return Tie(
            tuple(places),
            min(self.comparisons[pair].images for pair in combinations(places, 2)),
            None if stopped else max(needed, default=None),
            tuple(place for place, each in with_first.items() if each.images and each.difference == 0),
        )

    def as_data(self, runs: Sequence[str]) -> dict[str, Any]:
        """All of it, for JSON; `runs` are what the runs are called, places count from 1."""
        named = [
            {
                "place": place,
                "run": runs[entrant.run],
                "row": entrant.row.number,
                "model": entrant.row.model,
                "strategy": entrant.row.strategy,
            }
            for place, entrant in enumerate(self.sitting.entrants, start=1)
        ]
        ties = (
            {
                key: [each + 1 for each in value] if isinstance(value, tuple) else value
                for key, value in asdict(tie).items()
            }
            for tie in self.ties
        )
        return {
            "classes": list(self.sitting.classes),
            "images": len(self.sitting.labels),
            "images_left_out": {runs[run]: count for run, count in self.sitting.left_out.items()},
            "images_relabelled": self.sitting.relabelled,
            "rows": [
                {
                    **name,
                    "also_in": [{"run": runs[each.run], "row": each.row.number} for each in entrant.also],
                    **asdict(row),
                }
                for name, entrant, row in zip(named, self.sitting.entrants, self.rows, strict=True)
            ],
            "ties": list(ties),
            "comparisons": [as_data(each, named[a], named[b]) for (a, b), each in self.comparisons.items()],
        }
