"""Lets torchvision be imported where its compiled part is not: it is of another build than torch, or of none for it.

timm and open_clip import torchvision for its transforms of pictures, which are Python alone.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch

from snellen.errors import Missing

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[Any] = []  # operators are there as long as their library


def make_importable(owner: str, extra: str) -> None:
    """Declares the operators that torchvision describes while it is imported, unless it brings them itself.

    Raises Missing where torchvision is not installed.
    """
    if importlib.util.find_spec("torchvision") is None:
        raise Missing(f"{owner} needs the package torchvision: pip install 'snellen[{extra}]'")
    if _kept or _has_operators():
        return
    library = torch.library.Library("torchvision", "DEF")
    for operator in _OPERATORS:
        library.define(operator)
    _kept.append(library)


def _has_operators() -> bool:
    """Whether torchvision can be imported as it is."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError, OSError):
        return False
    return hasattr(torch.ops.torchvision, "nms")
