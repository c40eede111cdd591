"""`vocabulary`: a recogniser scores its own concepts, and a mapping says which of them stand for a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Literal, cast

import numpy as np

from snellen.concepts import checked, read_mapping
from snellen.errors import WrongUse, nearest
from snellen.mapping import RULES, Coverage, Given, Mapped, coverage_of, map_concepts
from snellen.types import Classes, Inquiry, Outcome, Prediction, Recognise, Scores

_Numbers = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which concepts stand for which class, and which of them compete.

    `mapping` is the class of each concept or the path of a file that tells it (see `concepts.py`); its content is kept,
    so the row does not change with the file. It wins always; a concept that it gives no class has none. For all other
    concepts there are `rules`: `exact` alone, `exact,head`, or `none` (see `mapping.py`). The background class is never
    matched by a rule, as many networks have a "background" of their own: `background` names the concept that stands for
    it, if there is one. `among: vocabulary` lets all concepts compete: where one that stands for no class beats every
    class, the prediction is out of list. `among: covered` takes the best of the covered classes.
    """

    # the hash may leave it out, equality does not
    mapping: Mapping[str, str | None] | str | None = field(default=None, hash=False)
    rules: tuple[str, ...] | str = "exact"
    background: str | None = None
    among: Literal["vocabulary", "covered"] = "vocabulary"

    def __post_init__(self) -> None:
        if isinstance(self.mapping, str):
            object.__setattr__(self, "mapping", read_mapping(self.mapping))
        elif self.mapping is not None:
            given = ((concept, name or "") for concept, name in self.mapping.items())
            object.__setattr__(self, "mapping", checked(given, "mapping"))
        object.__setattr__(self, "rules", _written(self.rules))

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Recognise})

    def check_names(self, classes: Classes) -> None:
        """Raises WrongUse where the mapping names what is no class of the data set, of which a run may take some."""
        for concept, name in self._pairs:
            if name and name not in classes.names:
                raise WrongUse(f"vocabulary: {concept!r} is mapped to {name!r}, no class{nearest(name, classes.names)}")

    def check(self, classes: Classes) -> None:
        """Raises WrongUse where there is no background class for the concept that stands for it."""
        if self.background is not None and classes.background is None:
            raise WrongUse(f"vocabulary: background={self.background!r} needs a background class, and there is none")

    def coverage(self, classes: Classes, vocabulary: tuple[str, ...], given: Given | None = None) -> Coverage:
        """Which concepts of the vocabulary stand for which class, by which rule, and what is left.

        What is `given` (see `map_concepts`) is for review alone: it is asked for by a mapping that names it.
        """
        mapped = _map(vocabulary, classes, self._pairs, self._rules, self.background, given)
        return coverage_of(vocabulary, classes, mapped)

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """One question; a class has the scores of its concepts added up."""
        (answer,) = yield [Recognise()]
        scores = cast(Scores, answer)
        places = _places(scores.choices, classes, self._pairs, self._rules, self.background)
        values = np.asarray(scores.values, dtype=np.float64)
        details = {"concept": scores.best, "score": float(values.max())} if len(values) else {}
        sums = np.bincount(places.owners, weights=values, minlength=len(places.covered) + 1)[: len(places.covered)]
        if not sums.any():
            return Prediction(None, Outcome.OUT_OF_LIST, details=details)
        # without a score a class has no place in an order, such as among the five best
        by_class = {name: total for name, total in zip(places.covered, sums.tolist(), strict=True) if total}
        best = int(sums.argmax())
        if self.among == "vocabulary" and places.outdone(values, best, float(sums[best])):
            return Prediction(None, Outcome.OUT_OF_LIST, by_class, details)
        return Prediction(places.covered[best], Outcome.SCORED, by_class, details)

    @property
    def _pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple(cast("Mapping[str, str]", self.mapping or {}).items())

    @property
    def _rules(self) -> tuple[str, ...]:
        return tuple(rule for rule in cast(str, self.rules).split(",") if rule != "none")


def _written(rules: Sequence[str] | str) -> str:
    """The rules in their order with commas between them. Raises ValueError."""
    given = [rule.strip() for rule in (rules.split(",") if isinstance(rules, str) else rules)]
    for rule in given:
        if rule not in (*RULES, "none") or (rule == "none" and len(given) > 1):
            raise ValueError(f"expected {','.join(RULES)}, some of them, or none, not {','.join(given)!r}")
    return ",".join(rule for rule in RULES if rule in given) or "none"


@dataclass(frozen=True, slots=True)
class _Places:
    """For each concept the number of its class among the `covered` ones, or their count where it has none.

    `firsts` are the places of each class's first concept, `others` those of the concepts without a class.
    """

    covered: tuple[str, ...]
    owners: _Numbers
    firsts: _Numbers
    others: _Numbers

    def outdone(self, values: np.ndarray[Any, np.dtype[np.float64]], best: int, total: float) -> bool:
        """Whether a concept without a class has more than the `total` of the best; of equals the earlier wins."""
        if not len(self.others):
            return False
        rival = self.others[values[self.others].argmax()]
        return bool(values[rival] > total or (values[rival] == total and rival < self.firsts[best]))


@lru_cache(maxsize=32)
def _places(
    vocabulary: tuple[str, ...],
    classes: Classes,
    pairs: tuple[tuple[str, str], ...],
    rules: tuple[str, ...],
    background: str | None,
) -> _Places:
    meant = _meant(frozenset(vocabulary), classes, pairs, rules, background)
    reached = set(meant.values())
    covered = tuple(name for name in classes.names if name in reached)
    numbers = {name: number for number, name in enumerate(covered)}
    owners = np.asarray([numbers[meant[each]] if each in meant else len(covered) for each in vocabulary], dtype=np.intp)
    firsts = np.unique(owners, return_index=True)[1][: len(covered)]
    return _Places(covered, owners, firsts, np.flatnonzero(owners == len(covered)))


@lru_cache(maxsize=32)
def _meant(
    vocabulary: frozenset[str],
    classes: Classes,
    pairs: tuple[tuple[str, str], ...],
    rules: tuple[str, ...],
    background: str | None,
) -> Mapping[str, str]:
    """The class of each concept that has one; a table of predictions has the same concepts in many orders."""
    ordered = sorted(vocabulary)
    mapped = _map(ordered, classes, pairs, rules, background)
    return {concept: match[0] for concept, match in zip(ordered, mapped.found, strict=True) if match}


def _map(
    vocabulary: Sequence[str],
    classes: Classes,
    pairs: tuple[tuple[str, str], ...],
    rules: tuple[str, ...],
    background: str | None,
    given: Given | None = None,
) -> Mapped:
    if background is not None and classes.background is not None:
        pairs = (*pairs, (background, classes.background))
    return map_concepts(vocabulary, classes, pairs, rules, given)
