"""What a checkpoint's config.json tells before anything is loaded: its library, its labels, whether it has a head."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snellen.errors import Missing, WrongUse
from snellen.local.label_file import read_label_file
from snellen.types import Recognise

_UNNAMED = re.compile(r"LABEL_\d+")


def is_timm(config: Mapping[str, Any]) -> bool:
    """Whether timm wrote it: it names an architecture and no type of transformers."""
    return "architecture" in config and "model_type" not in config


def refused(config: Mapping[str, Any]) -> dict[type, str]:
    """Why a backbone without a head recognises nothing; empty for a classifier."""
    if is_timm(config):
        headless = _timm_outputs(config) == 0
    else:
        names = config.get("architectures") or ["ForImageClassification"]
        headless = not any("ForImageClassification" in str(name) for name in names)
    if not headless:
        return {}
    return {Recognise: "it is a backbone without a classification head; it gives features: try linear-probe"}


def labels_of(config: Mapping[str, Any], given: str | None, owner: str) -> tuple[str, ...]:
    """The names of a classifier's outputs in their order; LABEL_0 … where nobody has named them."""
    if given is not None:
        return given_labels(given, owner)
    if is_timm(config):
        return _timm_labels(config, owner)
    try:
        named = {int(number): str(name) for number, name in (config.get("id2label") or {}).items()}
        outputs = int(config.get("num_labels") or (max(named) + 1 if named else 2))  # transformers' own default
    except (ValueError, TypeError, AttributeError):
        raise WrongUse(
            f"{owner}: expected names by their numbers as id2label in its config.json, such as "
            '{"0": "cat", "1": "dog"}, and their count as num_labels'
        ) from None
    return tuple(named.get(number, f"LABEL_{number}") for number in range(outputs))


def given_labels(file: str, owner: str) -> tuple[str, ...]:
    """The names in a file. Raises WrongUse."""
    path = Path(file).expanduser()
    if not path.is_file():
        raise WrongUse(f"{owner}: there is no labels file {path}; expected the names of its outputs, one a line")
    return tuple(name for _, name in read_label_file(path, owner))


def notice(labels: Sequence[str]) -> dict[str, str]:
    """What the user is told where outputs have no names."""
    if not labels or not all(map(_UNNAMED.fullmatch, labels)):
        return {}
    return {
        "notice": f"its {len(labels)} outputs have no names (LABEL_0 …), so no class will be found among them; "
        "give the names in their order with labels=FILE"
    }


def _timm_outputs(config: Mapping[str, Any]) -> int:
    pretrained = config.get("pretrained_cfg") or {}
    return int(config.get("num_classes", pretrained.get("num_classes", 0)) or 0)


def _timm_labels(config: Mapping[str, Any], owner: str) -> tuple[str, ...]:
    """The checkpoint's own names; for one of ImageNet's heads the synsets' words, which timm brings."""
    pretrained = config.get("pretrained_cfg") or {}
    names = config.get("label_names") or pretrained.get("label_names")
    described = config.get("label_descriptions") or pretrained.get("label_descriptions") or {}
    outputs = _timm_outputs(config)
    if names and described:
        return tuple(str(described.get(name, name)) for name in names)
    if importlib.util.find_spec("timm") is None:
        raise Missing(f"{owner} is a checkpoint of timm and needs that package: pip install 'snellen[timm]'")
    from snellen.local.torchvision import make_importable

    make_importable(owner, "timm")
    data: Any = importlib.import_module("timm.data")
    subset = data.infer_imagenet_subset({"num_classes": outputs})
    info = None if subset is None else data.ImageNetInfo(subset)
    if names:
        known = data.ImageNetInfo("imagenet-22k").label_descriptions(as_dict=True)
        return tuple(str(known.get(name, name)) for name in names)
    if info is not None:
        return tuple(map(str, info.label_descriptions()))
    return tuple(f"LABEL_{number}" for number in range(outputs))
