"""Answers as the kind that was asked for, from what the model said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from snellen.errors import UnreadableImage
from snellen.types import Answer, Choose, Failure, Finish, Generate, Scores, Text, Usage

_PLACE = re.compile(r"<loc_\d+>")  # a corner of a box, as Florence-2 says where things are


def chosen(question: Generate | Choose, tokens: int, values: Sequence[float], lengths: Sequence[int]) -> Answer:
    """The scores of the choices; where a text was asked for, the best-scored choice.

    `tokens` are the prompt's, `lengths` those of each choice without its end.
    """
    usage = Usage(tokens_in=tokens, tokens_out=0)
    answer = Scores(question.choices, tuple(values), usage, tuple(length + 1 for length in lengths))
    return answer if isinstance(question, Choose) else Text(answer.best, usage=answer.usage)


def written(tokenizer: Any, tokens_in: int, tokens: Sequence[int], ended: bool) -> Text:
    """The text of new tokens, which ended by itself or at the limit.

    Special tokens are left out but those that name places, which are a part of the answer: `car<loc_52><loc_333>…`.
    """
    names = tokenizer.convert_ids_to_tokens(list(tokens))
    runs = groupby(zip(tokens, names, strict=True), key=lambda token: bool(_PLACE.fullmatch(token[1] or "")))
    text = "".join(
        "".join(name for _, name in run)
        if places
        else tokenizer.decode([token for token, _ in run], skip_special_tokens=True)
        for places, run in runs
    )
    return Text(text, Finish.STOP if ended else Finish.LENGTH, Usage(tokens_in=tokens_in, tokens_out=len(tokens)))


def refused(error: Exception) -> Failure:
    """Why a question never reached the model: its image, or what the family's processor says of it."""
    if isinstance(error, UnreadableImage):
        return Failure(str(error))
    return Failure(f"the question cannot be put to the model: {type(error).__name__}: {error}"[:500])


def timed(answer: Answer | Failure, seconds: float) -> Answer | Failure:
    """The answer with its share of the computing time."""
    if isinstance(answer, Failure):
        return answer
    return replace(answer, usage=replace(answer.usage, seconds=seconds))
