"""Rows of questions as tensors: which token sees which, at which place it stands, and what is to be learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from training.questions import Segment

_UNSEEN = -1e9


@dataclass(frozen=True, slots=True)
class Rows:
    """`tokens`, `places`: rows x length, without the picture; `mask`: rows x 1 x whole x whole, with it, to be added.

    `answers`: rows x length, true where the next token is to be learned, which is in `wanted` with its `weights`.
    """

    tokens: torch.Tensor
    places: torch.Tensor
    mask: torch.Tensor
    answers: torch.Tensor
    wanted: torch.Tensor
    weights: torch.Tensor


def packed(rows: Sequence[Sequence[Segment]], picture: int) -> Rows:
    """All segments of each row one after the other, behind a picture of so many tokens."""
    length = max(sum(len(segment.tokens) for segment in row) for row in rows)
    tokens, places, answers = (torch.zeros(len(rows), length, dtype=torch.long) for _ in range(3))
    owners, parents = (torch.full((len(rows), length), -1) for _ in range(2))
    wanted: list[int] = []
    weights: list[float] = []
    for row, segments in enumerate(rows):
        start = 0
        ends: dict[int | None, int] = {None: picture}
        for number, segment in enumerate(segments, start=1):
            size, first = len(segment.tokens), ends[segment.parent]
            here = slice(start, start + size)
            tokens[row, here] = torch.tensor(segment.tokens)
            places[row, here] = torch.arange(first, first + size)
            owners[row, here] = number
            parents[row, here] = segment.parent or 0
            answers[row, start + size - segment.answer - 1 : start + size - 1] = 1
            wanted += segment.tokens[size - segment.answer :]
            weights += [segment.weight] * segment.answer
            ends[number] = first + size
            start += size
    mask = _mask(owners, parents, picture)
    return Rows(tokens, places, mask, answers.bool(), torch.tensor(wanted), torch.tensor(weights))


def _mask(owners: torch.Tensor, parents: torch.Tensor, picture: int) -> torch.Tensor:
    """0 where a token sees another, which is of the picture, of its own segment or of that one's parent."""
    rows, length = owners.shape
    own = torch.cat([torch.zeros(rows, picture, dtype=torch.long), owners], 1)
    parent = torch.cat([torch.zeros(rows, picture, dtype=torch.long), parents], 1)
    whole = picture + length
    related = (own[:, None] == 0) | (own[:, None] == own[:, :, None]) | (own[:, None] == parent[:, :, None])
    seen = related & torch.ones(whole, whole, dtype=torch.bool).tril()
    return torch.zeros(rows, 1, whole, whole).masked_fill(~seen[:, None], _UNSEEN)
