"""Tiny random vision-language checkpoints of several families, built in seconds and saved like real ones.

Each has a tokenizer, a processor, a chat template (but base models) and weights. Random weights answer much the same to
everything, so they are sharpened until the answers depend on the picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from checkpoints.blip import blip, blip2_opt, blip2_t5, instructblip
from checkpoints.florence import florence2
from checkpoints.gemma import gemma3, paligemma
from checkpoints.git import git
from checkpoints.idefics import idefics3, smolvlm
from checkpoints.internvl import internvl
from checkpoints.llava import llava, llava_next, llava_next_llama3, llava_onevision
from checkpoints.mllama import mllama
from checkpoints.parts import Parts
from checkpoints.phi4 import phi4_multimodal
from checkpoints.qwen import qwen2_5_vl, qwen2_vl, qwen3_vl
from snellen.local.quiet import quiet

FAMILIES: Mapping[str, Callable[[], Parts]] = {
    "blip": blip,
    "blip2_opt": blip2_opt,
    "blip2_t5": blip2_t5,
    "florence2": florence2,
    "gemma3": gemma3,
    "git": git,
    "idefics3": idefics3,
    "instructblip": instructblip,
    "internvl": internvl,
    "llava": llava,
    "llava_next": llava_next,
    "llava_next_llama3": llava_next_llama3,
    "llava_onevision": llava_onevision,
    "mllama": mllama,
    "paligemma": paligemma,
    "phi4_multimodal": phi4_multimodal,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen2_vl": qwen2_vl,
    "qwen3_vl": qwen3_vl,
    "smolvlm": smolvlm,
}


def build(family: str, folder: Path, seed: int = 0) -> Path:
    """Saves a checkpoint of the family into the folder, and returns the folder."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        save(FAMILIES[family](), folder)
    return folder


def save(parts: Parts, folder: Path) -> None:
    """Saves the parts the way that checkpoints are published."""
    sharpen(parts.model)
    words = parts.tokenizer
    ends = {"eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id, "bos_token_id": words.bos_token_id}
    parts.model.generation_config = transformers.GenerationConfig(**{**ends, **parts.generation})
    parts.model.save_pretrained(folder)
    words.save_pretrained(folder)
    if parts.second_tokenizer is not None:
        parts.second_tokenizer.save_pretrained(folder / "qformer_tokenizer")
    parts.pictures.save_pretrained(folder)
    settings = {"processor_class": parts.processor_class, **parts.settings}
    (folder / "processor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if parts.template is not None:
        (folder / "chat_template.jinja").write_text(parts.template, encoding="utf-8")


def sharpen(model: Any) -> None:
    """Random logits are nearly even and nearly blind: larger weights make the choices clear and the picture count."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3.0)
