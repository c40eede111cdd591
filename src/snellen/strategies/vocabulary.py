"""`vocabulary`: a recogniser scores its own concepts, and a mapping says which of them stand for a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Literal, cast

import numpy as np

from snellen.concepts import checked, read_mapping
from snellen.errors import WrongUse, nearest
from snellen.labels import normalise
from snellen.types import Classes, Inquiry, Outcome, Prediction, Recognise, Scores

_Numbers = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a vocabulary meets the classes: the concepts of each covered class, and the classes that have none.

    `unknown` are concepts of the mapping that the vocabulary does not have.
    """

    concepts: Mapping[str, tuple[str, ...]]
    uncovered: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which concepts stand for which class, and which of them compete.

    `mapping` is the class of each concept or the path of a file that tells it (see `concepts.py`); its content is kept,
    so the row does not change with the file. Without it a concept stands for the class whose name it, or one of its
    synonyms between commas, has but for case and punctuation. The background class is never matched by name, as many
    networks have a "background" of their own: `background` names the concept that stands for it, if there is one.
    `among: vocabulary` lets all concepts compete: where one that stands for no class beats every class, the prediction
    is out of list. `among: covered` takes the best of the covered classes.
    """

    # the hash may leave it out, equality does not
    mapping: Mapping[str, str] | str | None = field(default=None, hash=False)
    background: str | None = None
    among: Literal["vocabulary", "covered"] = "vocabulary"

    def __post_init__(self) -> None:
        if isinstance(self.mapping, str):
            object.__setattr__(self, "mapping", read_mapping(self.mapping))
        elif self.mapping is not None:
            object.__setattr__(self, "mapping", checked(self.mapping.items(), "mapping"))

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Recognise})

    def check(self, classes: Classes) -> None:
        """Raises WrongUse where the mapping names a class that is none of these, or there is no background class."""
        if self.background is not None and classes.background is None:
            raise WrongUse(f"vocabulary: background={self.background!r} needs a background class, and there is none")
        for concept, name in self._pairs or ():
            if name not in classes.names:
                raise WrongUse(f"vocabulary: {concept!r} is mapped to {name!r}, no class{nearest(name, classes.names)}")

    def coverage(self, classes: Classes, vocabulary: tuple[str, ...]) -> Coverage:
        """Which concepts of the vocabulary stand for which class, and what is left."""
        places = _map(vocabulary, classes, self._pairs, self.background)
        concepts = {
            name: tuple(vocabulary[place] for place in np.flatnonzero(places.owners == number))
            for number, name in enumerate(places.covered)
        }
        uncovered = tuple(name for name in classes.names if name not in concepts)
        return Coverage(concepts, uncovered, places.unknown)

    def inquire(self, classes: Classes, known: Any, rng: Random) -> Inquiry:
        """One question; a class has the scores of its concepts added up."""
        (answer,) = yield [Recognise()]
        scores = cast(Scores, answer)
        places = _map(scores.choices, classes, self._pairs, self.background)
        values = np.asarray(scores.values, dtype=np.float64)
        details = {"concept": scores.best, "score": float(values.max())} if len(values) else {}
        sums = np.bincount(places.owners, weights=values, minlength=len(places.covered) + 1)[: len(places.covered)]
        if not sums.any():
            return Prediction(None, Outcome.OUT_OF_LIST, details=details)
        by_class = dict(zip(places.covered, sums.tolist(), strict=True))
        best = int(sums.argmax())
        if self.among == "vocabulary" and places.outdone(values, best, float(sums[best])):
            return Prediction(None, Outcome.OUT_OF_LIST, by_class, details)
        return Prediction(places.covered[best], Outcome.SCORED, by_class, details)

    @property
    def _pairs(self) -> tuple[tuple[str, str], ...] | None:
        return None if self.mapping is None else tuple(cast("Mapping[str, str]", self.mapping).items())


@dataclass(frozen=True, slots=True)
class _Places:
    """For each concept the number of its class among the `covered` ones, or their count where it has none.

    `firsts` are the places of each class's first concept, `others` those of the concepts without a class.
    """

    covered: tuple[str, ...]
    unknown: tuple[str, ...]
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
def _map(
    vocabulary: tuple[str, ...], classes: Classes, pairs: tuple[tuple[str, str], ...] | None, background: str | None
) -> _Places:
    given = [(name, name) for name in classes.foreground] if pairs is None else list(pairs)
    if background is not None and classes.background is not None:
        given.append((background, classes.background))
    exact = dict(given)
    folded: dict[str, str | None] = {}
    for concept, name in given:
        key = normalise(concept)
        folded[key] = name if folded.get(key, name) == name else None  # two classes by one name: neither
    folded.pop("", None)
    found = [_class_of(concept, exact, folded) for concept in vocabulary]
    reached = set(found)
    covered = tuple(name for name in classes.names if name in reached)
    numbers = {name: number for number, name in enumerate(covered)}
    owners = np.asarray([numbers.get(name or "", len(covered)) for name in found], dtype=np.intp)
    present = {key for concept in vocabulary for key in (concept, *map(normalise, _names(concept)))}
    unknown = tuple(
        concept for concept, _ in pairs or () if concept not in present and normalise(concept) not in present
    )
    firsts = np.asarray([found.index(name) for name in covered], dtype=np.intp)
    return _Places(covered, unknown, owners, firsts, np.flatnonzero(owners == len(covered)))


def _class_of(concept: str, exact: Mapping[str, str], folded: Mapping[str, str | None]) -> str | None:
    """By the whole concept first, then by its synonyms in their order: the first is what it is mostly called."""
    if concept in exact:
        return exact[concept]
    for key in map(normalise, _names(concept)):
        if key in folded:
            return folded[key]
    return None


def _names(concept: str) -> tuple[str, ...]:
    return (concept, *concept.split(","))
