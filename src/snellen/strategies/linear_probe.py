"""`linear-probe`: logistic regression on a model's features, fitted to a few labelled examples of each class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, cast

import numpy as np
from annotated_types import Ge, Gt

from snellen.types import Classes, Embed, Example, Inquiry, Outcome, Prediction, Preparation, Vector
from snellen.vectors import Matrix, best, stacked, unit

NEEDS = ("sklearn",)
EXTRA = "probe"


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A fitted probe: weights [class, dimension] and intercepts [class]."""

    names: tuple[str, ...]
    weights: Matrix
    intercepts: Matrix

    def scores(self, vector: Vector) -> dict[str, float]:
        """The probability of each class."""
        logits = (self.weights @ unit(vector.values) + self.intercepts).astype(np.float64)
        powers = np.exp(logits - logits.max())
        return dict(zip(self.names, (powers / powers.sum()).tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Strategy:
    """`shots`: how many labelled examples of each class it learns from; they are never among the photos asked about.

    Multinomial logistic regression on features of unit length, with the weights penalised by their squares:
    `strength` is the inverse of the penalty (scikit-learn's C).
    """

    shots: Annotated[int, Ge(1)] = 5
    strength: Annotated[float, Gt(0)] = field(default=100.0)

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Embed})

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The probe, fitted to the features of the examples."""
        from sklearn.linear_model import LogisticRegression

        answers = yield [Embed(shot.image) for shot in shots]
        places = {name: number for number, name in enumerate(classes.names)}
        fitted = LogisticRegression(C=self.strength, max_iter=1000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that there are nearly as many classes as examples: so it is
            fitted.fit(unit(stacked(answers)).astype(np.float64), [places[shot.label] for shot in shots])
        weights, intercepts = fitted.coef_, fitted.intercept_
        if len(classes.names) == 2:  # scikit-learn keeps the second class alone: its logit against the first's 0
            weights, intercepts = np.stack([0 * weights[0], weights[0]]), np.stack([0 * intercepts[0], intercepts[0]])
        return Probe(classes.names, weights.astype(np.float32), intercepts.astype(np.float32))

    def inquire(self, classes: Classes, known: Probe, rng: Random) -> Inquiry:
        """One question: the features of the photo."""
        (answer,) = yield [Embed()]
        scores = known.scores(cast(Vector, answer))
        return Prediction(best(scores), Outcome.SCORED, scores)
