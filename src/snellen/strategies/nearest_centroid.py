"""`nearest-centroid`: the class whose few labelled examples have the mean features nearest to the photo's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, cast

import numpy as np
from annotated_types import Ge

from snellen.types import Classes, Embed, Example, Inquiry, Outcome, Prediction, Preparation, Vector
from snellen.vectors import ClassVectors, stacked, unit


@dataclass(frozen=True, slots=True)
class Strategy:
    """`shots`: how many labelled examples of each class are given; they are never among the photos asked about.

    A class is the mean of the unit vectors of its examples, and compared by the cosine (nearest class mean: Mensink et
    al. 2013, IEEE TPAMI 35(11); with the mean of a few embedded examples: Snell et al. 2017, arXiv 1703.05175).
    """

    shots: Annotated[int, Ge(1)] = 5

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Embed})

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The mean features of each class."""
        answers = yield [Embed(shot.image) for shot in shots]
        vectors, labels = unit(stacked(answers)), np.asarray([shot.label for shot in shots])
        return ClassVectors(
            classes.names, np.stack([unit(vectors[labels == name].mean(axis=0)) for name in classes.names])
        )

    def inquire(self, classes: Classes, known: ClassVectors, rng: Random) -> Inquiry:
        """One question: the features of the photo. Scores are cosines."""
        (answer,) = yield [Embed()]
        vector = cast(Vector, answer)
        if not vector.values.any():  # it points nowhere, and is near to no class
            return Prediction(None, Outcome.OUT_OF_LIST)
        return Prediction(known.nearest(vector, 1)[0], Outcome.SCORED, known.scores(vector))
