"""The few particulars in which families differ where the tokens of a prompt's beginning are computed once.

A third party tells those of a family of its own by an entry point of the group `snellen.families`: its name is the
`model_type` of the checkpoints' config.json, its value a `Family`.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import Any, Literal

from snellen.errors import Missing, WrongUse


@dataclass(frozen=True, slots=True)
class Family:
    """What is known of a family beforehand.

    `shares`: from where on a prompt's tokens see only what stands before them, so that what they share is shared.

    "image": from the end of the last image on. "prompt": from the end of the prompt on, within which all tokens see
    each other: only the choices and the answer behind it share it. "nothing": a picture is kept beside the tokens in
    ways of the family's own.
    `one_picture`: whether a prompt shows one picture, no more and no less; its place in the prompt does not matter.
    """

    shares: Literal["image", "prompt", "nothing"] = "image"
    one_picture: bool = False


_KINDS = {"full_attention", "sliding_attention"}
_FAMILIES = {
    "blip": Family(shares="nothing", one_picture=True),
    "blip-2": Family(one_picture=True),
    "florence2": Family(one_picture=True),
    "git": Family(shares="nothing", one_picture=True),
    "instructblip": Family(one_picture=True),
    "paligemma": Family(shares="prompt"),
}


def family_of(config: Any) -> Family:
    """The particulars of a checkpoint's family; those of most families where it is not listed.

    Raises WrongUse or Missing where a third party tells of it, and what it tells cannot be used.
    """
    if config.model_type in _FAMILIES:
        return _FAMILIES[config.model_type]
    for point in importlib.metadata.entry_points(group="snellen.families", name=config.model_type):
        try:
            family = point.load()
        except Exception as error:  # what a module may raise as it is imported has no limits
            told = f"the family {point.name!r} ({point.value}) cannot be imported: {type(error).__name__}: {error}"
            raise Missing(told) from error
        if not isinstance(family, Family):
            raise WrongUse(f"the family {point.name!r}: expected {point.value} to be a Family, not {family!r}")
        return family
    return Family()


def windows(config: Any) -> dict[str, int | None]:
    """The kinds of attention layers of the text model, each with its sliding window (None: sees all before it).

    "full_attention" alone where the layers are all alike and without a window.
    """
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    if getattr(text, "use_sliding_window", True) is False:
        window = None
    kinds = dict.fromkeys(getattr(text, "layer_types", None) or ())
    if not kinds:
        return {"full_attention": window}
    return {kind: window if kind == "sliding_attention" else None for kind in kinds}


def cross_layers(config: Any) -> frozenset[int]:
    """The text model's layers that read the image apart from the tokens, through cross-attention."""
    return frozenset(getattr(config.get_text_config(), "cross_attention_layers", None) or ())


def image_tokens(config: Any, processor: Any) -> frozenset[int]:
    """The tokens that stand for parts of an image, by all the names that families have for them."""
    owners = (processor, config, getattr(config, "vision_config", None))
    found = (getattr(owner, name, None) for owner in owners for name in ("image_token_id", "image_token_index"))
    return frozenset(int(token) for token in found if token is not None)


def can_continue(config: Any) -> bool:
    """Whether a token is computed alike whatever comes behind it, as far as the configuration tells.

    It is not where the frequencies of rotary positions depend on the length of the whole pass (longrope, dynamic), nor
    known to be for kinds of attention other than full and sliding ones. Prompts of a check are too short to show it.
    """
    text = config.get_text_config()
    given = getattr(text, "rope_parameters", None) or {}
    each = [given, *(value for value in given.values() if isinstance(value, dict))]
    ropes = {str(rope.get("rope_type", "")) for rope in each}
    kinds = set(windows(config))
    return not any("longrope" in rope or "dynamic" in rope for rope in ropes) and kinds <= _KINDS
