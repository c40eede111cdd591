"""CLIP, SigLIP, SigLIP 2 and their kind as transformers has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from snellen.engines.clip.network import Towers
from snellen.errors import WrongUse
from snellen.local.explaining import check_weights, explained
from snellen.local.hub import PROCESSORS, TOKENIZERS, WEIGHTS
from snellen.local.options import Options
from snellen.local.passes import Tensors
from snellen.local.source import Source
from snellen.local.transforms import load_transform

_SIGLIP_TOKENS = 64  # SigLIP reads texts filled up to this length, as it was trained


def load_towers(source: Source, owner: str, options: Options, device: torch.device) -> Towers:
    """The model on its device with its own processor. Raises WrongUse or Missing."""
    folder = source.folder((WEIGHTS, TOKENIZERS, PROCESSORS))
    with explained(owner, "configuration"):
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    _check_kind(config, owner)
    transform, processor = load_transform(folder, owner)
    with explained(owner, "tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    _check_words(tokenizer, owner)
    model = _load_model(folder, owner, options)
    model.to(device).eval()
    limits = _limits(config, tokenizer)

    def see(inputs: Tensors) -> torch.Tensor:
        return _pooled(model.get_image_features(**inputs))

    def read(texts: Sequence[str]) -> torch.Tensor:
        tokens = tokenizer(list(texts), return_tensors="pt", truncation=True, **limits).to(device)
        return _pooled(model.get_text_features(**tokens))

    facts = {"image_processor": processor, "attention": str(getattr(model.config, "_attn_implementation", None))}
    return Towers(model, transform, see, read, *_comparison(model), facts)


def _load_model(folder: Path, owner: str, options: Options) -> Any:
    with explained(owner, "model"):
        model, told = transformers.AutoModel.from_pretrained(
            folder,
            dtype="auto" if options.dtype == "auto" else getattr(torch, options.dtype),
            output_loading_info=True,
            trust_remote_code=False,
        )
        check_weights(told, owner)
    return model


def _check_kind(config: Any, owner: str) -> None:
    """Raises WrongUse where the model has no tower for pictures and one for texts, with the provider that takes it."""
    known = transformers.MODEL_MAPPING.get(type(config), None)
    if known is not None and hasattr(known, "get_image_features") and hasattr(known, "get_text_features"):
        return
    name = owner.removeprefix("clip/")
    if type(config) in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        hint = f"it is a model that answers in text: name it hf/{name}"
    elif type(config) in modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING:
        hint = f"it sees pictures and reads no texts: name it classifier/{name}"
    else:
        hint = "another provider may take it ('snellen ls models' lists them)"
    raise WrongUse(
        f"{owner}: expected a model of pictures and texts such as CLIP or SigLIP, and its config.json names "
        f"{config.model_type!r}; {hint}"
    )


def _check_words(tokenizer: Any, owner: str) -> None:
    """Raises WrongUse where all words are alike: transformers makes an empty tokenizer where files are missing."""
    cat, dog = tokenizer(["cat", "dog"])["input_ids"]
    if cat == dog:
        raise WrongUse(
            f"{owner}: its tokenizer knows no words, for tokenizer.json (or the vocabulary in its place) is not there; "
            "copy it from the model that this one was trained from"
        )


def _limits(config: Any, tokenizer: Any) -> dict[str, Any]:
    """How texts are filled up and where they are cut."""
    longest = getattr(config.get_text_config(), "max_position_embeddings", None) or tokenizer.model_max_length
    if "siglip" in config.model_type:
        return {"padding": "max_length", "max_length": min(_SIGLIP_TOKENS, longest)}
    return {"padding": True, "max_length": min(tokenizer.model_max_length, longest)}


def _comparison(model: Any) -> tuple[float | None, float | None]:
    """The scale and the bias of similarities, by the names that families have for them."""
    scale, bias = (getattr(model, name, None) for name in ("logit_scale", "logit_bias"))
    heat = getattr(model, "temperature", None)
    if scale is None and heat is not None:
        return 1.0 / float(heat), None
    return (None if scale is None else float(scale.exp()), None if bias is None else float(bias))


def _pooled(output: Any) -> torch.Tensor:
    """The features themselves: transformers wraps them with what they were made of."""
    features: torch.Tensor = output if isinstance(output, torch.Tensor) else output.pooler_output
    return features
