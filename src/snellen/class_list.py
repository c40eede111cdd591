"""The list of class names in a prompt: the published words around it, its order, and where a name stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal, TypeAlias

from snellen.images import Image
from snellen.types import Part, Photo

SLOT = "{classes}"
CLOSED_SET = (
    f"Question: Answer this question in one word: What type of object is in this photo? Choose one from {SLOT}. Answer:"
)
Order: TypeAlias = Literal["shuffled", "given"]
Side: TypeAlias = Literal["first", "last"]


def ordered(names: tuple[str, ...], order: Order, rng: Random) -> tuple[str, ...]:
    """The names as they are, or the generator's next shuffle of them."""
    return names if order == "given" else tuple(rng.sample(names, len(names)))


def check_slot(template: str) -> None:
    """Raises ValueError where a template has no place for the names."""
    if SLOT not in template:
        raise ValueError(f"the template {template!r} has no {SLOT}, for which the class names stand")


def filled(template: str, names: Sequence[str], separator: str) -> str:
    """The template with the names for its slot; braces of a name mean nothing."""
    return template.replace(SLOT, separator.join(names))


def beside(picture: Photo | Image, text: str, image: Side) -> tuple[Part, ...]:
    """A prompt of a picture and a text, the picture first or last."""
    return (picture, text) if image == "first" else (text, picture)


def place_of(name: str | None, order: Sequence[str]) -> int | None:
    """Where in its list a name stands, from 1; None for no name."""
    return None if name is None else order.index(name) + 1
