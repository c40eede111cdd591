"""`binary`: asks class by class whether it is in the photo; the first yes wins, or the most probable yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Literal, cast

from annotated_types import Ge, Le

from snellen.labels import read_yes_no
from snellen.spellings import YES_NO, choices_of, probabilities, summed
from snellen.templates import IS_THERE, NAME, filled
from snellen.types import (
    PHOTO,
    Answer,
    Choose,
    Classes,
    Generate,
    Inquiry,
    Outcome,
    Prediction,
    Question,
    Scores,
    Text,
)

_Verdict = tuple[float | None, Outcome]  # the probability of yes, or None where the answer is neither yes nor no


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the classes are asked about and which yes decides; the background is never asked about.

    `prompt` holds `{name}`, for which a class name stands.
    `decide: first-yes` goes through the classes in random order and stops at the first yes, `ahead` questions a round
    with the same prediction: 1 asks the fewest questions, many are the cheapest on a local engine.
    `decide: argmax` asks about all and takes the highest p(yes) / (p(yes) + p(no)), the background where that is
    below `threshold` (0.5 unless given).
    `answer` is generate for first-yes and choose for argmax unless given; `max_tokens` leaves room for "Answer: Yes."
    """

    prompt: str = IS_THERE
    image: Literal["first", "last"] = "first"
    decide: Literal["first-yes", "argmax"] = "first-yes"
    ahead: Annotated[int, Ge(1)] = 1
    threshold: Annotated[float, Ge(0), Le(1)] | None = None
    answer: Literal["generate", "choose"] | None = None
    max_tokens: Annotated[int, Ge(1)] = 5

    def __post_init__(self) -> None:
        if NAME not in self.prompt:
            raise ValueError(f"the prompt {self.prompt!r} has no {{name}}, for which the class name stands")
        if self.decide == "argmax" and self.answer == "generate":
            raise ValueError("decide=argmax compares probabilities: it goes with answer=choose, not answer=generate")
        if self.decide == "first-yes" and self.threshold is not None:
            raise ValueError(f"threshold={self.threshold} goes with decide=argmax, not with decide=first-yes")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Choose if self._chooses else Generate})

    @property
    def _chooses(self) -> bool:
        return self.decide == "argmax" or self.answer == "choose"

    def orders(self, classes: Classes, rng: Random) -> list[tuple[str, ...]]:
        """The order in which first-yes asks about the classes; argmax asks about all of them."""
        names = classes.foreground
        return [tuple(rng.sample(names, len(names)))] if self.decide == "first-yes" else []

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """First-yes: rounds of `ahead` questions up to the first yes; argmax: one round of all."""
        if self.decide == "argmax":
            return (yield from self._highest_yes(classes))
        return (yield from self._first_yes(classes, rng))

    def _first_yes(self, classes: Classes, rng: Random) -> Inquiry:
        (names,) = self.orders(classes, rng)
        outcomes: list[Outcome] = []
        unreadable = 0
        for start in range(0, len(names), self.ahead):
            group = names[start : start + self.ahead]
            answers = yield [self._question(name) for name in group]
            for name, (yes, outcome) in zip(group, _verdicts(answers), strict=True):
                outcomes.append(outcome)
                unreadable += yes is None
                if yes is not None and yes > 0.5:
                    return Prediction(name, Outcome.CONFIRMED, details=_counts(outcomes, unreadable))
        details = _counts(outcomes, unreadable)
        if outcomes and unreadable == len(outcomes):
            return Prediction(None, outcomes[0], details=details)
        return Prediction(classes.background, Outcome.NONE_CONFIRMED, details=details)

    def _highest_yes(self, classes: Classes) -> Inquiry:
        names = classes.foreground
        if not names:
            return Prediction(classes.background, Outcome.NONE_CONFIRMED, details={**_counts([], 0), "yes": []})
        verdicts = list(_verdicts((yield [self._question(name) for name in names])))
        scores = {name: yes for name, (yes, _) in zip(names, verdicts, strict=True) if yes is not None}
        # of every class it is known whether it got a yes, as it is not where the first one ends the round
        threshold = 0.5 if self.threshold is None else self.threshold
        yeses = [name for name, yes in scores.items() if yes >= threshold]
        details = {**_counts(verdicts, len(names) - len(scores)), "yes": yeses}
        if not scores:
            return Prediction(None, verdicts[0][1], details=details)
        best = max(scores, key=scores.__getitem__)
        if classes.background is not None and scores[best] < threshold:
            return Prediction(classes.background, Outcome.NONE_CONFIRMED, scores, details)
        return Prediction(best, Outcome.SCORED, scores, details)

    def _question(self, name: str) -> Question:
        text = filled(self.prompt, name)
        prompt = (PHOTO, text) if self.image == "first" else (text, PHOTO)
        return Choose(prompt, choices_of(YES_NO)) if self._chooses else Generate(prompt, self.max_tokens)


def _verdicts(answers: Sequence[Answer]) -> Iterator[_Verdict]:
    for answer in answers:
        if isinstance(answer, Scores):
            shares = probabilities(summed(answer, YES_NO))
            yield (None, Outcome.OUT_OF_LIST) if shares is None else (shares["yes"], Outcome.SCORED)
        else:
            text = cast(Text, answer)
            yes, outcome = read_yes_no(text.text, text.finish)
            yield None if yes is None else float(yes), outcome


def _counts(asked: Sequence[object], unreadable: int) -> dict[str, Any]:
    """For the record: the answers up to the deciding one, and those of them that were neither yes nor no."""
    return {"asked": len(asked), "unreadable": unreadable}
