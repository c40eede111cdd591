"""`tournament`: short lists of class names, whose winners meet in new lists until one is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any

from annotated_types import Ge

from snellen.class_list import CLOSED_SET, Side, check_slot
from snellen.labels import Reading
from snellen.list_question import lint_listed, list_question, read_listed
from snellen.types import Classes, Generate, Inquiry, Outcome, Prediction


@dataclass(frozen=True, slots=True)
class Strategy:
    """`size`: how many names stand in a list at most; `template` holds `{classes}`, for which they stand.

    The names are shuffled and dealt into lists of equal length, all lists of a stage are asked at once, and the name
    chosen from each goes on to the next stage. Few names a list keep clear of context limits and of the collapse that
    some models show at hundreds of names.

    The background class stands in every list beside the `size` names: it is the right answer to each list without the
    class of the photo, which then sends nobody on, and a photo of the background has to be able to win. It wins where
    no other name is left, or by the last list. A list whose answer cannot be read sends nobody on either.
    """

    size: Annotated[int, Ge(2)] = 20
    template: str = CLOSED_SET
    image: Side = "first"

    def __post_init__(self) -> None:
        check_slot(self.template)

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate})

    def lint(self, classes: Classes) -> Iterator[str]:
        """Warns of names that an answer cannot hold."""
        return lint_listed(classes)

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """A round for each stage; `stages` are the winners of each, for the record."""
        names = rng.sample(classes.foreground, len(classes.foreground))
        always = () if classes.background is None else (classes.background,)
        stages: list[list[str]] = []
        reading = Reading(classes.background, Outcome.NONE_CONFIRMED)  # of what has no other class
        while names:
            lists = [rng.sample((*group, *always), len(group) + len(always)) for group in _dealt(names, self.size)]
            answers = yield [list_question(each, self.template, self.image) for each in lists]
            readings = [read_listed(answer, each, classes) for answer, each in zip(answers, lists, strict=True)]
            winners = [each for each in readings if each.label not in (None, classes.background)]
            names = [str(each.label) for each in winners]
            stages.append(names)
            reading = _standing(winners, readings)
            if len(names) < 2:
                break
        return Prediction(reading.label, reading.outcome, details={"stages": stages})


def _standing(winners: Sequence[Reading], readings: Sequence[Reading]) -> Reading:
    """How it stands after a stage: a winner, else the background where a list named it, else the first outcome."""
    named = [each for each in readings if each.label is not None]
    return (*winners, *named, *readings)[0]


def _dealt(names: Sequence[str], size: int) -> list[Sequence[str]]:
    """The names in as few lists of at most `size` as possible, which differ in length by one at most.

    None has a single name, about which there is nothing to ask: where pairs leave one over, it makes a list of three.
    """
    count = max(1, min(-(-len(names) // size), len(names) // 2))
    return [names[place::count] for place in range(count)]
