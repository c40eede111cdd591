"""Phi-4-multimodal: crops of a picture and the patches of them that show some of it."""

from __future__ import annotations

import torch
import transformers

from checkpoints.parts import Parts, text_config, vision_config
from checkpoints.words import PHI4, tokenizer
from snellen.engines.hf.phi4 import Phi4MultimodalImageProcessorPil


def phi4_multimodal() -> Parts:
    named = {"image_token": "<|image|>", "audio_token": "<|audio|>"}
    words = tokenizer(["<|user|>", "<|system|>", "<|assistant|>"], end="<|end|>", named=named)
    image, audio = (words.convert_tokens_to_ids(token) for token in named.values())
    hearing = {"hidden_size": 16, "intermediate_size": 16, "num_blocks": 1, "num_attention_heads": 1}
    hearing |= {"ext_pw_out_channel": 16, "depthwise_separable_out_channel": 16, "nemo_conv_channels": 16}
    config = transformers.Phi4MultimodalConfig(
        **text_config(len(words)),
        vision_config=vision_config(layers=3) | {"crop_size": 56, "image_token_id": image},
        audio_config=hearing | {"audio_token_id": audio},
        pad_token_id=words.pad_token_id,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
    )
    model = transformers.Phi4MultimodalForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "feature_extensor" in name:
                parameter.normal_()  # they start at zero
    pictures = Phi4MultimodalImageProcessorPil(size={"height": 56, "width": 56}, dynamic_hd=4)
    return Parts(model, words, pictures, "Phi4MultimodalProcessor", PHI4)
