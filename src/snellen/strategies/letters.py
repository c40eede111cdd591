"""`letters`: the classes are lettered options of a multiple-choice question, without the model's taste in letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal, cast

import numpy as np
from annotated_types import Ge

from snellen.blank import BLANK
from snellen.class_list import Order, Side, beside, check_slot, filled, ordered
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.lettered import MOST, letters_for, read_option, written
from snellen.spellings import best, probabilities
from snellen.types import (
    PHOTO,
    Choose,
    Classes,
    Example,
    Generate,
    Inquiry,
    Outcome,
    Part,
    Photo,
    Prediction,
    Preparation,
    Scores,
    Text,
)

_TEMPLATE = (
    "What type of object is in this photo?\n{classes}\nAnswer with the option's letter from the given choices directly."
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the options are put and what of the answers counts; `template` holds `{classes}`, for which they stand.

    `answer: choose` compares the probabilities of the letters, `generate` reads a letter or a class out of a text of
    at most `max_tokens` tokens. There are 26 letters, so at most 26 classes.

    `debias: prior` (unless given, for choose) takes away what a letter has whatever stands behind it. It is PriDe
    (Zheng et al. 2024, arXiv 2309.03882): the observed p(letter) is proportional to a prior of the letter times the
    probability of the option behind it; the prior is the softmax of the mean log p(letter) over cyclic permutations of
    the options, in which each option stands at each letter once; p(option) is proportional to p(letter) / prior.
    The paper estimates the prior on a few samples of the test data and takes the mean over them. Here it is estimated
    once for a row with a grey picture in the photo's place, as a preparation sees no photo: what the model prefers in
    its letters when there is nothing to see.
    """

    template: str = _TEMPLATE
    image: Side = "first"
    order: Order = "shuffled"
    answer: Literal["choose", "generate"] = "choose"
    debias: Literal["none", "prior"] | None = None
    max_tokens: Annotated[int, Ge(1)] = 10

    def __post_init__(self) -> None:
        check_slot(self.template)
        if self.debias == "prior" and self.answer == "generate":
            raise ValueError("debias=prior divides probabilities: it goes with answer=choose, not answer=generate")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate if self.answer == "generate" else Choose})

    def check(self, classes: Classes) -> None:
        """Raises WrongUse where there are more classes than letters."""
        if len(classes.names) > MOST:
            raise WrongUse(
                f"letters: expected at most {MOST} classes, one for each letter, got {len(classes.names)}; "
                "shortlist and tournament are for so many"
            )

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The logarithm of each letter's prior; nothing where it is not taken away."""
        if self.answer == "generate" or self.debias == "none":
            return {}
        names, letters = classes.names, tuple(letters_for(classes.names))
        turned = [names[place:] + names[:place] for place in range(len(names))]
        answers = yield [Choose(self._prompt(BLANK, order), letters) for order in turned]
        return dict(zip(letters, _prior(cast("Sequence[Scores]", answers)), strict=True))

    def orders(self, classes: Classes, rng: Random) -> list[tuple[str, ...]]:
        """The options from A on."""
        return [ordered(classes.names, self.order, rng)]

    def inquire(self, classes: Classes, known: Mapping[str, float] | None, rng: Random) -> Inquiry:
        """One question; `letter` is that of the prediction."""
        (order,) = self.orders(classes, rng)
        letters = dict(zip(order, letters_for(order), strict=True))
        prompt = self._prompt(PHOTO, order)
        if self.answer == "generate":
            (answer,) = yield [Generate(prompt, self.max_tokens)]
            reading = read_option(cast(Text, answer), order, classes)
            return Prediction(reading.label, reading.outcome, details={"letter": letters.get(reading.label or "")})
        (answer,) = yield [Choose(prompt, tuple(letters.values()))]
        values = dict(zip(order, cast(Scores, answer).values, strict=True))
        logs = {name: values[name] - (known or {}).get(letters[name], 0.0) for name in classes.names}
        label = best(logs)
        outcome = Outcome.OUT_OF_LIST if label is None else Outcome.SCORED
        return Prediction(label, outcome, probabilities(logs), {"letter": letters.get(label or "")})

    def _prompt(self, picture: Photo | Image, order: Sequence[str]) -> tuple[Part, ...]:
        return beside(picture, filled(self.template, written(order), "\n"), self.image)


def _prior(answers: Sequence[Scores]) -> list[float]:
    """The logarithm of each letter's prior: the softmax of its mean log-probability over the answers.

    A letter without any probability in an answer has the least that a letter has anywhere, and an answer without any
    says nothing; where none says anything no letter is preferred.
    """
    values = np.asarray([answer.values for answer in answers], dtype=np.float64)
    values = values[np.isfinite(values).any(axis=1)]
    if not len(values):
        return [0.0] * len(answers)
    values -= np.logaddexp.reduce(values, axis=1, keepdims=True)
    means = np.maximum(values, values[np.isfinite(values)].min()).mean(axis=0)
    return [float(value) for value in means - np.logaddexp.reduce(means)]
