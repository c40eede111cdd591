"""What the places of class names do to the answers: names stand in a list, or are asked about one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snellen.images import Image
from snellen.metrics.diagnostics import goodness_of_fit, spans
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import Sheet
from snellen.stored_rows import row_of
from snellen.verdict.proportions import Proportion, proportion, told_apart

GROUPS = 3
_LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Span:
    """The places `first` to `last`, from 1.

    `right`: how often the images are right whose true class stands there. `chosen`: how many of the readable answers
    name a class that stands there, by `expected` what its length lets expect of a model without a preference.
    """

    first: int
    last: int
    right: Proportion
    chosen: Proportion
    expected: float


@dataclass(frozen=True, slots=True)
class Place:
    """The same of one place as counts: images whose true class stands there, the right ones, answers that chose it."""

    place: int
    images: int
    right: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Places:
    """Each image counts once, by its first list where several vote, and by what was answered to that.

    `one_by_one`: names do not stand in a list but are asked about, up to the first yes. `fixed`: all images have the
    same order, so that places and classes cannot be told apart. `chosen_p` is the p-value of Pearson's chi-square test
    that spans are chosen as often as expected; None where there are too few answers for it. `votes_differ`: of how many
    images the readable votes do not all agree, among those with two or more; None where there is one list.
    """

    length: int
    votes: int
    one_by_one: bool
    fixed: bool
    spans: tuple[Span, ...]
    places: tuple[Place, ...]
    chosen_p: float | None
    votes_differ: Proportion | None

    @property
    def sways(self) -> bool:
        """Whether accuracy depends on the place of the true class, by more than chance explains."""
        return not self.fixed and told_apart(span.right for span in self.spans)

    @property
    def preferred(self) -> bool:
        """Whether some places are chosen more often than others, by more than chance explains."""
        return not self.fixed and self.chosen_p is not None and self.chosen_p < _LEVEL


@dataclass(slots=True)
class _Tally:
    """What was counted so far: by place the images, the right ones and the answers, and the images by their votes."""

    first: Sequence[tuple[str, ...]]
    one_by_one: bool
    counts: NDArray[np.int64]
    fixed: bool = True
    voted: int = 0
    differing: int = 0

    def add(self, order: tuple[str, ...], label: str, votes: Sequence[str | None]) -> None:
        """An answered image: its first order, its true class, and what each of its votes named."""
        self.fixed = self.fixed and order == self.first[0]
        where = {name: place for place, name in enumerate(order)}
        if label in where:
            self.counts[where[label], :2] += 1, votes[0] == label
        if votes[0] in where:
            self.counts[where[votes[0]], 2] += 1
        readable = [vote for vote in votes if vote is not None]
        self.voted += len(readable) > 1
        self.differing += len(set(readable)) > 1


def places_of(
    results: Results, row: ResultRow, sheet: Sheet, advance: Callable[[int], None] = lambda _: None
) -> Places | None:
    """What places do in a row; None where nothing was answered, or its strategy tells no order (`types.Strategy`).

    `advance` is told of each image that is looked at.
    """
    asking = row_of(results.spec(row))
    names = (*sheet.classes, None)
    tally: _Tally | None = None
    for place, _, details in results.conclusions(row, sheet):
        orders = asking.orders(Image(Path(), digest=sheet.digests[place].hex()))
        if not orders or not orders[0]:
            return None
        if tally is None:
            tally = _Tally(orders, "asked" in details, np.zeros((len(orders[0]), 3), dtype=np.int64))
        advance(1)
        told = details.get("votes")
        votes = [vote["label"] for vote in told] if told else [names[sheet.predictions[place]]]
        tally.add(orders[0], sheet.classes[sheet.labels[place]], votes)
    return None if tally is None else _told(tally)


def _told(tally: _Tally) -> Places:
    groups, chosen_p = _spans(tally.counts)
    return Places(
        length=len(tally.counts),
        votes=len(tally.first),
        one_by_one=tally.one_by_one,
        fixed=tally.fixed,
        spans=groups,
        places=tuple(Place(place, *map(int, each)) for place, each in enumerate(tally.counts, start=1)),
        chosen_p=chosen_p,
        votes_differ=proportion(tally.differing, tally.voted) if len(tally.first) > 1 else None,
    )


def _spans(counts: NDArray[np.int64]) -> tuple[tuple[Span, ...], float | None]:
    """The spans of places, and the p-value of what was chosen of them."""
    found = []
    for span in spans(len(counts), GROUPS):
        images, right, chosen = counts[span.start - 1 : span.stop - 1].sum(axis=0).tolist()
        all_chosen = int(counts[:, 2].sum())
        share = len(span) / len(counts)
        found.append(Span(span[0], span[-1], proportion(right, images), proportion(chosen, all_chosen), share))
    shares = [span.expected for span in found]
    return tuple(found), goodness_of_fit([span.chosen.count for span in found], shares)
