"""What is asked about one image as a tree of tokens: what prompts and choices have in common stands there once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Sees: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


class Tree:
    """Nodes that grow on a trunk, the chain of the tokens 0 to `trunk` - 1; each node is one token.

    Node numbers count on from the trunk's, a parent's is lower than its children's. `depths` count tokens from the
    beginning, the trunk included.
    """

    def __init__(self, trunk: int) -> None:
        self.trunk = trunk
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self._children: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        """The number of nodes, the trunk's included."""
        return self.trunk + len(self.tokens)

    def grow(self, parent: int, tokens: Sequence[int]) -> list[int]:
        """The nodes of these tokens behind the parent, one after the other, made where they are not there yet."""
        path = []
        for token in tokens:
            node = self._children.get((parent, token))
            if node is None:
                node = self._children[parent, token] = self.append(parent, token)
            path.append(node)
            parent = node
        return path

    def append(self, parent: int, token: int) -> int:
        """A new node behind the parent, whatever is there already."""
        self.tokens.append(token)
        self.parents.append(parent)
        self.depths.append(1 + (parent if parent < self.trunk else self.depths[parent - self.trunk]))
        return len(self) - 1

    def sees(self, start: int, stop: int, kept: Sequence[int]) -> Sees:
        """Which columns each of the nodes `start` to `stop` - 1 attends to: those of its ancestors and its own.

        The columns are the trunk's, those of the `kept` nodes in their order, which hold all ancestors before `start`,
        and those of the nodes themselves. Shape (stop - start, columns).
        """
        places = {node: self.trunk + place for place, node in enumerate(kept)}
        own = self.trunk + len(kept)
        seen = np.zeros((stop - start, own + stop - start), dtype=np.bool_)
        node = start
        while node < stop:
            end = node + 1
            while end < stop and self.parents[end - self.trunk] == end - 1:
                end += 1
            parent, first, last = self.parents[node - self.trunk], node - start, end - start
            if parent >= start:
                seen[first:last] = seen[parent - start]
            else:
                self._mark(seen[first], parent, places)
                seen[first:last] = seen[first]
            seen[first:last, own + first : own + last] = np.tri(last - first, dtype=np.bool_)
            node = end
        return seen

    def _mark(self, line: Sees, node: int, places: Mapping[int, int]) -> None:
        """Marks the columns of a node and its ancestors."""
        while node >= self.trunk:
            line[places[node]] = True
            node = self.parents[node - self.trunk]
        line[: node + 1] = True

    def needed(self, computed: int, further: Iterable[int]) -> set[int]:
        """The nodes before `computed`, but the trunk, that later nodes grow on, or what comes behind `further`."""
        found: set[int] = set()
        later = (self.parents[node - self.trunk] for node in range(computed, len(self)))
        for node in (*later, *further):
            while node >= self.trunk and node not in found:
                found.add(node)
                node = self.parents[node - self.trunk]
        return {node for node in found if node < computed}

    def depths_of(self, kept: Sequence[int], start: int, stop: int) -> list[int]:
        """The depths of the columns of `sees`."""
        return [
            *range(self.trunk),
            *(self.depths[node - self.trunk] for node in kept),
            *self.depths[start - self.trunk : stop - self.trunk],
        ]


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common beginning."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(place for place in range(most) if one[place] != other[place])
