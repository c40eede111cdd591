"""GIT: the features of a picture before the tokens of the text, for which no tokens stand."""

from __future__ import annotations

import transformers

from checkpoints.blip import bert
from checkpoints.parts import Parts, text_config, vision_config


def git() -> Parts:
    words = bert()
    config = transformers.GitConfig(
        vision_config=vision_config(),
        **text_config(len(words)) | {"max_position_embeddings": 512, "num_key_value_heads": None},
        tie_word_embeddings=False,
        bos_token_id=words.cls_token_id,
        eos_token_id=words.sep_token_id,
        pad_token_id=words.pad_token_id,
    )
    pictures = transformers.CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    ends = {"bos_token_id": words.cls_token_id, "eos_token_id": words.sep_token_id}
    return Parts(transformers.GitForCausalLM(config), words, pictures, "GitProcessor", None, {}, ends)
