"""Forward passes of a model over rows: writing answers and scoring continuations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers

from snellen.engines.hf.continuations import Continuation
from snellen.engines.hf.decoding import generate
from snellen.engines.hf.rows import Row, Rows, Side
from snellen.engines.hf.scoring import decoded_log_probabilities, log_probabilities
from snellen.errors import WrongUse


class Passes:
    """A model that takes rows.

    `ends` are the tokens that end an answer: those of the checkpoint's generation settings (else of its tokenizer), and
    the one that its chat template puts behind an answer. Raises WrongUse where there is none.
    `speaker` is the part that answers: the model itself, or a language model that it hands prompt and picture on to.
    `decodes_apart`: whether an encoder reads the prompt and a decoder answers in a row of its own, which begins with
    the tokens of `opening`.
    """

    def __init__(self, model: Any, rows: Rows, end: str | None, tokenizer: Any, owner: str) -> None:
        self.model = model
        self.rows = rows
        settings = model.generation_config
        known = settings.eos_token_id if settings.eos_token_id is not None else tokenizer.eos_token_id
        ends = {*(known if isinstance(known, list | tuple) else [known])}
        ends.add(None if end is None else tokenizer.convert_tokens_to_ids(end))
        self.ends: tuple[int, ...] = tuple(sorted(token for token in ends if token is not None))
        if not self.ends:
            raise WrongUse(f"{owner}: expected an eos_token_id in its generation_config.json or tokenizer, found none")
        # the checkpoint's own settings (temperature, penalties, caches …) must not touch what is greedy here
        inner = getattr(model, "language_model", None)
        self.speaker = inner if isinstance(inner, transformers.GenerationMixin) else model
        for part in (model, self.speaker):
            settings = part.generation_config
            part.generation_config = transformers.GenerationConfig(
                bos_token_id=settings.bos_token_id,
                decoder_start_token_id=settings.decoder_start_token_id,
                forced_bos_token_id=settings.forced_bos_token_id,
            )
        self.decodes_apart = bool(self.speaker.config.is_encoder_decoder)
        settings = self.speaker.generation_config
        start = settings.decoder_start_token_id
        opening = (settings.bos_token_id if start is None else start, settings.forced_bos_token_id)
        self.opening: tuple[int, ...] = tuple(token for token in opening if token is not None)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the part that answers; others may keep to a higher one (BLIP-2's queries)."""
        dtype: torch.dtype = self.speaker.dtype
        return dtype

    @property
    def side(self) -> Side:
        """Where rows are padded that an answer is written to: answers follow on a prompt, or begin anew."""
        return "right" if self.decodes_apart else "left"

    def write(self, rows: Sequence[Row], max_tokens: int) -> list[tuple[list[int], bool]]:
        """Each row's answer as tokens, and whether it ended before `max_tokens`."""
        batch = self.batch(rows, self.side)
        return generate(self.model, batch, max_tokens, self.ends, self.rows.padding, self.decodes_apart)

    def score(self, continuations: Sequence[Continuation]) -> list[float]:
        """The natural log-probability of each continuation, its end included."""
        batch = self.batch([continuation.row for continuation in continuations], "right")
        if self.decodes_apart:
            said = [continuation.tokens for continuation in continuations]
            return decoded_log_probabilities(self.model, batch, self.opening, said, self.ends)
        places = [(continuation.start, continuation.tokens) for continuation in continuations]
        return log_probabilities(self.model, batch, places, self.ends)

    def batch(self, rows: Sequence[Row], side: Side) -> Mapping[str, torch.Tensor]:
        """The rows as one batch on the model's device, real numbers in its precision."""
        device, dtype = self.model.device, self.dtype
        batch = {
            key: value.to(dtype) if value.is_floating_point() else value
            for key, value in self.rows.stack(rows, side).items()
        }
        if device.type == "cuda":  # from pinned memory the copy goes on while the next inputs are made
            batch = {key: value.pin_memory() for key, value in batch.items()}
        return {key: value.to(device, non_blocking=device.type == "cuda") for key, value in batch.items()}
