"""Models with all that is needed to load them, written in half precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPImageProcessorPil, PreTrainedModel

from snellen.demo import models
from training.pictures import SIZE


def image_processor() -> CLIPImageProcessorPil:
    """Pictures of any size to SIZE x SIZE numbers from -1 to 1; needs no torchvision."""
    side = {"height": SIZE, "width": SIZE}
    half = [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(size=side, do_center_crop=False, crop_size=side, image_mean=half, image_std=half)


def save(model: PreTrainedModel, processor: Any, name: str) -> Path:
    """The model's folder in the package."""
    folder = models.folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.suffix != ".md":
            file.unlink()
    model.to(torch.float16).save_pretrained(folder)
    processor.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # of everyone who installs the package
    # stored in half precision, but to be computed in single: on a CPU that is faster, and it is what was trained
    config = folder / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace('"float16"', '"float32"'), encoding="utf-8")
    return folder
