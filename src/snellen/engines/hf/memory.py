"""What a model has computed of a prompt's beginning: keys and values that many questions read and none changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
import transformers
from transformers.cache_utils import DynamicLayer

from snellen.engines.hf.tree import Tree

_MANY = 256  # nodes, before dropping some is thought of
Piece: TypeAlias = tuple[torch.Tensor, torch.Tensor]  # keys and values (heads, tokens, size) of one layer


@dataclass(frozen=True, slots=True)
class Memory:
    """The trunk of all questions that begin with the same images and the same tokens around them.

    `layers` are its keys and values, (heads, tokens, size) each; those of cross-attention layers are the images'.
    `offset` is the position of a token behind the images less its number. `beside` are inputs that every further
    token needs too, for one token.
    """

    tokens: tuple[int, ...]
    offset: int
    layers: tuple[Piece, ...]
    beside: Mapping[str, torch.Tensor]

    @property
    def nbytes(self) -> int:
        """The bytes of the keys and values."""
        return sum(int(part.nbytes) for layer in self.layers for part in layer)


@dataclass(slots=True)
class Branches:
    """A tree of questions on a memory's trunk, and the keys and values of its nodes that are `kept`.

    Nodes are computed in their order. Those that nothing grows on any more are dropped when they are many.
    """

    memory: Memory
    tree: Tree
    pieces: list[tuple[Piece, ...]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)  # how many nodes each piece holds
    kept: list[int] = field(default_factory=list)  # the nodes of the pieces
    grown: int = 0  # how many nodes are computed, without the trunk's

    @property
    def computed(self) -> int:
        """How many nodes are computed, the trunk's included."""
        return self.tree.trunk + self.grown

    @property
    def held(self) -> int:
        """How many keys and values there are: the trunk's and those of kept nodes."""
        return self.tree.trunk + len(self.kept)

    def drop(self, further: Iterable[int]) -> None:
        """Drops what no later node needs, if that is half of it and worth the work; `further` nodes will bear more."""
        if len(self.kept) < _MANY:
            return
        needed = self.tree.needed(self.computed, further)
        if 2 * len(needed) > len(self.kept):
            return
        places = [place for place, node in enumerate(self.kept) if node in needed]
        self.kept = [self.kept[place] for place in places]
        layers = len(self.memory.layers)
        self.pieces = [tuple(self._chosen(layer, places) for layer in range(layers))]
        self.lengths = [len(places)]

    def _chosen(self, layer: int, places: Sequence[int]) -> Piece:
        parts = [piece[layer] for piece in self.pieces]
        if not parts[0][0].numel():
            return parts[0]
        chosen = torch.tensor(places, dtype=torch.long, device=parts[0][0].device)
        keys, values = (torch.cat([part[number] for part in parts], dim=-2) for number in (0, 1))
        return keys.index_select(-2, chosen), values.index_select(-2, chosen)

    def past(self, layer: int) -> list[Piece]:
        """The keys and values of one layer, in the order of the nodes."""
        keys, values = self.memory.layers[layer]
        trunk = self.tree.trunk
        return [(keys[:, :trunk], values[:, :trunk]), *(piece[layer] for piece in self.pieces)]


class _Stacked(DynamicLayer):  # type: ignore[misc]
    """One layer of several branches, in rows of one width; it is put together when the layer runs, and not kept."""

    def __init__(self, branches: Sequence[Branches], number: int, width: int) -> None:
        super().__init__()
        self._branches = branches
        self._number = number
        self._width = width
        self.keys, self.values = branches[0].memory.layers[number]  # not empty is all that is asked of them
        self.is_initialized = True
        self.new: Piece | None = None

    def update(self, keys: torch.Tensor, values: torch.Tensor, *args: Any, **kwargs: Any) -> Piece:
        self.new = keys, values
        pasts = [branches.past(self._number) for branches in self._branches]
        return self._join(keys, pasts, 0), self._join(values, pasts, 1)

    def _join(self, new: torch.Tensor, pasts: Sequence[Sequence[Piece]], part: int) -> torch.Tensor:
        rows, heads, count, size = new.shape
        joined = new.new_empty(rows, heads, self._width + count, size)
        joined[:, :, self._width :] = new
        for row, past in enumerate(pasts):
            place = 0
            for piece in past:
                length = piece[part].shape[-2]
                joined[row, :, place : place + length] = piece[part]
                place += length
            joined[row, :, place : self._width] = 0
        return joined

    def get_seq_length(self) -> int:
        return self._width


class _Crossed(DynamicLayer):  # type: ignore[misc]
    """A cross-attention layer of several branches: the keys and values of their images."""

    def __init__(self, branches: Sequence[Branches], number: int) -> None:
        super().__init__()
        memories = [each.memory.layers[number] for each in branches]
        self.keys = torch.stack([keys for keys, _ in memories])
        self.values = torch.stack([values for _, values in memories])
        self.is_initialized = True


def stacked(branches: Sequence[Branches], width: int, crossed: frozenset[int]) -> Any:
    """A cache of transformers over the branches, one row each, `width` tokens wide."""
    cache = transformers.DynamicCache()
    cache.layers = [
        _Crossed(branches, number) if number in crossed else _Stacked(branches, number, width)
        for number in range(len(branches[0].memory.layers))
    ]
    return cache


def keep_new(cache: Any, branches: Sequence[Branches], counts: Sequence[int]) -> None:
    """Adds to each branch what the first `count` new tokens of its row have brought."""
    for row, (each, count) in enumerate(zip(branches, counts, strict=True)):
        each.pieces.append(tuple(_of_row(layer, row, count) for layer in cache.layers))
        each.lengths.append(count)
        each.kept += range(each.computed, each.computed + count)
        each.grown += count
        while len(each.lengths) > 1 and each.lengths[-1] >= each.lengths[-2]:  # so few pieces stay of many steps
            newer, older = each.pieces.pop(), each.pieces.pop()
            each.pieces.append(tuple(map(_behind, older, newer)))
            each.lengths.append(each.lengths.pop() + each.lengths.pop())


def _behind(one: Piece, other: Piece) -> Piece:
    if not other[0].numel():
        return one
    return torch.cat([one[0], other[0]], dim=-2), torch.cat([one[1], other[1]], dim=-2)


def _of_row(layer: DynamicLayer, row: int, count: int) -> Piece:
    if isinstance(layer, _Stacked):
        assert layer.new is not None
        keys, values = layer.new
        return keys[row, :, :count].clone(), values[row, :, :count].clone()
    return layer.keys[:0], layer.values[:0]  # cross-attention brings nothing new


def split(cache: Any, lengths: Sequence[int], crossed: frozenset[int]) -> list[tuple[Piece, ...]]:
    """The keys and values of each row of a cache padded on the right, layer by layer so that little stands twice."""
    rows: list[list[Piece]] = [[] for _ in lengths]
    for number, layer in enumerate(cache.layers):
        if layer.keys is None:  # a cross-attention layer of prompts without images
            empty = cache.layers[0].keys.new_empty(0)
            for kept in rows:
                kept.append((empty, empty))
            continue
        for row, length in enumerate(lengths):
            end = None if number in crossed else length
            rows[row].append((layer.keys[row, :, :end].clone(), layer.values[row, :, :end].clone()))
        layer.keys = layer.values = layer.keys[:0]
    return [tuple(row) for row in rows]
