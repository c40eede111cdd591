"""Checkpoints of open_clip, with the transform and the tokenizer that their own configuration names."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import PIL.Image
import torch

from snellen.engines.clip.network import Towers
from snellen.errors import Missing
from snellen.local.explaining import explained
from snellen.local.hub import OPEN_CLIP_WEIGHTS
from snellen.local.options import Options
from snellen.local.passes import Prepared, Tensors
from snellen.local.source import Source
from snellen.local.torchvision import make_importable

_PRECISION = {"auto": "fp32", "float32": "fp32", "bfloat16": "pure_bf16", "float16": "pure_fp16"}


def load_towers(source: Source, owner: str, options: Options, device: torch.device) -> Towers:
    """The model on its device. Raises WrongUse or Missing."""
    if importlib.util.find_spec("open_clip") is None:
        raise Missing(f"{owner} is a checkpoint of open_clip and needs that package: pip install 'snellen[open-clip]'")
    make_importable(owner, "open-clip")
    folder = source.folder((OPEN_CLIP_WEIGHTS,))
    open_clip: Any = importlib.import_module("open_clip")
    with explained(owner, "model"):
        model, pictures = open_clip.create_model_from_pretrained(
            f"local-dir:{folder}", precision=_PRECISION[options.dtype], device=device
        )
    with explained(owner, "tokenizer"):
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    model.eval()

    def transform(picture: PIL.Image.Image) -> Prepared:
        return {"image": pictures(picture).numpy()}

    def see(inputs: Tensors) -> torch.Tensor:
        features: torch.Tensor = model.encode_image(inputs["image"])
        return features

    def read(texts: Sequence[str]) -> torch.Tensor:
        features: torch.Tensor = model.encode_text(tokenizer(list(texts)).to(device))
        return features

    bias = getattr(model, "logit_bias", None)
    facts = {"image_processor": "open_clip", "architecture": type(model).__name__}
    return Towers(
        model, transform, see, read, float(model.logit_scale.exp()), None if bias is None else float(bias), facts
    )
