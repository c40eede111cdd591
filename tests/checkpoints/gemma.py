"""Gemma 3 and PaliGemma: tokens of a picture, or of a whole prompt, that see each other in both directions."""

from __future__ import annotations

import torch
import transformers

from checkpoints.parts import Parts, text_config, vision_config
from checkpoints.words import GEMMA, tokenizer


def gemma3() -> Parts:
    """Every other layer sees the last 16 tokens only; the tokens of a picture see each other."""
    named = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    words = tokenizer(["<start_of_turn>"], begin="<bos>", end="<end_of_turn>", named=named)
    layers = {
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "sliding_window": 16,
        "head_dim": 16,
        "query_pre_attn_scalar": 16,
    }
    config = transformers.Gemma3Config(
        text_config=text_config(len(words), layers=4) | layers,
        vision_config=vision_config(),
        mm_tokens_per_image=4,
        image_token_index=words.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_index=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=words.convert_tokens_to_ids("<end_of_image>"),
        tie_word_embeddings=False,
    )
    model = transformers.Gemma3ForConditionalGeneration(config)
    # the projector starts at zero: the picture would have no effect
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.1)
    pictures = transformers.Gemma3ImageProcessorPil(size={"height": 56, "width": 56})
    return Parts(model, words, pictures, "Gemma3Processor", GEMMA, {"image_seq_length": 4})


def paligemma() -> Parts:
    """A base model without a chat template: the prompt sees itself in both directions, the answer what is before it."""
    places = [f"<loc{number:04}>" for number in range(1024)] + [f"<seg{number:03}>" for number in range(128)]
    words = tokenizer(places, begin="<bos>", end="<eos>", named={"image_token": "<image>"}, adds_begin=False)
    config = transformers.PaliGemmaConfig(
        text_config=text_config(len(words)) | {"model_type": "gemma", "head_dim": 16},
        vision_config=vision_config() | {"model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vocab_size=len(words),
        hidden_size=64,
        projection_dim=64,
        tie_word_embeddings=False,
    )
    pictures = transformers.SiglipImageProcessorPil(size={"height": 56, "width": 56}, image_seq_length=16)
    model = transformers.PaliGemmaForConditionalGeneration(config)
    with torch.no_grad():  # Gemma multiplies embeddings by the root of their width: the picture would hardly count
        model.get_input_embeddings().weight.div_(8.0)
    return Parts(model, words, pictures, "PaliGemmaProcessor", None)
