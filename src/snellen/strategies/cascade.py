"""`cascade`: another model answers first, and the model itself where that one is not sure enough."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from snellen.errors import WrongUse
from snellen.specs import Spec, kinds_of, strategy_plan
from snellen.types import (
    Answer,
    Choose,
    Classes,
    Embed,
    EmbedText,
    Example,
    Generate,
    Inquiry,
    Prediction,
    Preparation,
    Question,
    Recognise,
    Role,
)

_FIRST = "first"
_Rounds = Generator[Sequence[Question], Sequence[Answer], Any]


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which model answers first, by which strategy, and how sure it has to be.

    `first`, such as `clip/openai/clip-vit-base-patch32`, is asked by the strategy `by` (unless given: `zero-shot` where
    it compares with texts, `vocabulary` where it has labels of its own). Where the score of what it predicts is at
    least `threshold`, that is the prediction; else, or where it names no class or has no score, the model itself is
    asked by the strategy `then`. `snellen recommend RUN` finds thresholds by what both have answered; on the images of
    that run such a cascade looks a little better than it is, as its threshold was chosen for them.

    Both are asked what they would be asked alone, so that answers are shared with their own rows. Strategies with
    options are written in parentheses, `then=(closed-set,votes=5)`, or as a mapping in a study file; those that are
    given labelled examples or ask other models themselves cannot take part. A dry run and a limit of money count every
    picture as handed over. Where the first model refuses a picture, the cascade ends with that.
    """

    first: str
    threshold: float
    # the hash may leave them out, equality does not
    by: Mapping[str, Any] | str | None = field(default=None, hash=False, metadata={"strategy": True})
    then: Mapping[str, Any] | str = field(default="closed-set", hash=False, metadata={"strategy": True})

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise ValueError(f"threshold={self.threshold}: expected a number, such as 0.8")
        object.__setattr__(self, "by", _resolved("by", self.by or _fitting(self.first)))
        object.__setattr__(self, "then", _resolved("then", self.then))
        if Generate in self._by.asks:
            raise WrongUse(
                f"cascade: by={strategy_plan(self.by or '').title} has its first model answer in words, which have no "
                "score; name a strategy that gives scores, such as likelihood or (closed-set,answer=choose)"
            )

    @property
    def asks(self) -> frozenset[type]:
        asked: frozenset[type] = self._then.asks
        return asked

    @property
    def roles(self) -> Mapping[str, Role]:
        return {_FIRST: Role(self.first, self._by.asks)}

    @property
    def fullest(self) -> Strategy:
        """The cascade in which the first model is never sure enough."""
        return dataclasses.replace(self, threshold=sys.float_info.max)

    def check_names(self, classes: Classes) -> None:
        """What both strategies say of all classes of the data set."""
        for each in (self._by, self._then):
            getattr(each, "check_names", lambda classes: None)(classes)

    def check(self, classes: Classes) -> None:
        """What both strategies say of the classes."""
        for each in (self._by, self._then):
            getattr(each, "check", lambda classes: None)(classes)

    def lint(self, classes: Classes) -> Iterator[str]:
        """What the strategy of the model itself warns of."""
        yield from getattr(self._then, "lint", lambda classes: ())(classes)

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """What each of the two has to know before the first photo."""
        by, then = _prepared(self._by, classes), _prepared(self._then, classes)
        return (yield from _put_to(_FIRST, by)), (yield from then)

    def inquire(self, classes: Classes, known: tuple[Any, Any], rng: Random) -> Inquiry:
        """The first model's rounds, then the model's own; `stage` tells which of them decided."""
        again = Random()
        again.setstate(rng.getstate())  # both draw what they would draw alone
        first: Prediction = yield from _put_to(_FIRST, self._by.inquire(classes, known[0], rng))
        confidence = (first.scores or {}).get(first.label) if first.label is not None else None
        told = {"first": first.label, "confidence": confidence}
        if confidence is not None and confidence >= self.threshold:
            return _decided(1, first, told)
        return _decided(2, (yield from self._then.inquire(classes, known[1], again)), told)

    @property
    def _by(self) -> Any:
        return _strategy(json.dumps(self.by))

    @property
    def _then(self) -> Any:
        return _strategy(json.dumps(self.then))


def _fitting(first: str) -> str:
    """The strategy by which a model is asked first unless another is named. Raises WrongUse where there is none."""
    kinds = kinds_of(first)
    if not kinds & {Generate, Choose}:
        if Recognise in kinds:
            return "vocabulary"
        if {Embed, EmbedText} <= kinds:
            return "zero-shot"
    raise WrongUse(
        f"cascade: {first} has no strategy of its own to be asked first; name one that gives scores with by=, "
        "such as by=likelihood or by=(closed-set,answer=choose)"
    )


def _resolved(option: str, spec: Spec) -> Mapping[str, Any]:
    """A strategy with all its options, as JSON can hold them. Raises WrongUse where it cannot be part of a cascade."""
    plan = strategy_plan(spec)
    if plan.shots or getattr(plan.strategy, "roles", {}):
        why = "is given labelled examples" if plan.shots else "asks another model itself"
        raise WrongUse(f"cascade: {option}={plan.title} {why}; expected a strategy that asks one model about the photo")
    return {"strategy": plan.name, **plan.options}


@lru_cache(maxsize=32)
def _strategy(written: str) -> Any:
    return strategy_plan(json.loads(written)).strategy


def _prepared(strategy: Any, classes: Classes) -> Preparation:
    if not hasattr(strategy, "prepare"):
        return None
    return (yield from strategy.prepare(classes, ()))


def _put_to(role: str, rounds: _Rounds) -> _Rounds:
    """The same rounds with every question put to this role."""
    try:
        questions = next(rounds)
        while True:
            answers = yield [dataclasses.replace(question, to=role) for question in questions]
            questions = rounds.send(answers)
    except StopIteration as stop:
        return stop.value


def _decided(stage: int, by: Prediction, told: Mapping[str, Any]) -> Prediction:
    """The prediction of one of both; its own details stay together, as what is counted of other rows' does not mix."""
    return dataclasses.replace(by, details={"stage": stage, **told, "own": dict(by.details)})
