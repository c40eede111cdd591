"""Qwen-VL: the patches of all pictures in one long row, three-dimensional positions, a processor that wants videos."""

from __future__ import annotations

from typing import Any

import transformers

from checkpoints.parts import Parts, text_config
from checkpoints.words import QWEN, tokenizer

NAMED = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}


def qwen2_vl() -> Parts:
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named=NAMED)
    config = transformers.Qwen2VLConfig(
        text_config=text_config(len(words)) | positions([2, 3, 3]),
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2},
        **ids(words),
    )
    model = transformers.Qwen2VLForConditionalGeneration(config)
    return Parts(model, words, pictures(14), "Qwen2VLProcessor", QWEN)


def qwen2_5_vl() -> Parts:
    """The first layer of its encoder sees windows of four tokens only."""
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named=NAMED)
    vision = {"depth": 2, "window_size": 56, "fullatt_block_indexes": [1]}
    config = transformers.Qwen2_5_VLConfig(
        text_config=text_config(len(words)) | positions([2, 3, 3]),
        vision_config=vision | {"hidden_size": 32, "out_hidden_size": 64, "num_heads": 2, "intermediate_size": 64},
        **ids(words),
    )
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    return Parts(model, words, pictures(14), "Qwen2_5_VLProcessor", QWEN)


def qwen3_vl() -> Parts:
    """Features of the encoder's first layers are added to the hidden states of the first text layers too."""
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named=NAMED)
    vision = {"depth": 3, "num_position_embeddings": 16, "deepstack_visual_indexes": [0, 1]}
    config = transformers.Qwen3VLConfig(
        text_config=text_config(len(words), layers=3) | positions([4, 2, 2], mrope_interleaved=True) | {"head_dim": 16},
        vision_config=vision | {"hidden_size": 32, "out_hidden_size": 64, "num_heads": 2, "intermediate_size": 64},
        **ids(words),
    )
    model = transformers.Qwen3VLForConditionalGeneration(config)
    return Parts(model, words, pictures(16), "Qwen3VLProcessor", QWEN)


def positions(sections: list[int], **more: Any) -> dict[str, Any]:
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": sections, **more}
    return {"rope_parameters": rope}


def ids(words: Any) -> dict[str, int]:
    return {f"{name}_id": words.convert_tokens_to_ids(token) for name, token in NAMED.items()}


def pictures(patch: int) -> Any:
    """Up to 16 tokens for a picture, each of four patches."""
    side = 2 * patch
    return transformers.Qwen2VLImageProcessorPil(
        patch_size=patch, merge_size=2, size={"shortest_edge": side * side, "longest_edge": 16 * side * side}
    )
