"""A choice among given answers where a model tells no probabilities: it is held to them, or asked for one of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from snellen.remote.wire import Fault
from snellen.types import Answer, Choose, Finish, Generate, Scores, Text

Asked: TypeAlias = Generate | Choose
_FIELD = "answer"
_AROUND = " \t\r\n.!\"'`*"
_BRACES = 16  # tokens of the object around a choice


def schema(choices: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an object whose one field is one of the choices, in the strict form that providers ask for."""
    return {
        "type": "object",
        "properties": {_FIELD: {"type": "string", "enum": list(choices)}},
        "required": [_FIELD],
        "additionalProperties": False,
    }


def instruction(choices: Sequence[str]) -> str:
    """What a model is asked that can be held to nothing; of spellings that differ in their case the first is named."""
    named = {choice.casefold(): choice for choice in reversed(choices)}
    return f"Answer with one of these and nothing else: {', '.join(reversed(named.values()))}."


def tokens_for(question: Asked) -> int:
    """The most tokens that an answer may take; a choice has no more tokens than bytes."""
    longest = max((len(choice.encode("utf-8", "surrogatepass")) for choice in question.choices), default=-_BRACES)
    return max(question.max_tokens if isinstance(question, Generate) else 1, _BRACES + longest)


def answer_to(question: Asked, said: Text, held: bool = False) -> Answer | Fault:
    """What a model said as the answer to a question: the text, without the object around a choice, or the scores.

    The choice that was named has all probability, log 1 = 0, and the others none; none has any where the model named
    none. Whether it was `held` to the choices stands with the scores. A refusal stays a text, whatever was asked; a
    choice that was cut before it could be known is no answer.
    """
    usage = said.usage
    text = _unwrapped(said.text) if question.choices else said.text
    if isinstance(question, Generate) or said.finish is Finish.REFUSED:
        return Text(text, said.finish, usage)
    place = _place(question.choices, text)
    if place is None and said.finish is Finish.LENGTH:
        return Fault("the answer was cut by the token limit before it named one of the choices", again=False)
    values = (0.0 if at == place else -math.inf for at in range(len(question.choices)))
    return Scores(question.choices, tuple(values), usage, by="choice" if held else "asked")


def _unwrapped(text: str) -> str:
    """The choice in the object of a forced answer; any other text as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    said = found.get(_FIELD) if isinstance(found, dict) else found
    return said if isinstance(said, str) else text


def _place(choices: Sequence[str], said: str) -> int | None:
    """Which choice was named: as it is spelt, else without what stands around it, else the first in any case."""
    bare = said.strip(_AROUND)
    for spelling in (said, said.strip(), bare):
        if spelling in choices:
            return choices.index(spelling)
    folded = [choice.strip(_AROUND).casefold() for choice in choices]
    return folded.index(bare.casefold()) if bare.casefold() in folded else None
