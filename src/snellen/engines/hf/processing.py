"""Loads a checkpoint's processor, also where torchvision is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from snellen.engines.hf.phi4 import Phi4MultimodalImageProcessorPil
from snellen.errors import WrongUse


def load_processor(folder: Path, config: Any, trust_remote_code: bool) -> Any:
    """The processor, its pictures prepared by Pillow: the same pixels whether or not torchvision is there.

    Raises WrongUse where the checkpoint has a tokenizer alone, and what transformers raises.
    """
    try:
        processor = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=trust_remote_code)
    except (ImportError, ValueError) as error:
        needs_torchvision = "torchvision" in str(error).lower() and importlib.util.find_spec("torchvision") is None
        if not needs_torchvision or type(config) not in PROCESSOR_MAPPING:
            raise
        return _still(PROCESSOR_MAPPING[type(config)], folder, config, trust_remote_code)
    if getattr(processor, "image_processor", None) is None or getattr(processor, "tokenizer", None) is None:
        raise WrongUse(
            f"{folder}: expected a processor of images and texts, found {type(processor).__name__}; "
            "the checkpoint needs a processor_config.json or preprocessor_config.json, and a tokenizer"
        )
    if importlib.util.find_spec("torchvision") is not None:
        processor.image_processor = _pictures(folder, config, trust_remote_code, processor.image_processor)
    return processor


class _Absent:
    """Stands for a part of a processor that texts and pictures can do without: none of its settings has a value."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _still(family: Any, folder: Path, config: Any, trust_remote_code: bool) -> Any:
    """The family's processor from its parts for texts and pictures. Its video processor, for one, stays away."""
    parts = {
        "tokenizer": transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code),
        "image_processor": _pictures(folder, config, trust_remote_code),
    }

    class Still(family):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name not in parts and argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

    settings, _ = family.get_processor_dict(folder)
    attributes = family.get_attributes()
    processor = Still.from_args_and_dict([parts.get(part) for part in attributes], settings)
    for part in attributes:
        if part not in parts:
            setattr(processor, part, _Absent())
    return processor


def _pictures(folder: Path, config: Any, trust_remote_code: bool, otherwise: Any = None) -> Any:
    """The image processor that works with Pillow, or `otherwise` for a family that has none."""
    if config.model_type == "phi4_multimodal":
        return Phi4MultimodalImageProcessorPil.from_pretrained(folder)
    try:
        return transformers.AutoImageProcessor.from_pretrained(
            folder, backend="pil", trust_remote_code=trust_remote_code
        )
    except (ImportError, OSError, ValueError):
        if otherwise is None:
            raise
        return otherwise
