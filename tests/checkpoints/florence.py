"""Florence-2: an encoder that reads picture and task, and a decoder that answers; places are tokens of their own."""

from __future__ import annotations

import transformers

from checkpoints.parts import Parts
from checkpoints.words import tokenizer

PLACES = [f"<loc_{number}>" for number in range(1000)]


def florence2() -> Parts:
    """A task is a token such as `<OD>`, for which the processor puts a sentence; answers begin with a forced token."""
    words = tokenizer(
        ["<od>", "</od>", *PLACES, "<cap>", "</cap>"], begin="<s>", end="</s>", named={"image_token": "<image>"}
    )
    begin, end = words.bos_token_id, words.eos_token_id
    text = transformers.BartConfig(
        vocab_size=len(words),
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=512,
        bos_token_id=begin,
        eos_token_id=end,
        pad_token_id=words.pad_token_id,
        decoder_start_token_id=end,
        forced_bos_token_id=begin,
        forced_eos_token_id=end,
        tie_word_embeddings=False,
    )
    sizes = {"embed_dim": [16, 32], "num_heads": [2, 2], "num_groups": [2, 2], "depths": [1, 1]}
    vision = transformers.Florence2VisionConfig(
        **sizes,
        patch_size=[7, 3],
        patch_stride=[8, 2],
        patch_padding=[3, 1],
        patch_prenorm=[False, True],
        window_size=4,
        projection_dim=64,
    )
    config = transformers.Florence2Config(
        text_config=text,
        vision_config=vision,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        tie_word_embeddings=False,
    )
    model = transformers.Florence2ForConditionalGeneration(config)
    pictures = transformers.CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, do_center_crop=False, image_seq_length=17
    )
    opening = {"decoder_start_token_id": end, "forced_bos_token_id": begin, "forced_eos_token_id": end}
    return Parts(model, words, pictures, "Florence2Processor", None, {"num_additional_image_tokens": 0}, opening)
