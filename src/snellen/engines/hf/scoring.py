"""Log-probabilities of whole continuations, by full prompts with the continuation in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch


def log_probabilities(
    model: Any, batch: Mapping[str, torch.Tensor], rows: Sequence[tuple[int, Sequence[int]]], ends: Sequence[int]
) -> list[float]:
    """The natural log-probability of each row's continuation, its end included.

    `batch` is padded on the right: causal attention then hides the padding, and positions count from 0 in every family.
    `rows` says where each continuation starts and what its tokens are. The end is any token of `ends`, for any of them
    would have ended the answer: their probabilities are added.
    """
    width = 1 + max(len(tokens) for _, tokens in rows)
    # the logits at position p speak of position p + 1; what goes beyond a row's end is computed and not looked at
    positions = torch.tensor([[start - 1 + step for step in range(width)] for start, _ in rows])
    positions.clamp_(max=batch["input_ids"].shape[1] - 1)
    with only_at(model, positions, batch["input_ids"].shape[1]):
        logits = model(**batch, use_cache=False).logits
    return _summed(logits, [tokens for _, tokens in rows], ends)


def decoded_log_probabilities(
    model: Any,
    batch: Mapping[str, torch.Tensor],
    opening: Sequence[int],
    rows: Sequence[Sequence[int]],
    ends: Sequence[int],
) -> list[float]:
    """The same for an encoder-decoder model: the encoder reads `batch`, the decoder is fed each row's tokens.

    They stand behind the `opening`, with which every answer begins and which costs nothing. What pads the decoder's
    rows stands behind what is looked at.
    """
    width = max(map(len, rows))
    fed = [[*opening, *tokens, *[opening[0]] * (width - len(tokens))] for tokens in rows]
    logits = model(
        **batch, decoder_input_ids=torch.tensor(fed, device=batch["input_ids"].device), use_cache=False
    ).logits
    return _summed(logits[:, len(opening) - 1 :], rows, ends)


def _summed(logits: torch.Tensor, rows: Sequence[Sequence[int]], ends: Sequence[int]) -> list[float]:
    """The log-probability of each row's tokens and of an end behind them, by logits from its first token on."""
    spoken = logits.float().log_softmax(-1)
    ending = spoken[..., list(ends)].logsumexp(-1)
    scores = []
    for row, tokens in enumerate(rows):
        steps = torch.arange(len(tokens), device=spoken.device)
        words = spoken[row, steps, torch.tensor(tokens, dtype=torch.long, device=spoken.device)]
        scores.append(words.double().sum() + ending[row, len(tokens)].double())
    return [float(score) for score in torch.stack(scores).tolist()]


@contextmanager
def only_at(model: Any, positions: torch.Tensor, length: int | None = None) -> Iterator[None]:
    """Lets the output layer see the hidden states at `positions` (rows, width) alone: the logits of all would be huge.

    A hook before the output layer leaves whatever the family does behind it (scaling, capping) in place.
    Positions count the tokens, of which there are `length`: a family may have its picture before them (GIT).
    """

    def narrow(_: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden, *others = arguments
        before = 0 if length is None else hidden.shape[1] - length
        places = (positions.to(hidden.device) + before).unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        return (hidden.gather(1, places), *others)

    hook = model.get_output_embeddings().register_forward_pre_hook(narrow)
    try:
        yield
    finally:
        hook.remove()
