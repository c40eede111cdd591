"""Chooses a part of a data set: some classes, so many images a class, so many images in all.

Chosen by seed and nested: the set for a smaller number lies in the set for a larger one, whatever the order in which
the examples come.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from snellen.errors import WrongUse, nearest
from snellen.types import Classes, Dataset, Example


@dataclass(frozen=True)
class Selection:
    """The chosen part of a data set, itself a data set that is read anew by each iteration.

    `thresholds` holds for each class the largest rank that is chosen; None chooses all of the classes. `quotas` are how
    many of each class they let through. `shots` are labelled examples that strategies are given, and are never among
    the chosen.
    """

    dataset: Dataset
    classes: Classes
    seed: int
    thresholds: Mapping[str, int] | None = None
    quotas: Mapping[str, int] | None = None
    shots: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def source(self) -> str:
        return self.dataset.source

    @cached_property
    def _count(self) -> int:
        if self.quotas is not None:
            return sum(self.quotas.values())
        if self.classes.names == self.dataset.classes.names:
            return len(self.dataset)
        return sum(1 for _ in self._chosen())

    def __len__(self) -> int:
        return self._count - sum(map(self._is_chosen, self.shots))

    def _is_chosen(self, example: Example) -> bool:
        if self.thresholds is None:
            return True
        return rank(self.seed, example.id) <= self.thresholds.get(example.label, -1)

    def __iter__(self) -> Iterator[Example]:
        held_out = {example.id for example in self.shots}
        return (example for example in self._chosen() if example.id not in held_out)

    def _chosen(self) -> Iterator[Example]:
        if self.thresholds is None:
            names = frozenset(self.classes.names)
            yield from (example for example in self.dataset if example.label in names)
            return
        left = self._count
        examples = iter(self.dataset)
        while left:
            example = next(examples, None)
            if example is None:
                return
            if self._is_chosen(example):
                left -= 1
                yield example


def rank(seed: int, text: str) -> int:
    """The place of a text in the order that the seed gives to all texts, at least 0."""
    digest = hashlib.blake2b(f"{seed}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16)
    return int.from_bytes(digest.digest())


def select(
    dataset: Dataset,
    classes: int | Sequence[str] | None = None,
    per_class: int | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Selection:
    """The part of a data set with the given classes, or so many of them, and so many images a class and in all.

    A number of classes counts the background class, which is always in; a list of names is taken as it is. `limit` is
    spread over the classes as evenly as their sizes allow. Raises WrongUse: a number below 1 (2 for classes) or more
    classes than there are, a name that is unknown or given twice.
    """
    for option, number in (("per_class", per_class), ("limit", limit)):
        if number is not None and number < 1:
            raise WrongUse(f"{option}: expected at least 1, got {number}")
    narrowed = _narrow(dataset.classes, classes, seed)
    if per_class is None and limit is None:
        return Selection(dataset, narrowed, seed)
    largest = min(number for number in (per_class, limit) if number is not None)
    ranks = _smallest_ranks(Selection(dataset, narrowed, seed), largest, seed)
    quotas = {name: len(kept) for name, kept in ranks.items()}
    if limit is not None:
        quotas = _spread(quotas, limit, seed)
    thresholds = {name: heapq.nsmallest(quota, ranks[name])[-1] for name, quota in quotas.items() if quota}
    return Selection(dataset, narrowed, seed, thresholds, quotas)


def part_of(selection: Selection, names: Collection[str]) -> Selection:
    """The part of a selection with these of its classes: of each the same images and shots."""
    classes = selection.classes
    kept = tuple(name for name in classes.names if name in names)
    thresholds, quotas = (
        each and {name: each[name] for name in kept if name in each}
        for each in (selection.thresholds, selection.quotas)
    )
    return replace(
        selection,
        classes=Classes(kept, classes.background if classes.background in kept else None),
        thresholds=thresholds,
        quotas=quotas,
        shots=tuple(shot for shot in selection.shots if shot.label in kept),
    )


def _narrow(classes: Classes, wanted: int | Sequence[str] | None, seed: int) -> Classes:
    if wanted is None:
        return classes
    if isinstance(wanted, str):
        raise WrongUse(f"classes: expected a number or a list of names, got {wanted!r}")
    kept = _drawn(classes, wanted, seed) if isinstance(wanted, int) else _named(classes, wanted)
    names = tuple(name for name in classes.names if name in kept)
    return Classes(names, classes.background if classes.background in kept else None)


def _drawn(classes: Classes, count: int, seed: int) -> set[str]:
    if not 2 <= count <= len(classes.names):
        raise WrongUse(
            f"classes: expected a number from 2 to {len(classes.names)}, which the data set has, got {count}"
        )
    kept = set() if classes.background is None else {classes.background}
    return kept.union(sorted(classes.foreground, key=lambda name: rank(seed, name))[: count - len(kept)])


def _named(classes: Classes, wanted: Sequence[str]) -> set[str]:
    for name, times in Counter(wanted).items():
        if name not in classes.names:
            raise WrongUse(f"classes: the data set has no class {name!r}{nearest(name, classes.names)}")
        if times > 1:
            raise WrongUse(f"classes: {name!r} is given {times} times")
    if len(wanted) < 2:
        raise WrongUse(f"classes: expected at least two, got {', '.join(wanted) or 'none'}")
    return set(wanted)


def _smallest_ranks(examples: Selection, count: int, seed: int) -> dict[str, list[int]]:
    """The `count` smallest ranks of each class; no more than these are held."""
    heaps: dict[str, list[int]] = {name: [] for name in examples.classes.names}
    for example in examples:
        heap = heaps[example.label]
        negated = -rank(seed, example.id)  # a heap has its smallest at hand; the largest rank is the one to drop
        if len(heap) < count:
            heapq.heappush(heap, negated)
        else:
            heapq.heappushpop(heap, negated)
    return {name: [-negated for negated in heap] for name, heap in heaps.items()}


def _spread(sizes: Mapping[str, int], limit: int, seed: int) -> dict[str, int]:
    """How many each class gives when all give one image in turn, round after round, in the order of their ranks."""
    quotas = dict.fromkeys(sizes, 0)
    open_classes = sorted((name for name, size in sizes.items() if size), key=lambda name: rank(seed, name))
    left = limit
    while open_classes and left:
        share = max(1, min(left // len(open_classes), min(sizes[name] - quotas[name] for name in open_classes)))
        for name in open_classes[:left]:
            quotas[name] += share
            left -= share
        open_classes = [name for name in open_classes if quotas[name] < sizes[name]]
    return quotas
