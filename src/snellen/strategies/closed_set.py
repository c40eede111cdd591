"""`closed-set`: all class names stand in the prompt and the model names one; several shuffles of them can vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Literal, cast

from annotated_types import Ge

from snellen.class_list import CLOSED_SET, SLOT, Order, Side, beside, filled, ordered, place_of
from snellen.labels import Reading, read_label
from snellen.spellings import Spellings, best, choices_of, probabilities, spellings_of, summed
from snellen.types import (
    PHOTO,
    Choose,
    Classes,
    Generate,
    Inquiry,
    Outcome,
    Part,
    Prediction,
    Question,
    Scores,
    Text,
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the question is put and how the answers decide.

    `template` holds `{classes}`, for which the names stand, joined by `separator` and without braces: the braces of
    the published prompt denote the list (to send them too, write `{{classes}}`).
    `votes` shuffles are asked about; unreadable votes do not count, the earliest of equals wins.
    `answer: choose` compares the probabilities of the names, averaged over the votes as logarithms.
    `max_tokens`: room for the longest class name or a short sentence with it, and no essay.
    """

    template: str = CLOSED_SET
    separator: str = ", "
    image: Side = "first"
    votes: Annotated[int, Ge(1)] = 1
    order: Order = "shuffled"
    answer: Literal["generate", "choose"] = "generate"
    max_tokens: Annotated[int, Ge(1)] = 20

    def __post_init__(self) -> None:
        if SLOT not in self.template:
            raise ValueError(f"the template {self.template!r} has no {{classes}}, for which the class names stand")
        if self.votes > 1 and self.order == "given":
            raise ValueError(f"votes={self.votes} with order=given would ask the same question again")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate if self.answer == "generate" else Choose})

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """One round of as many questions as there are votes; the first shuffles are the same however many follow."""
        orders = [ordered(classes.names, self.order, rng) for _ in range(self.votes)]
        if self.answer == "generate":
            asked: list[Question] = [Generate(self._prompt(order), self.max_tokens) for order in orders]
            return _majority(classes, orders, cast("Sequence[Text]", (yield asked)))
        spellings = spellings_of(classes.names)
        asked = [Choose(self._prompt(order), choices_of(spellings)) for order in orders]
        return _average(spellings, orders, cast("Sequence[Scores]", (yield asked)))

    def _prompt(self, order: tuple[str, ...]) -> tuple[Part, ...]:
        return beside(PHOTO, filled(self.template, order, self.separator), self.image)


def _majority(classes: Classes, orders: Sequence[tuple[str, ...]], answers: Sequence[Text]) -> Prediction:
    readings = [read_label(answer.text, classes, answer.finish) for answer in answers]
    details = {"votes": [_vote(reading, order) for reading, order in zip(readings, orders, strict=True)]}
    counts = Counter(reading.label for reading in readings if reading.label is not None)
    if not counts:
        return Prediction(None, readings[0].outcome, details=details)
    winner = counts.most_common(1)[0][0]  # of equals the one counted first
    outcome = next(reading.outcome for reading in readings if reading.label == winner)
    return Prediction(winner, outcome, details=details)


def _average(spellings: Spellings, orders: Sequence[tuple[str, ...]], answers: Sequence[Scores]) -> Prediction:
    votes = [summed(answer, spellings) for answer in answers]
    readings = [_reading(best(vote)) for vote in votes]
    details = {"votes": [_vote(reading, order) for reading, order in zip(readings, orders, strict=True)]}
    counted = [vote for vote, reading in zip(votes, readings, strict=True) if reading.label is not None] or votes
    logs = {name: sum(vote[name] for vote in counted) / len(counted) for name in spellings}
    decided = _reading(best(logs))
    return Prediction(decided.label, decided.outcome, probabilities(logs), details)


def _reading(label: str | None) -> Reading:
    return Reading(label, Outcome.OUT_OF_LIST if label is None else Outcome.SCORED)


def _vote(reading: Reading, order: tuple[str, ...]) -> dict[str, Any]:
    """A vote for the record; `place` is where in its list the chosen name stood, from 1."""
    return {"label": reading.label, "outcome": str(reading.outcome), "place": place_of(reading.label, order)}
