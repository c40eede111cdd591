"""Draws the labelled examples that strategies are given: the same by seed, readable, and so many of each class."""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Mapping, Sequence

from snellen.errors import WrongUse
from snellen.images import Image
from snellen.selection import Selection, rank
from snellen.survey import Survey
from snellen.types import Example

_SPARE = 16  # of each class, for files that cannot be read and for copies


def hold_out(selection: Selection, count: int) -> Selection:
    """The selection without `count` examples of each class, which are its `shots`: class by class, drawn by the seed.

    They come from the end of the order of which a limit takes the beginning, and fewer of them are the first of more.
    Copies of a shot's content stay in the selection here; who knows the digests leaves them out. Raises WrongUse where
    a class has too few readable examples to leave any to be asked about.
    """
    candidates, sizes = _last_ranked(selection, count + _SPARE)
    found = _readable(candidates, count)
    for name in selection.classes.names:
        if len(found[name]) < count or sizes[name] <= count:
            raise WrongUse(
                f"shots={count}: expected at least {count + 1} images of each class, different and readable, so that "
                f"one is left to ask about; the class {name!r} has {sizes[name]}"
                + (f", of which {len(found[name])} will do" if len(found[name]) < min(count, sizes[name]) else "")
            )
    shots = tuple(example for name in selection.classes.names for example in found[name])
    return dataclasses.replace(selection, shots=shots)


def first(shots: Sequence[Example], count: int) -> tuple[Example, ...]:
    """The first `count` of the shots of each class."""
    taken: dict[str, int] = {}
    kept = []
    for example in shots:
        taken[example.label] = taken.get(example.label, 0) + 1
        if taken[example.label] <= count:
            kept.append(example)
    return tuple(kept)


def _last_ranked(selection: Selection, count: int) -> tuple[dict[str, list[Example]], dict[str, int]]:
    """The `count` examples of each class with the largest ranks, the largest first, and the size of each class."""
    heaps: dict[str, list[tuple[int, int, Example]]] = {name: [] for name in selection.classes.names}
    sizes = dict.fromkeys(selection.classes.names, 0)
    for number, example in enumerate(dataclasses.replace(selection, thresholds=None)):
        sizes[example.label] += 1
        heap, entry = heaps[example.label], (rank(selection.seed, example.id), -number, example)
        if len(heap) < count:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    return {name: [example for *_, example in sorted(heap, reverse=True)] for name, heap in heaps.items()}, sizes


def _readable(candidates: Mapping[str, Sequence[Example]], count: int) -> dict[str, list[Example]]:
    """The first `count` candidates of each class that are readable and no copies of each other, with their digests."""
    waiting = {name: list(examples) for name, examples in candidates.items()}
    found: dict[str, list[Example]] = {name: [] for name in candidates}
    seen: set[str] = set()
    with Survey() as survey:
        while True:
            asked = [(name, example) for name in waiting for example in waiting[name][: count - len(found[name])]]
            if not asked:
                return found
            examined = dict(survey.examine([(number, example.image) for number, (_, example) in enumerate(asked)]))
            for number, (name, example) in enumerate(asked):
                del waiting[name][0]
                digest = examined[number].digest
                if examined[number].unreadable is None and digest not in seen:
                    seen.add(digest)
                    found[name].append(dataclasses.replace(example, image=_known(example.image, digest)))


def _known(image: Image, digest: str) -> Image:
    return Image(image.path, None if image.path else image.data, digest)
