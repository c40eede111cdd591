"""Idefics3 and SmolVLM: rows and columns of tiles, each with its own tokens, and a mask for the padding of tiles."""

from __future__ import annotations

from typing import Any

import transformers

from checkpoints.parts import Parts, text_config, vision_config
from checkpoints.words import IDEFICS, tokenizer


def idefics3() -> Parts:
    words = vocabulary()
    pictures = transformers.Idefics3ImageProcessorPil(**TILES)
    model = transformers.Idefics3ForConditionalGeneration(transformers.Idefics3Config(**settings(words)))
    return Parts(model, words, pictures, "Idefics3Processor", IDEFICS, {"image_seq_len": 4})


def smolvlm() -> Parts:
    """The same, with a processor that wants videos."""
    words = vocabulary()
    pictures = transformers.SmolVLMImageProcessorPil(**TILES)
    model = transformers.SmolVLMForConditionalGeneration(transformers.SmolVLMConfig(**settings(words)))
    return Parts(model, words, pictures, "SmolVLMProcessor", IDEFICS, {"image_seq_len": 4})


TILES = {"size": {"longest_edge": 112}, "max_image_size": {"longest_edge": 56}, "do_image_splitting": True}


def vocabulary() -> Any:
    named = {
        "fake_image_token": "<fake_token_around_image>",
        "image_token": "<image>",
        "end_of_utterance_token": "<end_of_utterance>",
        "global_image_token": "<global-img>",
    }
    places = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    return tokenizer(["<|im_start|>", *places], end="<end_of_utterance>", named=named)


def settings(words: Any) -> dict[str, Any]:
    return {
        "text_config": transformers.LlamaConfig(**text_config(len(words)), pad_token_id=words.pad_token_id),
        "vision_config": vision_config(),
        "image_token_id": words.convert_tokens_to_ids("<image>"),
        "scale_factor": 2,
    }
