"""How often what occurs among the records of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from snellen.metrics.classification import Confusion
from snellen.types import State

_ANSWERS = (State.ANSWERED, State.UNPARSED)
_Count: TypeAlias = tuple[str, str | None, str, str | None, int, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """Label, prediction, state and outcome of records, how many are alike in these, and on how many questions."""

    counts: Sequence[_Count]

    @property
    def states(self) -> Mapping[str, int]:
        """How many records there are in each state."""
        found: Counter[str] = Counter()
        for _, _, state, _, count, _ in self.counts:
            found[state] += count
        return dict(found)

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often each outcome occurs, the most frequent first."""
        found: Counter[str] = Counter()
        for _, _, _, outcome, count, _ in self.counts:
            if outcome is not None:
                found[outcome] += count
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def questions_per_image(self) -> float | None:
        """The mean number of questions behind an answer; None without one."""
        answers = [(count, questions) for _, _, state, _, count, questions in self.counts if state in _ANSWERS]
        images = sum(count for count, _ in answers)
        return sum(questions for _, questions in answers) / images if images else None

    def confusion(self, names: tuple[str, ...]) -> Confusion:
        """How often each class was predicted for each; the last column is for what is none of them."""
        places = {name: place for place, name in enumerate(names)}
        counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
        for label, prediction, state, _, count, _ in self.counts:
            if state in _ANSWERS:
                counts[places[label], len(names) if prediction is None else places.get(prediction, len(names))] += count
        return Confusion(names, counts)
