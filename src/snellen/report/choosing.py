"""Which images teach most: those that rows get wrong, or differ on, spread over confusions and classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snellen.sheets import NO_ANSWER

_OF_BEST = 0.75  # of the room, where there are more mistakes than that


def choose(labels: NDArray[np.int32], predictions: NDArray[np.int32], best: int, room: int) -> list[int]:
    """The places of at most so many images to look at: what the best row gets wrong, then what rows disagree on.

    `predictions` are those of all rows (rows, images). Mistakes come from each class in turn, from its most frequent
    confusion first, and of one confusion first those that most rows get wrong.
    """
    answered = predictions != NO_ANSWER
    wrong = answered & (predictions != labels)
    distinct = _distinct(predictions)
    severity = wrong.sum(axis=0)
    first = _by_pairs(labels, predictions[best], np.flatnonzero(wrong[best]), severity)
    second = _by_classes(labels, np.flatnonzero((distinct > 1) & ~wrong[best]), distinct, severity)
    most = max(int(room * _OF_BEST), room - len(second))
    taken = first[:most]
    return taken + second[: room - len(taken)]


def _distinct(predictions: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many different answers the rows that answered gave to each image."""
    ordered = np.sort(predictions, axis=0)
    fresh = np.concatenate([np.ones_like(ordered[:1], dtype=bool), ordered[1:] != ordered[:-1]])
    found: NDArray[np.int64] = (fresh & (ordered != NO_ANSWER)).sum(axis=0)
    return found


def _by_pairs(
    labels: NDArray[np.int32], said: NDArray[np.int32], places: NDArray[np.intp], severity: NDArray[np.int64]
) -> list[int]:
    """The places in rounds: in each round one of each pair of label and prediction, as long as there are any."""
    if not places.size:
        return []
    pairs, inverse, counts = np.unique(
        np.stack([labels[places], said[places]]), axis=1, return_inverse=True, return_counts=True
    )
    inverse = inverse.reshape(-1)
    order = np.lexsort((pairs[1], -counts, pairs[0]))  # within each label the most frequent first
    rank_in_label = np.empty(len(order), dtype=np.int64)
    rank_in_label[order] = _ranks(pairs[0][order])
    inside = np.lexsort((places, -severity[places], inverse))
    turn = np.empty(len(places), dtype=np.int64)
    turn[inside] = _ranks(inverse[inside])
    found = np.lexsort((inverse, -counts[inverse], rank_in_label[inverse], turn))
    return [int(each) for each in places[found]]


def _by_classes(
    labels: NDArray[np.int32], places: NDArray[np.intp], distinct: NDArray[np.int64], severity: NDArray[np.int64]
) -> list[int]:
    """The places in rounds, in each one of each class: that on which rows differ most."""
    order = np.lexsort((places, -severity[places], -distinct[places], labels[places]))
    ordered = places[order]
    turn = _ranks(labels[ordered])
    found = np.lexsort((ordered, -severity[ordered], -distinct[ordered], turn))
    return [int(each) for each in ordered[found]]


def _ranks(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """The number of each entry within its group, from 0; entries of a group stand together."""
    fresh = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    sizes = np.diff(np.append(fresh, len(groups)))
    return np.arange(len(groups)) - np.repeat(fresh, sizes)
