"""InternVL as transformers publishes it (`-hf`): tiles of a picture in one row, joined with those of all others."""

from __future__ import annotations

import transformers

from checkpoints.parts import Parts, text_config, vision_config
from checkpoints.words import INTERN, tokenizer


def internvl() -> Parts:
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    words = tokenizer(["<|im_start|>"], end="<|im_end|>", named=named)
    config = transformers.InternVLConfig(
        text_config=transformers.Qwen2Config(**text_config(len(words))),
        vision_config=vision_config(),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    pictures = transformers.GotOcr2ImageProcessorPil(
        size={"height": 56, "width": 56}, crop_to_patches=True, min_patches=1, max_patches=4
    )
    model = transformers.InternVLForConditionalGeneration(config)
    return Parts(model, words, pictures, "InternVLProcessor", INTERN, {"image_seq_length": 4})
