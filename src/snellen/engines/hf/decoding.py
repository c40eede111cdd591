"""Greedy decoding of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch


def generate(
    model: Any,
    batch: Mapping[str, torch.Tensor],
    max_tokens: int,
    ends: Sequence[int],
    padding: int,
    decodes_apart: bool = False,
) -> list[tuple[list[int], bool]]:
    """Each row's new tokens without its end token, and whether it ended: by itself, or at `max_tokens`.

    `batch` is padded on the left; on the right where a decoder of its own answers (`decodes_apart`).
    The likeliest token is taken at every step, whatever the checkpoint's own generation settings say of sampling and
    penalties: the same model gives the same answer, and scores mean the same.
    """
    written = model.generate(
        **batch,
        max_new_tokens=max_tokens,
        do_sample=False,
        num_beams=1,
        eos_token_id=list(ends),
        pad_token_id=padding,
    )
    prompt = batch["input_ids"]
    length = prompt.shape[1]
    if decodes_apart:
        written = written[:, 1:]  # the token that starts the decoder
    elif written.shape[1] >= length and torch.equal(written[:, :length], prompt):
        written = written[:, length:]
    return [_until_end(tokens, frozenset(ends)) for tokens in written.tolist()]


def _until_end(tokens: list[int], ends: frozenset[int]) -> tuple[list[int], bool]:
    for place, token in enumerate(tokens):
        if token in ends:
            return tokens[:place], True
    return tokens, False
