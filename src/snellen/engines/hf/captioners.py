"""Captioners whose text goes on from a prompt: GIT and BLIP, the tokenizers of which close every text by themselves."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers.processors import TemplateProcessing


def leave_open(processor: Any, config: Any) -> None:
    """Lets the tokenizer begin a text and not end it, for a caption would have to follow on the end.

    GIT was trained with `[CLS]` before a prompt (its page in transformers asks questions so), BLIP with the token that
    its decoder begins with; transformers puts that in the place of BLIP's `[CLS]` as it generates.
    """
    tokenizer = processor.tokenizer
    begin = tokenizer.cls_token_id if config.model_type == "git" else config.text_config.bos_token_id
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[BEGIN] $A", special_tokens=[("[BEGIN]", begin)]
    )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]


def know_queries(processor: Any, config: Any) -> None:
    """Tells the processor of BLIP-2 how many tokens stand for a picture.

    One whose checkpoint does not say it writes none, and the model would see nothing and not complain.
    """
    if getattr(processor, "num_query_tokens", 0) is None and hasattr(config, "num_query_tokens"):
        processor.num_query_tokens = config.num_query_tokens


def go_on(model: Any) -> None:
    """Lets BLIP write behind its prompts as they are, of any length in one batch.

    transformers 5.23 overwrites the first token of a batch's rows, be it padding, and drops the last one.
    """

    def generate(
        pixel_values: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor, **options: Any
    ) -> torch.Tensor:
        seen = model.vision_model(pixel_values=pixel_values)[0]
        written: torch.Tensor = model.text_decoder.generate(
            input_ids=input_ids,
            attention_mask=attention_mask,
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long, device=seen.device),
            **options,
        )
        return written

    model.generate = generate
    model.generation_config.eos_token_id = model.config.text_config.sep_token_id  # its settings name another token
    model.get_output_embeddings = model.text_decoder.get_output_embeddings
