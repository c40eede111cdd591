"""Image classifiers and backbones of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from snellen.engines.classifier import settings
from snellen.engines.classifier.network import Parts
from snellen.errors import WrongUse
from snellen.local.explaining import check_weights, explained
from snellen.local.hub import PROCESSORS, WEIGHTS
from snellen.local.options import Options
from snellen.local.passes import Tensors
from snellen.local.source import Source
from snellen.local.transforms import load_transform

_CLASS_TOKENS = ("cls_token", "class_token", "class_embedding")


def load_parts(source: Source, owner: str, options: Options, device: torch.device) -> Parts:
    """The model on its device with its own image processor. Raises WrongUse or Missing."""
    folder = source.folder((WEIGHTS, PROCESSORS))
    with explained(owner, "configuration"):
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    has_head = not settings.refused(source.settings("config.json"))
    _check_kind(config, has_head, owner)
    transform, processor = load_transform(folder, owner)
    with explained(owner, "model"):
        model, pooled = _load_model(folder, has_head, options, owner)
    model.to(device).eval()
    if hasattr(model.config, "mask_ratio"):
        model.config.mask_ratio = 0.0  # a masked autoencoder is trained on a random part of the picture
    class_token = _has_class_token(model)

    def forward(inputs: Tensors) -> torch.Tensor:
        output = model(**inputs)
        logits: torch.Tensor = output.logits if has_head else _features(output, pooled, class_token)
        return logits

    several = config.problem_type == "multi_label_classification"
    return Parts(model, transform, forward, has_head, several, {"image_processor": processor})


def _load_model(folder: Path, has_head: bool, options: Options, owner: str) -> tuple[Any, bool]:
    """The model, and whether its pooling layer is from the checkpoint: some backbones are published without it."""
    family = transformers.AutoModelForImageClassification if has_head else transformers.AutoModel
    model, told = family.from_pretrained(
        folder,
        dtype="auto" if options.dtype == "auto" else getattr(torch, options.dtype),
        output_loading_info=True,
        trust_remote_code=False,
    )
    pooler = {name for name in told["missing_keys"] if name.startswith("pooler.")}
    check_weights({"missing_keys": set(told["missing_keys"]) - (set() if has_head else pooler)}, owner)
    return model, has_head or not pooler


def _check_kind(config: Any, has_head: bool, owner: str) -> None:
    """Raises WrongUse where the model is of another kind, with the provider that takes it."""
    name = owner.removeprefix("classifier/")
    known = transformers.MODEL_MAPPING.get(type(config), None)
    if type(config) in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        hint = f"it is a model that answers in text: name it hf/{name}"
    elif not has_head and hasattr(known, "get_text_features"):
        hint = f"it compares pictures with texts: name it clip/{name}"
    elif has_head and type(config) not in modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING:
        hint = "transformers has no image classifier of that kind"
    else:
        return
    raise WrongUse(
        f"{owner}: expected an image classifier or a backbone, and its config.json names {config.model_type!r}; {hint}"
    )


def _has_class_token(model: Any) -> bool:
    """Whether a token that stands for the whole picture is put before those of its parts."""
    return any(name.rpartition(".")[2] in _CLASS_TOKENS for name, _ in model.named_parameters())


def _features(output: Any, pooled: bool, class_token: bool) -> torch.Tensor:
    """A backbone's own pooled features, else its class token, else the mean over all places [., channel, …]."""
    features: torch.Tensor | None = getattr(output, "pooler_output", None) if pooled else None
    if features is not None:
        return features.flatten(1)
    last: torch.Tensor = output.last_hidden_state
    if last.dim() == 3:
        return last[:, 0] if class_token else last.mean(1)
    return last.flatten(2).mean(-1)
