"""What is asked about one image as a tree of tokens: what prompts and choices have in common stands there once."""

from __future__ import annotations

from collections.abc import Sequence
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

    def sees(self, start: int, stop: int) -> Sees:
        """Which of the nodes 0 to `stop` - 1 each of the nodes from `start` on attends to: its ancestors and itself.

        Shape (stop - start, stop).
        """
        seen = np.zeros((stop - start, stop), dtype=np.bool_)
        node = start
        while node < stop:
            end = node + 1
            while end < stop and self.parents[end - self.trunk] == end - 1:
                end += 1
            parent = self.parents[node - self.trunk]
            seen[node - start : end - start] = seen[parent - start] if parent >= start else self._line(parent, stop)
            size = end - node
            seen[node - start : end - start, node:end] = np.tri(size, dtype=np.bool_)
            node = end
        return seen

    def _line(self, node: int, length: int) -> Sees:
        """A node and its ancestors, among the first `length` nodes."""
        line = np.zeros(length, dtype=np.bool_)
        while node >= self.trunk:
            line[node] = True
            node = self.parents[node - self.trunk]
        line[: node + 1] = True
        return line

    def all_depths(self) -> list[int]:
        """The depth of every node, the trunk's included."""
        return [*range(self.trunk), *self.depths]


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common beginning."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(place for place in range(most) if one[place] != other[place])
