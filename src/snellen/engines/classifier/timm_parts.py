"""Image classifiers and backbones of timm, with the transform of their own configuration."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import PIL.Image
import torch

from snellen.engines.classifier import settings
from snellen.engines.classifier.network import Parts
from snellen.errors import Missing
from snellen.local.explaining import explained
from snellen.local.hub import WEIGHTS
from snellen.local.options import Options
from snellen.local.passes import Prepared, Tensors
from snellen.local.source import Source
from snellen.local.torchvision import make_importable


def load_parts(source: Source, owner: str, options: Options, device: torch.device) -> Parts:
    """The model on its device. Raises WrongUse or Missing."""
    if importlib.util.find_spec("timm") is None:
        raise Missing(f"{owner} is a checkpoint of timm and needs that package: pip install 'snellen[timm]'")
    make_importable(owner, "timm")
    timm: Any = importlib.import_module("timm")
    folder = source.folder((WEIGHTS,))
    with explained(owner, "model"):
        model = timm.create_model(f"local-dir:{folder}", pretrained=True)
        wanted = timm.data.resolve_data_config({}, model=model)
        pictures = timm.data.create_transform(**wanted)
    if options.dtype != "auto":
        model.to(getattr(torch, options.dtype))
    model.to(device).eval()

    def transform(picture: PIL.Image.Image) -> Prepared:
        return {"image": pictures(picture).numpy()}

    def forward(inputs: Tensors) -> torch.Tensor:
        rows: torch.Tensor = model(inputs["image"])
        return rows.flatten(1)

    has_head = not settings.refused(source.settings("config.json"))
    facts = {"image_processor": "timm", "architecture": str(model.default_cfg.get("architecture", ""))}
    return Parts(model, transform, forward, has_head, facts=facts)
