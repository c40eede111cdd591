"""Prompts as rows of model inputs, and rows of different lengths as one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch

from snellen.engines.hf.pixels import Pictures
from snellen.engines.hf.prompts import Rendering

Side: TypeAlias = Literal["left", "right"]
Stacking: TypeAlias = Literal["rows", "processor", "single"]


@dataclass(frozen=True, slots=True)
class Row:
    """A rendering as the processor makes it: `inputs` are a batch of one, `tokens` its ids with images expanded.

    A row that was extended has no rendering.
    """

    rendering: Rendering | None
    inputs: Mapping[str, Any]
    tokens: tuple[int, ...]


class Rows:
    """Makes rows and stacks them.

    `stacking` says how: "rows" pads and joins the rows made one by one, so that a picture is preprocessed once for all
    its questions; "processor" lets the family's own processor make the whole batch; "single" allows no batch at all.
    `one_picture`: whether every prompt has to show just one.
    """

    def __init__(self, processor: Any, pictures: Pictures, one_picture: bool = False) -> None:
        self.stacking: Stacking = "rows"
        self._one_picture = one_picture
        self._processor = processor
        self._pictures = pictures
        tokenizer = processor.tokenizer
        self.padding: int = next(
            (token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id) if token is not None), 0
        )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    def make(self, rendering: Rendering) -> Row:
        """The row of one prompt. Raises UnreadableImage, and whatever a processor raises for what it cannot take."""
        if self._one_picture and len(rendering.images) != 1:
            # some families would take no offence, and mix up the pictures of a batch
            raise ValueError(f"it takes one picture a question, and this one shows {len(rendering.images) or 'none'}")
        inputs = self._process([rendering])
        return Row(rendering, inputs, tuple(inputs["input_ids"][0].tolist()))

    def tokens(self, text: str) -> tuple[int, ...]:
        """A text's own tokens, with none at its ends."""
        return tuple(self._processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def extend(self, row: Row, text: str) -> Row:
        """The row with a text behind it that is tokenised apart, as the second text of a pair."""
        more = self.tokens(text)
        longer = dict(row.inputs)
        for key, value in row.inputs.items():
            if _is_by_token(value, len(row.tokens)):
                tail = value[:, -1:].expand(-1, len(more), *value.shape[2:])
                second = key == "token_type_ids" and not value.any()  # elsewhere the types tell pictures from texts
                longer[key] = torch.cat([value, torch.ones_like(tail) if second else tail], dim=1)
        tokens = (*row.tokens, *more)
        return Row(None, {**longer, "input_ids": torch.tensor([tokens])}, tokens)

    def stack(self, rows: Sequence[Row], side: Side) -> dict[str, torch.Tensor]:
        """The rows as one batch, padded on the given side: left where tokens follow, right where all are there."""
        if len(rows) == 1:
            return dict(rows[0].inputs)
        if self.stacking == "processor":
            renderings = [row.rendering for row in rows if row.rendering is not None]
            if len(renderings) < len(rows):
                raise ValueError("rows that were extended cannot be made again in company")
            return self._process(renderings, padding=True, padding_side=side)
        return join([row.inputs for row in rows], side, self.padding)

    def _process(self, renderings: Sequence[Rendering], **options: Any) -> dict[str, Any]:
        texts = [rendering.text for rendering in renderings]
        images = [self._pictures.open(rendering.images) for rendering in renderings]
        begin = self._processor.tokenizer.bos_token
        if begin is not None and texts[0].startswith(begin):
            options["add_special_tokens"] = False  # the template has written what the tokenizer would add
        made = self._processor(text=texts, images=images if any(images) else None, return_tensors="pt", **options)
        return {key: value for key, value in made.items() if isinstance(value, torch.Tensor) and key != "labels"}


def cut(row: Row, length: int) -> Row:
    """The row's first `length` tokens, images included; where the inputs are those of a shorter prompt, with its end.

    `row.tokens` are what counts: behind the images the inputs may have been made for another text.
    """
    made = row.inputs["input_ids"].shape[1]
    inputs = {}
    for key, value in row.inputs.items():
        if key == "input_ids":
            value = torch.tensor([row.tokens[:length]], dtype=value.dtype)
        elif _is_by_token(value, made):
            # what tokens of text have beside them is the same for all of them
            more = max(0, length - made)
            value = torch.cat([value[:, :length], value[:, -1:].repeat_interleave(more, dim=1)], dim=1)
        inputs[key] = value
    return Row(row.rendering, inputs, row.tokens[:length])


def join(rows: Sequence[Mapping[str, torch.Tensor]], side: Side, padding: int) -> dict[str, torch.Tensor]:
    """Inputs of single prompts as one batch.

    What has a value for each token is padded to the longest on the given side. All else (pixels, their masks, sizes) is
    padded with zeros at the ends of its dimensions, as processors do it, and joined along the first.
    """
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError("the prompts differ in their kinds of inputs")
    lengths = [row["input_ids"].shape[1] for row in rows]
    longest = max(lengths)
    batch = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        if all(map(_is_by_token, values, lengths)):
            filler = padding if key == "input_ids" else 0
            values = [_pad_tokens(value, longest, side, filler) for value in values]
        batch[key] = torch.cat(_level(values))
    return batch


def _is_by_token(value: torch.Tensor, length: int) -> bool:
    """Whether there is a value for each token of a row."""
    return value.dim() > 1 and tuple(value.shape[:2]) == (1, length)


def _pad_tokens(value: torch.Tensor, length: int, side: Side, filler: int) -> torch.Tensor:
    """(1, tokens, …) to (1, length, …)."""
    missing = length - value.shape[1]
    pad = value.new_full((1, missing, *value.shape[2:]), filler)
    return torch.cat([pad, value] if side == "left" else [value, pad], dim=1)


def _level(values: list[torch.Tensor]) -> list[torch.Tensor]:
    """Zeros at the ends of all dimensions but the first, until they are equal."""
    shapes = {value.shape[1:] for value in values}
    if len(shapes) == 1:
        return values
    largest = [max(sizes) for sizes in zip(*shapes, strict=True)]
    levelled = []
    for value in values:
        room = value.new_zeros((value.shape[0], *largest))
        room[tuple(slice(size) for size in value.shape)] = value
        levelled.append(room)
    return levelled
