"""Loads a checkpoint's processor, also where torchvision is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from snellen.errors import WrongUse


def load_processor(folder: Path, config: Any, trust_remote_code: bool) -> Any:
    """The processor, its pictures prepared by Pillow: the same pixels whether or not torchvision is there.

    Raises WrongUse where the checkpoint has a tokenizer alone, and what transformers raises.
    """
    try:
        processor = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=trust_remote_code)
    except (ImportError, ValueError) as error:
        wants_video = "torchvision" in str(error).lower() and importlib.util.find_spec("torchvision") is None
        if not wants_video or type(config) not in PROCESSOR_MAPPING:
            raise
        return _without_video(PROCESSOR_MAPPING[type(config)], folder, trust_remote_code)
    if getattr(processor, "image_processor", None) is None or getattr(processor, "tokenizer", None) is None:
        raise WrongUse(
            f"{folder}: expected a processor of images and texts, found {type(processor).__name__}; "
            "the checkpoint needs a processor_config.json or preprocessor_config.json, and a tokenizer"
        )
    if importlib.util.find_spec("torchvision") is not None:
        processor.image_processor = _pictures(folder, trust_remote_code, processor.image_processor)
    return processor


def _without_video(family: Any, folder: Path, trust_remote_code: bool) -> Any:
    """The family's processor from its parts. Its video processor, which alone needs torchvision, stays away."""

    class Still(family):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor" and argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

    settings, _ = family.get_processor_dict(folder)
    parts = {
        "tokenizer": transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code),
        "image_processor": _pictures(folder, trust_remote_code),
        "video_processor": None,
    }
    given = [parts[part] for part in family.get_attributes()]
    return Still.from_args_and_dict(given, settings)


def _pictures(folder: Path, trust_remote_code: bool, otherwise: Any = None) -> Any:
    """The image processor that works with Pillow, or `otherwise` for a family that has none."""
    try:
        return transformers.AutoImageProcessor.from_pretrained(
            folder, backend="pil", trust_remote_code=trust_remote_code
        )
    except (ImportError, OSError, ValueError):
        if otherwise is None:
            raise
        return otherwise
