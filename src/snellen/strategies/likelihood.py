"""`likelihood`: scores every class name as the answer to one question; the prediction is always one of the classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, Literal, cast

from snellen.class_list import CLOSED_SET, SLOT, Order, Side, beside, filled, ordered, place_of
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.spellings import best, choices_of, log_sums, probabilities, spellings_of
from snellen.types import PHOTO, Choose, Classes, Inquiry, Outcome, Part, Prediction, Scores

OPEN = "Answer this question in one word: What type of object is in this photo? Answer:"
_BLANK_SIDE = 224  # pixels: a whole number of patches in every usual vision encoder


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the question is put and how the log-probabilities of the names are made comparable.

    `prompt` is the published one with the list of classes, or an open question without a list. `template` is put in
    its place; where it holds `{classes}`, the names stand there as in closed-set.

    A spelling of a name, y, has the score s(y) = log p(y, end | prompt), the sum over its tokens, which favours short
    names, or with `normalise` that divided by the number of its tokens, its end included (mean), or of its UTF-8
    bytes (bytes). Sum and mean are compared for vision-language models in arXiv 2405.18415.

    `calibrate` subtracts the same score without the photo, for names that are probable whatever is seen: with a grey
    picture in its place (blank), which is contextual calibration as by a diagonal matrix (Zhao et al. 2021, arXiv
    2102.09690), or with the text alone (text), which is pointwise mutual information given the domain (PMI-DC,
    Holtzman et al. 2021, arXiv 2104.08315). Where that has no probability there is nothing to compare with: the
    spelling is left out.

    Under `sum` without `calibrate` a class has the probability of all its spellings together. Otherwise the scores are
    no probabilities of events that add up, and a class has their mean, as exp(s), so that two spellings win nothing
    over one. The classes share a softmax of the logarithms.
    """

    prompt: Literal["closed-set", "open"] = "closed-set"
    template: str | None = None
    separator: str = ", "
    image: Side = "first"
    order: Order = "shuffled"
    normalise: Literal["sum", "mean", "bytes"] = "sum"
    calibrate: Literal["none", "blank", "text"] = "none"

    def __post_init__(self) -> None:
        if self.prompt == "open" and self.template is not None and SLOT in self.template:
            raise ValueError(f"prompt=open has no list of classes, but the template {self.template!r} has {SLOT}")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Choose})

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """One round: the question about the photo and, to calibrate, the same one without it."""
        spellings = spellings_of(classes.names)
        template = self._template
        order = ordered(classes.names, self.order, rng) if SLOT in template else None
        text = template if order is None else filled(template, order, self.separator)
        answers = yield [Choose(prompt, choices_of(spellings)) for prompt in self._prompts(text)]
        scores, *without = [self._normalised(answer) for answer in cast("Sequence[Scores]", answers)]
        logs = log_sums(_calibrated(scores, without[0]) if without else scores, spellings)
        if without or self.normalise != "sum":
            logs = {name: value - math.log(len(spellings[name])) for name, value in logs.items()}
        label = best(logs)
        details = {} if order is None else {"place": place_of(label, order)}
        outcome = Outcome.OUT_OF_LIST if label is None else Outcome.SCORED
        return Prediction(label, outcome, probabilities(logs), details)

    @property
    def _template(self) -> str:
        if self.template is not None:
            return self.template
        return CLOSED_SET if self.prompt == "closed-set" else OPEN

    def _prompts(self, text: str) -> list[tuple[Part, ...]]:
        prompts = [beside(PHOTO, text, self.image)]
        if self.calibrate == "blank":
            prompts.append(beside(blank(), text, self.image))
        elif self.calibrate == "text":
            prompts.append((text,))
        return prompts

    def _normalised(self, scores: Scores) -> dict[str, float]:
        """The score of each spelling. Raises WrongUse where numbers of tokens are needed and not told."""
        lengths: Sequence[int] = (1,) * len(scores.choices)
        if self.normalise == "bytes":
            lengths = [max(1, len(choice.encode("utf-8", "surrogatepass"))) for choice in scores.choices]
        elif self.normalise == "mean":
            if scores.lengths is None:
                raise WrongUse(
                    "normalise=mean needs the number of tokens of each choice, and the answer came without them; "
                    "use normalise=sum or normalise=bytes (or --fresh, if an earlier version kept the answer)"
                )
            lengths = scores.lengths
        each = zip(scores.choices, scores.values, lengths, strict=True)
        return {choice: value / length for choice, value, length in each}


def _calibrated(scores: Mapping[str, float], without: Mapping[str, float]) -> dict[str, float]:
    return {
        choice: score - without[choice] if math.isfinite(without[choice]) else -math.inf
        for choice, score in scores.items()
    }


@lru_cache(maxsize=1)
def blank() -> Image:
    """A mid-grey picture. Its bytes have no encoder's mark, so that it is the same picture everywhere."""
    header = f"P5 {_BLANK_SIDE} {_BLANK_SIDE} 255\n"
    return Image(data=header.encode() + bytes([128]) * _BLANK_SIDE**2)
