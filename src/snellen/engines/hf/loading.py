"""Loads a checkpoint: the processor, the model on its device, and the engine around them."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from snellen.engines.hf.captioners import go_on, know_queries, leave_open
from snellen.engines.hf.engine import LocalModel
from snellen.engines.hf.options import Options
from snellen.engines.hf.phi4 import see_all_ways
from snellen.engines.hf.processing import load_processor
from snellen.errors import Missing, SnellenError, WrongUse
from snellen.local.device import pick_device
from snellen.local.explaining import check_weights, explained, gist
from snellen.local.quiet import quiet
from snellen.local.source import adapter_folder, locate

CLOSED = ("blip", "git")  # whose tokenizers put an end behind a prompt


def load_engine(name: str, options: Options) -> LocalModel:
    """The engine, checked on a first question. Raises WrongUse or Missing, with what to do about it."""
    source = locate(name, options.revision, "hf")
    owner = f"hf/{name}"
    _check_packages(options, owner)
    device = pick_device(options.device, owner)
    with quiet():
        folder = source.folder()
    with quiet(), own_code(owner, name, folder, options):
        with explained(owner, "configuration"):
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=options.trust_remote_code)
        with explained(owner, "processor (of texts and images)"):
            processor = load_processor(folder, config, options.trust_remote_code)
            know_queries(processor, config)
            if config.model_type in CLOSED:
                leave_open(processor, config)
        with explained(owner, "model"):
            model = load_model(folder, config, options, device, owner)
        return LocalModel(model, processor, options, owner)


def load_model(folder: Path, config: Any, options: Options, device: torch.device, owner: str) -> Any:
    """The model in evaluation mode on its device, every one of its weights from the checkpoint."""
    arguments: dict[str, Any] = {}
    if options.attn_implementation is not None:
        arguments["attn_implementation"] = options.attn_implementation
    if options.quantization != "none":
        arguments["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_8bit=options.quantization == "8bit", load_in_4bit=options.quantization == "4bit"
        )
        arguments["device_map"] = {"": device}
    if options.device_map is not None:
        arguments["device_map"] = _device_map(options.device_map)
    if options.adapter is None and (folder / "vision-lora" / "adapter_config.json").is_file():
        raise WrongUse(
            f"{owner}: the checkpoint keeps what it learnt about pictures apart, in an adapter: "
            f"set adapter={folder / 'vision-lora'}"
        )
    model, told = _auto_class(config).from_pretrained(
        folder,
        trust_remote_code=options.trust_remote_code,
        dtype="auto" if options.dtype == "auto" else getattr(torch, options.dtype),
        output_loading_info=True,
        **arguments,
    )
    check_weights(told, owner)
    if config.model_type == "phi4_multimodal":
        see_all_ways(model)
    elif config.model_type == "blip":
        go_on(model)
    if "device_map" not in arguments:
        model.to(device)
    if options.adapter is not None:
        model = _with_adapter(model, options)
    return model.eval()


def _auto_class(config: Any) -> Any:
    """The class that loads the model: some that see pictures are known among language models alone."""
    brought = getattr(config, "auto_map", None) or {}
    sees = "vision_config" in config.sub_configs and type(config) in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING
    known = type(config) in modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    if not known and "AutoModelForImageTextToText" not in brought and (sees or "AutoModelForCausalLM" in brought):
        return transformers.AutoModelForCausalLM
    return transformers.AutoModelForImageTextToText


def _with_adapter(model: Any, options: Options) -> Any:
    assert options.adapter is not None
    peft: Any = importlib.import_module("peft")
    adapted = peft.PeftModel.from_pretrained(model, str(adapter_folder(options.adapter)))
    # merged, an adapter costs no time; into quantised weights it would be rounded away
    return adapted.merge_and_unload() if options.quantization == "none" else adapted


def _device_map(text: str) -> Any:
    """A named map ("auto", "balanced" …), or a map written as JSON."""
    return json.loads(text) if text.startswith("{") else text


def _check_packages(options: Options, owner: str) -> None:
    needs = {
        "accelerate": options.device_map is not None or options.quantization != "none",
        "bitsandbytes": options.quantization != "none",
        "peft": options.adapter is not None,
    }
    for package, needed in needs.items():
        if needed and importlib.util.find_spec(package) is None:
            raise Missing(f"{owner}: its options need the package {package}: pip install {package}")


@contextmanager
def own_code(owner: str, name: str, folder: Path, options: Options) -> Iterator[None]:
    """Says of a checkpoint's own Python code that fails how to serve the model instead."""
    try:
        yield
    except SnellenError as error:
        cause = error.__cause__
        stale = isinstance(cause, ImportError | AttributeError | TypeError) and not _lacks_package(cause)
        if not (options.trust_remote_code and stale and _brings_code(folder)):
            raise
        assert cause is not None
        raise WrongUse(
            f"{owner}: the checkpoint's own Python code does not work with transformers {transformers.__version__} "
            f"({type(cause).__name__}: {gist(cause)}); serve the model with what it was written for "
            f"(vllm serve {name}), and name it openai-compatible/{name}"
        ) from error


def _brings_code(folder: Path) -> bool:
    return "auto_map" in json.loads((folder / "config.json").read_text(encoding="utf-8"))


def _lacks_package(error: BaseException) -> bool:
    """Whether another package would help, rather than another version of transformers."""
    if isinstance(error, ModuleNotFoundError):
        return str(error.name).partition(".")[0] not in ("transformers", "transformers_modules")
    return "packages that were not found" in str(error)
