"""BLIP, BLIP-2 and InstructBLIP: captioners, of which the later ones hand queries about a picture to a text model."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from tokenizers import AddedToken, processors

from checkpoints.parts import Parts, vision_config
from checkpoints.words import tokenizer

QUERIES = 4
SIDE = {"height": 56, "width": 56}


def blip2_opt() -> Parts:
    """A text model that goes on behind the queries and the prompt, and ends its line."""
    words = tokenizer([], begin="</s>", end="</s>")
    words.add_tokens([AddedToken("<image>", special=True, normalized=False)], special_tokens=True)
    text = transformers.OPTConfig(
        vocab_size=len(words),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        ffn_dim=128,
        word_embed_proj_dim=64,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    (line,) = words("\n", add_special_tokens=False)["input_ids"]
    return queried("2", words, text, {"eos_token_id": line})


def blip2_t5() -> Parts:
    """A text model of an encoder and a decoder."""
    words, text = t5()
    return queried("2", words, text)


def instructblip() -> Parts:
    """The queries are asked with the prompt in mind, which is tokenised once more for them."""
    words, text = t5()
    return queried("Instruct", words, text)


def t5() -> tuple[Any, Any]:
    words = tokenizer([], end="</s>")
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", words.eos_token_id)]
    )
    words.add_tokens([AddedToken("<image>", special=True, normalized=False)], special_tokens=True)
    text = transformers.T5Config(
        vocab_size=len(words),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        tie_word_embeddings=False,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        decoder_start_token_id=words.pad_token_id,
    )
    return words, text


def queried(kind: str, words: Any, text: Any, generation: dict[str, Any] | None = None) -> Parts:
    """BLIP-2 (`2`) or InstructBLIP (`Instruct`) around a text model."""
    name = "Blip2" if kind == "2" else "InstructBlip"
    queries = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "vocab_size": 600,
    }
    config = getattr(transformers, f"{name}Config")(
        vision_config=vision_config() | {"initializer_range": 0.1},
        qformer_config=queries,
        text_config=text.to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    torch.nn.init.normal_(model.query_tokens)  # they start at zero, and would all say the same
    pictures = transformers.BlipImageProcessorPil(size=SIDE)
    asked = tokenizer([], begin="[CLS]", end="[SEP]") if kind == "Instruct" else None
    settings = {"num_query_tokens": QUERIES}
    return Parts(model, words, pictures, f"{name}Processor", None, settings, generation or {}, asked)


def blip() -> Parts:
    """A decoder that looks at the picture, for captions with or without a beginning."""
    words = bert()
    begin = len(words)  # beyond the tokenizer's vocabulary, as in the published checkpoints
    text = {
        "vocab_size": len(words) + 2,
        "hidden_size": 64,
        "encoder_hidden_size": 32,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "bos_token_id": begin,
        "eos_token_id": words.sep_token_id,
        "sep_token_id": words.sep_token_id,
        "pad_token_id": words.pad_token_id,
        "tie_word_embeddings": False,
    }
    seen = vision_config() | {"initializer_range": 0.1}
    config = transformers.BlipConfig(text_config=text, vision_config=seen, tie_word_embeddings=False)
    model = transformers.BlipForConditionalGeneration(config)
    generation = {"bos_token_id": begin, "eos_token_id": 7}  # no end at all, as in the published checkpoints
    return Parts(model, words, transformers.BlipImageProcessorPil(size=SIDE), "BlipProcessor", None, {}, generation)


def bert() -> Any:
    """A tokenizer that puts `[CLS]` before a text and `[SEP]` behind it."""
    words = tokenizer([], begin="[CLS]", end="[SEP]")
    ends = {token: words.convert_tokens_to_ids(token) for token in ("[CLS]", "[SEP]")}
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=list(ends.items())
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=words.backend_tokenizer,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="<pad>",
    )
