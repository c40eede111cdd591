"""`closed-set`: all class names stand in the prompt and the model names one; several shuffles of them can vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Literal, cast

from annotated_types import Ge

from snellen.class_list import CLOSED_SET, Order, Side, beside, check_slot, filled, ordered, place_of
from snellen.exemplars import Exemplars, mixed, shown
from snellen.labels import Reading, contained, read_label, recorded
from snellen.lint import too_long
from snellen.spellings import Spellings, best, choices_of, probabilities, spellings_of, summed
from snellen.types import (
    PHOTO,
    Choose,
    Classes,
    Example,
    Generate,
    Inquiry,
    Outcome,
    Prediction,
    Preparation,
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
    `shots` labelled examples of each class stand before the photo, each with the question and its label (few-shot
    prompts: arXiv 2602.23229). They come in one mixed order and with the names in the order given, so that the prompts
    of all photos begin alike and a prefix cache can keep that; the photo's own list is shuffled as ever. A model whose
    prompts cannot hold pictures between texts fails on them.
    """

    template: str = CLOSED_SET
    separator: str = ", "
    image: Side = "first"
    votes: Annotated[int, Ge(1)] = 1
    order: Order = "shuffled"
    answer: Literal["generate", "choose"] = "generate"
    max_tokens: Annotated[int, Ge(1)] = 20
    shots: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_slot(self.template)
        if self.votes > 1 and self.order == "given":
            raise ValueError(f"votes={self.votes} with order=given would ask the same question again")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate if self.answer == "generate" else Choose})

    def lint(self, classes: Classes) -> Iterator[str]:
        """Warns of names that an answer cannot hold; where the model chooses, it writes none."""
        if self.answer == "generate":
            yield from too_long(
                classes, self.max_tokens, "give closed-set more, max_tokens=…, or the classes shorter names"
            )

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The examples as every prompt shows them; nothing is asked."""
        yield from ()
        return mixed(shots)

    def orders(self, classes: Classes, rng: Random) -> list[tuple[str, ...]]:
        """The list of each vote."""
        return [ordered(classes.names, self.order, rng) for _ in range(self.votes)]

    def inquire(self, classes: Classes, known: Exemplars | None, rng: Random) -> Inquiry:
        """One round of as many questions as there are votes; the first shuffles are the same however many follow."""
        orders = self.orders(classes, rng)
        before = shown(known or (), self._text(classes.names), self.image)
        prompts = [(*before, *beside(PHOTO, self._text(order), self.image)) for order in orders]
        if self.answer == "generate":
            asked: list[Question] = [Generate(prompt, self.max_tokens) for prompt in prompts]
            return _majority(classes, orders, cast("Sequence[Text]", (yield asked)))
        spellings = spellings_of(classes.names)
        asked = [Choose(prompt, choices_of(spellings)) for prompt in prompts]
        return _average(spellings, orders, cast("Sequence[Scores]", (yield asked)))

    def _text(self, order: tuple[str, ...]) -> str:
        return filled(self.template, order, self.separator)


def _majority(classes: Classes, orders: Sequence[tuple[str, ...]], answers: Sequence[Text]) -> Prediction:
    readings = [read_label(answer.text, classes, answer.finish) for answer in answers]
    votes = [_vote(*vote) for vote in zip(readings, orders, strict=True)]
    for vote, answer in zip(votes, answers, strict=True):
        vote["said"] = recorded(answer.text)
    details = {"votes": votes, "contains": contained(answers[0].text, classes)}  # as if asked but once
    counts = Counter(reading.label for reading in readings if reading.label is not None)
    if not counts:
        return Prediction(None, readings[0].outcome, details=details)
    winner = counts.most_common(1)[0][0]  # of equals the one counted first
    outcome = next(reading.outcome for reading in readings if reading.label == winner)
    return Prediction(winner, outcome, details=details)


def _average(spellings: Spellings, orders: Sequence[tuple[str, ...]], answers: Sequence[Scores]) -> Prediction:
    votes = [summed(answer, spellings) for answer in answers]
    readings = [_reading(best(vote)) for vote in votes]
    details = {"votes": [_vote(*vote) for vote in zip(readings, orders, strict=True)]}
    counted = [vote for vote, reading in zip(votes, readings, strict=True) if reading.label is not None] or votes
    logs = {name: sum(vote[name] for vote in counted) / len(counted) for name in spellings}
    decided = _reading(best(logs))
    return Prediction(decided.label, decided.outcome, probabilities(logs), details)


def _reading(label: str | None) -> Reading:
    return Reading(label, Outcome.OUT_OF_LIST if label is None else Outcome.SCORED)


def _vote(reading: Reading, order: tuple[str, ...]) -> dict[str, Any]:
    """A vote for the record; `place` is where in its list the chosen name stood, from 1."""
    return {"label": reading.label, "outcome": str(reading.outcome), "place": place_of(reading.label, order)}
