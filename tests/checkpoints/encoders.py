"""Tiny encoders: models of pictures and texts, classifiers, backbones without a head; saved like published ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from checkpoints.words import TEXT, tokenizer
from snellen.local.quiet import quiet

SIDE = {"height": 32, "width": 32}
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
NAMES = ("tabby, tabby cat", "crane", "ring", "star", "umbrella")


@dataclass(frozen=True)
class Encoder:
    """A model with its image processor, and its tokenizer where it reads texts."""

    model: Any
    pictures: Any
    tokenizer: Any = None


def _pieces(special: list[str], spaces: str, suffix: str) -> dict[str, Any]:
    """Vocabulary and merges of a BPE in which `spaces` stands for a space, or `suffix` for the end of a word."""
    core = Tokenizer(models.BPE(end_of_word_suffix=suffix))
    if spaces:
        core.normalizer = normalizers.Replace(" ", spaces)
    else:
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=[*pre_tokenizers.ByteLevel.alphabet(), *filter(None, [spaces])],
        end_of_word_suffix=suffix,
        show_progress=False,
    )
    core.train_from_iterator([f"a photo of a {word}" for word in TEXT.lower().split()], trainer)
    model = json.loads(core.to_str())["model"]
    return {"vocab": model["vocab"], "merges": [tuple(merge) for merge in model["merges"]]}


def _text(words: Any, longest: int) -> dict[str, Any]:
    sizes = {key: value for key, value in SMALL.items() if key not in ("image_size", "patch_size")}
    return {
        **sizes,
        "vocab_size": len(words),
        "max_position_embeddings": longest,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
        "projection_size": 32,
        "projection_dim": 16,
    }


def clip() -> Encoder:
    pieces = _pieces(["<|startoftext|>", "<|endoftext|>"], "", "</w>")
    words = transformers.CLIPTokenizer(**pieces, model_max_length=24)
    config = transformers.CLIPConfig(text_config=_text(words, 24), vision_config=dict(SMALL), projection_dim=16)
    pictures = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    return Encoder(transformers.CLIPModel(config), pictures, words)


def siglip() -> Encoder:
    """Reads texts filled up to 64 tokens; pictures are squeezed into a square."""
    words = tokenizer([], begin="<s>", end="</s>")
    config = transformers.SiglipConfig(text_config=_text(words, 64), vision_config=dict(SMALL))
    return Encoder(transformers.SiglipModel(config), transformers.SiglipImageProcessorPil(size=SIDE), words)


def siglip2() -> Encoder:
    """Takes a picture as patches, as many as its shape asks for; texts in lower case."""
    pieces = _pieces(["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"], "▁", "")
    words = transformers.Siglip2Tokenizer(**pieces)
    vision = {**{key: value for key, value in SMALL.items() if key != "image_size"}, "num_patches": 16}
    config = transformers.Siglip2Config(text_config=_text(words, 64), vision_config=vision)
    pictures = transformers.Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16)
    return Encoder(transformers.Siglip2Model(config), pictures, words)


def _named(config: Any) -> Any:
    config.id2label = dict(enumerate(NAMES))
    config.label2id = {name: number for number, name in enumerate(NAMES)}
    return config


def vit() -> Encoder:
    config = _named(transformers.ViTConfig(**SMALL))
    return Encoder(transformers.ViTForImageClassification(config), transformers.ViTImageProcessorPil(size=SIDE))


def resnet() -> Encoder:
    config = _named(transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]))
    pictures = transformers.ConvNextImageProcessorPil(size={"shortest_edge": 32}, crop_pct=0.875)
    return Encoder(transformers.ResNetForImageClassification(config), pictures)


def convnext() -> Encoder:
    config = _named(transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2))
    pictures = transformers.ConvNextImageProcessorPil(size={"shortest_edge": 32}, crop_pct=0.875)
    return Encoder(transformers.ConvNextForImageClassification(config), pictures)


def swin() -> Encoder:
    config = _named(
        transformers.SwinConfig(
            image_size=32, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
        )
    )
    return Encoder(transformers.SwinForImageClassification(config), transformers.ViTImageProcessorPil(size=SIDE))


def dinov2() -> Encoder:
    """A head over the class token and the mean of the patches."""
    sizes = {key: value for key, value in SMALL.items() if key != "intermediate_size"}
    config = _named(transformers.Dinov2Config(**sizes))
    pictures = transformers.BitImageProcessorPil(size={"shortest_edge": 36}, crop_size=SIDE)
    return Encoder(transformers.Dinov2ForImageClassification(config), pictures)


def dinov2_bare() -> Encoder:
    """A backbone without a head."""
    whole = dinov2()
    return Encoder(transformers.Dinov2Model(whole.model.config), whole.pictures)


def several() -> Encoder:
    """A picture may be of several of its labels, which have no names."""
    config = transformers.ViTConfig(**SMALL, num_labels=4, problem_type="multi_label_classification")
    return Encoder(transformers.ViTForImageClassification(config), transformers.ViTImageProcessorPil(size=SIDE))


ENCODERS: Mapping[str, Callable[[], Encoder]] = {
    "clip": clip,
    "siglip": siglip,
    "siglip2": siglip2,
    "vit": vit,
    "resnet": resnet,
    "convnext": convnext,
    "swin": swin,
    "dinov2": dinov2,
    "dinov2_bare": dinov2_bare,
    "several": several,
}


def build_encoder(family: str, folder: Path, seed: int = 0) -> Path:
    """Saves a checkpoint of the family into the folder, and returns the folder."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        encoder = ENCODERS[family]()
        sharpen(encoder.model)
        for part in (encoder.model, encoder.pictures, encoder.tokenizer):
            if part is not None:
                part.save_pretrained(folder)
    return folder


def sharpen(model: Any) -> None:
    """Random weights hardly see the picture: larger ones do, and statistics of batches that are not all alike."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if 1 < parameter.dim() < 4:  # larger convolutions would make giants of ResNet's features
                parameter.mul_(3.0)
            elif "logit_bias" in name:
                parameter.fill_(-1.5)
            elif "logit_scale" in name:
                parameter.fill_(2.0)
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 1.5)
