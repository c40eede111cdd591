"""Labelled examples in a prompt: their order, and the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeAlias

from snellen.class_list import Side
from snellen.images import Image
from snellen.types import Example, Part

Exemplars: TypeAlias = tuple[tuple[Image, str], ...]  # pictures with their labels


def mixed(shots: Sequence[Example]) -> Exemplars:
    """The examples in an order that depends on them alone, so that all prompts begin alike.

    Shots come class by class; a prompt that ends with many of one class would speak for it.
    """
    rng = Random(" ".join(shot.image.digest for shot in shots))
    return tuple((shot.image, shot.label) for shot in rng.sample(shots, len(shots)))


def shown(exemplars: Exemplars, text: str, image: Side) -> tuple[Part, ...]:
    """Each picture with the question and, behind it, the label as the answer."""
    parts: list[Part] = []
    for picture, label in exemplars:
        parts += (picture, f"{text} {label}\n") if image == "first" else (text, picture, f"{label}\n")
    return tuple(parts)
