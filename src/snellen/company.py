"""Whether answers depend on the company in which they are asked: the same questions asked in two ways, compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from snellen.images import Image
from snellen.metrics.intervals import wilson
from snellen.specs import strategy_plan
from snellen.types import Answer, Classes, Failure, Question, Scores, Text

STRATEGIES = ("closed-set", "binary", "binary,answer=choose", "vocabulary")  # each asks by its first question


@dataclass(frozen=True, slots=True)
class Setting:
    """How many images are asked about together; and whether prefix sharing, else left as it is, is turned off."""

    batch_size: int
    unshared: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What it sets of a model's options."""
        return {"batch_size": self.batch_size, **({"prefix_sharing": "off"} if self.unshared else {})}


@dataclass(frozen=True, slots=True)
class Difference:
    """How the answers to the same questions differ: `flips` are another text, or another choice as the best.

    `largest` is that of two scores of one choice (log-probabilities of Choose, probabilities of Recognise), over those
    that are finite; None for texts. `missing` questions were not answered both times and are not compared.
    """

    compared: int
    flips: int
    missing: int
    largest: float | None = None

    @property
    def rate(self) -> float | None:
        """Flips per compared answer; None where there is none."""
        return self.flips / self.compared if self.compared else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The rate's 95 % Wilson interval."""
        return wilson(self.flips, self.compared) if self.compared else None


def strategies_for(kinds: frozenset[type]) -> tuple[str, ...]:
    """Those of STRATEGIES whose questions are of these kinds."""
    return tuple(spec for spec in STRATEGIES if strategy_plan(spec).strategy.asks <= kinds)


def first_question(spec: str, classes: Classes, image: Image, seed: int = 0) -> Question:
    """What a run of the strategy would ask first about the image."""
    inquiry = strategy_plan(spec).strategy.inquire(classes, None, Random(f"{seed}:{image.digest}"))
    (question, *_) = next(inquiry)
    inquiry.close()
    return question


def difference(ones: Sequence[Answer | Failure], others: Sequence[Answer | Failure]) -> Difference:
    """The answers to the same questions, in the same order, compared."""
    pairs = [
        cast("tuple[Answer, Answer]", pair)
        for pair in zip(ones, others, strict=True)
        if not any(isinstance(answer, Failure) for answer in pair)
    ]
    distances = [distance for pair in pairs for distance in _distances(*pair)]
    flips = sum(_decision(one) != _decision(other) for one, other in pairs)
    return Difference(len(pairs), flips, len(ones) - len(pairs), max(distances, default=None))


def pooled(differences: Sequence[Difference]) -> Difference:
    """All of them as one; without `largest`, as they may differ in unit."""
    return Difference(
        sum(each.compared for each in differences),
        sum(each.flips for each in differences),
        sum(each.missing for each in differences),
    )


def _decision(answer: Answer) -> object:
    """What a strategy goes by."""
    if isinstance(answer, Text):
        return answer.text
    return answer.best if isinstance(answer, Scores) else answer


def _distances(one: Answer, other: Answer) -> list[float]:
    if not isinstance(one, Scores) or not isinstance(other, Scores):
        return []
    pairs = zip(one.values, other.values, strict=True)
    return [abs(a - b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
