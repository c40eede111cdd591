"""The closed-set question over some of the classes, and the one of them that an answer names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from snellen.class_list import Side, beside, filled
from snellen.labels import Reading, read_label
from snellen.lint import too_long
from snellen.types import PHOTO, Answer, Classes, Generate, Outcome, Text

_TOKENS = 20  # room for the longest class name or a short sentence with it


def lint_listed(classes: Classes) -> Iterator[str]:
    """Names that an answer to the question may not hold."""
    return too_long(classes, _TOKENS, "give the classes shorter names, or ask by closed-set,max_tokens=…")


def list_question(names: Sequence[str], template: str, image: Side) -> Generate:
    """Asks which of these names it is."""
    return Generate(beside(PHOTO, filled(template, names, ", "), image), _TOKENS)


def read_listed(answer: Answer, names: Sequence[str], classes: Classes) -> Reading:
    """The name that an answer to the question names.

    It is read among all classes, or "bat wing" would be read as "bat" in a list without it; a class that was not
    listed is out of list.
    """
    text = cast(Text, answer)
    reading = read_label(text.text, classes, text.finish)
    if reading.label is None or reading.label in names:
        return reading
    return Reading(None, Outcome.OUT_OF_LIST)
