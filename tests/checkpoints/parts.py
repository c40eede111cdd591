"""A checkpoint before it is saved, and sizes that several families share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Parts:
    """`settings` go into processor_config.json, `generation` into generation_config.json; `template` is None for a base
    model. `second_tokenizer` is that of a Q-Former.
    """

    model: Any
    tokenizer: Any
    pictures: Any
    processor_class: str
    template: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    generation: dict[str, Any] = field(default_factory=dict)
    second_tokenizer: Any = None


def text_config(vocabulary: int, layers: int = 2) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 128,
        "max_position_embeddings": 4096,
    }


def vision_config(layers: int = 2) -> dict[str, Any]:
    """An encoder of 56 x 56 pixels in 16 patches."""
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    }
