"""LLaVA: features of a picture between the tokens of the text."""

from __future__ import annotations

from typing import Any

import transformers

from checkpoints.parts import Parts, text_config, vision_config
from checkpoints.words import LLAMA3, MISTRAL, ONEVISION, VICUNA, tokenizer

GRIDS = [[56, 112], [112, 56], [112, 112]]
SETTINGS = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}


def llava() -> Parts:
    """One square crop of every picture."""
    words = tokenizer([], begin="<s>", end="</s>", named={"image_token": "<image>"})
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(**text_config(len(words))),
        vision_config=transformers.CLIPVisionConfig(**vision_config(layers=3)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    side = {"height": 56, "width": 56}
    pictures = transformers.CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size=side)
    model = transformers.LlavaForConditionalGeneration(config)
    return Parts(model, words, pictures, "LlavaProcessor", VICUNA, SETTINGS)


def llava_next() -> Parts:
    """A picture is cut into tiles, as many as its shape asks for."""
    words = tokenizer([], begin="<s>", end="</s>", named={"image_token": "<image>"})
    text = transformers.MistralConfig(**text_config(len(words)), sliding_window=None)
    return tiled(words, text, MISTRAL)


def llava_next_llama3() -> Parts:
    """The same, with the text model and the chat template of Llama 3."""
    words = tokenizer(
        ["<|start_header_id|>", "<|end_header_id|>"],
        begin="<|begin_of_text|>",
        end="<|eot_id|>",
        named={"image_token": "<image>"},
    )
    rope = {"rope_type": "default", "rope_theta": 5e5}
    return tiled(words, transformers.LlamaConfig(**text_config(len(words)), rope_parameters=rope), LLAMA3)


def tiled(words: Any, text: Any, template: str) -> Parts:
    config = transformers.LlavaNextConfig(
        text_config=text,
        vision_config=transformers.CLIPVisionConfig(**vision_config(layers=3)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=GRIDS,
        image_seq_length=16,
    )
    pictures = transformers.LlavaNextImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, image_grid_pinpoints=GRIDS
    )
    model = transformers.LlavaNextForConditionalGeneration(config)
    return Parts(model, words, pictures, "LlavaNextProcessor", template, SETTINGS)


def llava_onevision() -> Parts:
    """Tiles whose features are scaled down where they are many; one feature map each for several pictures."""
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named={"image_token": "<image>", "video_token": "<video>"})
    config = transformers.LlavaOnevisionConfig(
        text_config=transformers.Qwen2Config(**text_config(len(words))),
        vision_config=transformers.SiglipVisionConfig(**vision_config(), vision_use_head=False),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[56, 56], *GRIDS],
        vision_aspect_ratio="anyres_max_2",
    )
    pictures = transformers.LlavaOnevisionImageProcessorPil(
        size={"height": 56, "width": 56}, image_grid_pinpoints=[[56, 56], *GRIDS]
    )
    settings = {
        "num_image_tokens": 16,
        "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": "anyres_max_2",
    }
    model = transformers.LlavaOnevisionForConditionalGeneration(config)
    return Parts(model, words, pictures, "LlavaOnevisionProcessor", ONEVISION, settings)
