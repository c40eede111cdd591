"""Choices as continuations of a prompt: where each begins, and what its tokens are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snellen.engines.hf.prompts import Rendering
from snellen.engines.hf.rows import Row, Rows
from snellen.engines.hf.tree import common


@dataclass(frozen=True, slots=True)
class Continuation:
    """A prompt with a choice behind it: `row.tokens[start:]` are the choice.

    For a model whose decoder has a row of its own, `row` is the prompt alone and ends at `start`.
    """

    row: Row
    start: int
    tokens: tuple[int, ...]


def continuations(
    rows: Rows, rendering: Rendering, separator: str, choices: Sequence[str]
) -> tuple[Row, list[Continuation]]:
    """The prompt, and for each choice the prompt with the choice behind it as the model would have written it.

    Prompt and choice are tokenised as one text, with the separator that the chat template puts before an answer, and
    cut where the tokens leave those of the prompt alone. Where a choice merges with the prompt's last tokens, all
    choices are cut before the merge, so that their scores are conditional on the same tokens.
    Where the processor closes every text by itself (PaliGemma's, with a new line), what it closed is the prompt, and
    the choices are tokenised apart, without a separator.
    Raises UnreadableImage, and what processors raise.
    """
    prompt = rows.make(rendering)
    whole = [
        rows.make(Rendering(rendering.text + separator + choice if choice else rendering.text, rendering.images))
        for choice in choices
    ]
    start = min(common(prompt.tokens, row.tokens) for row in whole)
    closing = prompt.tokens[start:]
    if start == 0 or (closing and all(row.tokens[-len(closing) :] == closing for row in whole)):
        start = len(prompt.tokens)
        whole = [rows.extend(prompt, choice) for choice in choices]
    return prompt, [Continuation(row, start, row.tokens[start:]) for row in whole]


def apart(rows: Rows, rendering: Rendering, choices: Sequence[str]) -> tuple[Row, list[Continuation]]:
    """The prompt and each choice for a model whose decoder begins anew: nothing merges, and no separator is between.

    Raises UnreadableImage, and what processors raise.
    """
    prompt = rows.make(rendering)
    return prompt, [Continuation(prompt, len(prompt.tokens), rows.tokens(choice)) for choice in choices]
