"""`likelihood`: how probable each class name is as the answer; nothing is parsed, and the answer is always a class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, cast

from snellen.blank import BLANK
from snellen.class_list import CLOSED_SET, SLOT, Order, Side, beside, filled, ordered, place_of
from snellen.errors import WrongUse
from snellen.spellings import Spellings, best, choices_of, log_sums, probabilities, spellings_of
from snellen.types import PHOTO, Choose, Classes, Inquiry, Outcome, Part, Prediction, Scores

OPEN = "Answer this question in one word: What type of object is in this photo? Answer:"


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the question is put, and how the log-probabilities of the names are made comparable.

    `prompt` is the published one with the list of classes or a short one without a list; a `template` takes its place,
    in which `{classes}`, if there, stands for the names as in `closed-set`.

    `normalise` says what is compared of a spelling, for short names are more probable than long ones:
    - sum: log p(spelling and its end | prompt), the end so that "bat" does not win over "bat wing" as its beginning;
    - mean: the same divided by the number of its tokens, the end included (both: arXiv 2405.18415);
    - bytes: the same divided by the number of its UTF-8 bytes, which does not depend on how a model cuts its words.
    A class has the log-sum over its spellings; their mean under mean and bytes, where they do not add up.

    `calibrate` subtracts from each class what it has without the photo, so that a name is not chosen for being common:
    - blank: with a grey picture in the photo's place (contextual calibration by a content-free input, with
      W = diag(p_blank)^-1 and b = 0: Zhao et al. 2021, arXiv 2102.09690);
    - text: with no picture (domain-conditional mutual information, log p(class | photo, text) - log p(class | text):
      Holtzman et al. 2021, arXiv 2104.08315).
    It is whole classes that are subtracted, so a photo that says nothing leaves all of them equally probable, however
    many spellings each has. A class without any probability there counts as the least probable that has some.
    """

    prompt: Literal["closed-set", "open"] = "closed-set"
    template: str | None = None
    separator: str = ", "
    image: Side = "first"
    order: Order = "shuffled"
    normalise: Literal["sum", "mean", "bytes"] = "sum"
    calibrate: Literal["none", "blank", "text"] = "none"

    def __post_init__(self) -> None:
        if self.template is not None and not self.template.strip():
            raise ValueError("the template is empty; expected a question, with or without {classes}")
        if SLOT not in self._template and (self.order == "given" or self.separator != ", "):
            raise ValueError(f"order and separator are for a list of classes, and {self._template!r} has no {SLOT}")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Choose})

    def orders(self, classes: Classes, rng: Random) -> list[tuple[str, ...]]:
        """The list that stands in the question; none where it has no place for one."""
        return [ordered(classes.names, self.order, rng)] if SLOT in self._template else []

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """One round: the question about the photo and, to calibrate, the same without it."""
        order = next(iter(self.orders(classes, rng)), None)
        text = self._template if order is None else filled(self._template, order, self.separator)
        spellings = spellings_of(classes.names)
        answers = yield [Choose(prompt, choices_of(spellings)) for prompt in self._prompts(text)]
        logs = [self._of_classes(scores, spellings) for scores in cast("Sequence[Scores]", answers)]
        return _conclusion(logs[0] if len(logs) == 1 else _calibrated(*logs), order)

    @property
    def _template(self) -> str:
        if self.template is not None:
            return self.template
        return OPEN if self.prompt == "open" else CLOSED_SET

    def _prompts(self, text: str) -> list[tuple[Part, ...]]:
        prompts = [beside(PHOTO, text, self.image)]
        if self.calibrate == "blank":
            prompts.append(beside(BLANK, text, self.image))
        elif self.calibrate == "text":
            prompts.append((text,))
        return prompts

    def _of_classes(self, scores: Scores, spellings: Spellings) -> dict[str, float]:
        """Each class's value over its spellings: the probability of all of them, or the mean of what is no probability.

        So two spellings win nothing over one where their values do not add up.
        """
        logs = log_sums(self._compared(scores), spellings)
        if self.normalise == "sum":
            return logs
        return {name: value - math.log(len(spellings[name])) for name, value in logs.items()}

    def _compared(self, scores: Scores) -> dict[str, float]:
        """What is compared of each spelling. Raises WrongUse where the lengths it takes were not told."""
        if self.normalise == "sum":
            lengths: Sequence[int] = (1,) * len(scores.choices)
        elif self.normalise == "bytes":
            lengths = [len(choice.encode("utf-8", "surrogatepass")) for choice in scores.choices]
        elif scores.lengths is not None:
            lengths = scores.lengths
        else:
            raise WrongUse(
                "normalise=mean takes the number of tokens of each choice, which this answer does not tell; "
                "use normalise=sum or normalise=bytes (or --fresh, if an earlier version of the engine gave the answer)"
            )
        each = zip(scores.choices, scores.values, lengths, strict=True)
        return {choice: value / length for choice, value, length in each}


def _calibrated(logs: Mapping[str, float], without: Mapping[str, float]) -> dict[str, float]:
    least = min((value for value in without.values() if math.isfinite(value)), default=0.0)
    return {name: value - max(without[name], least) for name, value in logs.items()}


def _conclusion(logs: Mapping[str, float], order: Sequence[str] | None) -> Prediction:
    """The most probable class; `place` is where in the list it stood, from 1, if there was a list."""
    label = best(logs)
    outcome = Outcome.OUT_OF_LIST if label is None else Outcome.SCORED
    details = {} if order is None else {"place": place_of(label, order)}
    return Prediction(label, outcome, probabilities(logs), details)
