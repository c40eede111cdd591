"""Mllama: the picture is read through cross-attention, with a mask for its tiles."""

from __future__ import annotations

import torch
import transformers
from tokenizers import AddedToken

from checkpoints.parts import Parts, text_config
from checkpoints.words import MLLAMA, tokenizer


def mllama() -> Parts:
    words = tokenizer(
        ["<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>"], begin="<|begin_of_text|>", end="<|eot_id|>"
    )
    # the picture's token lies beyond the vocabulary of the output layer, as in the published checkpoints
    words.add_tokens([AddedToken("<|image|>", special=True)], special_tokens=True)
    text = text_config(len(words) - 1, layers=4) | {
        "cross_attention_layers": [1, 3],
        "pad_token_id": words.pad_token_id,
        "rope_parameters": {"rope_type": "default", "rope_theta": 5e5},
    }
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_global_layers": 1,
        "attention_heads": 2,
        "intermediate_size": 64,
        "image_size": 56,
        "patch_size": 14,
        "max_num_tiles": 4,
        "intermediate_layers_indices": [0, 2],
        "vision_output_dim": 96,
    }
    config = transformers.MllamaConfig(
        text_config=text, vision_config=vision, image_token_index=words.convert_tokens_to_ids("<|image|>")
    )
    model = transformers.MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gate" in name and parameter.numel() == 1:
                parameter.fill_(0.8)  # gates start at zero: the picture would have no effect
    pictures = transformers.MllamaImageProcessorPil(size={"height": 56, "width": 56}, max_image_tiles=4)
    return Parts(model, words, pictures, "MllamaProcessor", MLLAMA)
