"""The options of ONNX classifiers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from snellen.local.options import NOT_THE_MODEL

Channels = float | tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Options:
    """How pictures are prepared, what the outputs are, and how the model is run.

    `labels`: a file of names in the order of the outputs, one a line or as JSON (a list, or `id2label`); default:
    `labels.txt` beside the model. `mean`, `std`: a number or three (`0.485/0.456/0.406`); by default 0.5, which gives
    -1..1. A model that wants 0..255 has `scale=1,mean=0,std=1`; one that takes bytes gets the pixels as they are.
    `size`: the input's side in pixels where the model leaves it open. `output: auto` finds out by a trial whether the
    outputs are probabilities. `features`: the tensor that answers Embed, averaged over its places where it has several;
    `auto` takes what goes into the last layer before the scores, `off` none. `batch_size: auto` is the model's own
    where it is fixed, else 8, on a GPU 64.
    """

    labels: str | None = field(default=None, metadata={"answers": False})  # the names are part of the identity
    crop: Annotated[float, Gt(0), Le(1)] = 0.875
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    scale: Annotated[float, Gt(0)] = 255.0
    mean: Channels | str | None = None
    std: Channels | str | None = None
    size: Annotated[int, Ge(1)] | None = None
    layout: Literal["auto", "nchw", "nhwc"] = "auto"
    output: Literal["auto", "logits", "probabilities"] = "auto"
    features: str = field(default="auto", metadata={"answers": False})  # a name that is given is in the identity
    batch_size: Annotated[int, Ge(1)] | Literal["auto"] = field(default="auto", metadata=NOT_THE_MODEL)
    threads: Annotated[int, Ge(1)] | None = field(default=None, metadata=NOT_THE_MODEL)
    device: Literal["auto", "cpu", "cuda"] = field(default="auto", metadata=NOT_THE_MODEL)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _channels("mean", self.mean))
        std = _channels("std", self.std)
        if std is not None and min(std if isinstance(std, tuple) else (std,)) <= 0:
            raise ValueError(f"std={self.std}: expected positive numbers")
        object.__setattr__(self, "std", std)


def _channels(key: str, value: Channels | str | None) -> Channels | None:
    """One number or three, also from text. Raises ValueError."""
    if value is None:
        return None
    parts = re.split(r"[\s,;/]+", value.strip()) if isinstance(value, str) else value
    try:
        numbers = tuple(float(part) for part in (parts if isinstance(parts, (list, tuple)) else (parts,)))
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 3) or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{key}={value!r}: expected a number, or three as in {key}=0.485/0.456/0.406")
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else numbers[0]
