"""From a picture to a model's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from snellen.engines.onnx.options import Options
from snellen.errors import WrongUse
from snellen.local.encoding import Array
from snellen.local.pixel_table import looked_up

_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_FILTERS = {"bilinear": PIL.Image.Resampling.BILINEAR, "bicubic": PIL.Image.Resampling.BICUBIC}


@dataclass(frozen=True, slots=True)
class Input:
    """What the model takes: `batch` images at once (None: any number), and how each is prepared."""

    name: str
    batch: int | None
    channels: int
    height: int
    width: int
    channels_first: bool
    table: Array  # what each pixel value becomes, [channel, 256]: exact, and the same code for every type
    crop: float
    interpolation: str

    def cells(self, picture: PIL.Image.Image) -> Array:
        """RGB pixels cropped, resized and normalised: [channel, row, column] or [row, column, channel]."""
        picture = picture.crop(self._box(*picture.size)).convert("L" if self.channels == 1 else "RGB")
        picture = picture.resize((self.width, self.height), _FILTERS[self.interpolation])
        cells = looked_up(picture, self.table)
        return cells if self.channels_first else np.ascontiguousarray(cells.transpose(1, 2, 0))

    def _box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The centre crop, in whole pixels rounded down: left, upper, right, lower."""
        if width * self.height <= height * self.width:
            wide, high = float(width), width * self.height / self.width
        else:
            wide, high = height * self.width / self.height, float(height)
        across, down = max(1, int(self.crop * wide)), max(1, int(self.crop * high))
        left, upper = (width - across) // 2, (height - down) // 2
        return left, upper, left + across, upper + down


def input_of(path: Path, tensors: Sequence[Any], options: Options) -> Input:
    """What the model's inputs, as onnxruntime tells them, ask for.

    Raises WrongUse where that is not one tensor of images of a known layout and size.
    """
    if len(tensors) != 1 or len(tensors[0].shape) != 4:
        shapes = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors) or "nothing"
        raise WrongUse(f"onnx: {path} takes {shapes}; expected one input of four dimensions, a batch of images")
    (tensor,) = tensors
    batch, *rest = (length if isinstance(length, int) and length > 0 else None for length in tensor.shape)
    first = _channels_first(path, tensor.shape, options.layout)
    channels, height, width = rest if first else (rest[2], rest[0], rest[1])
    channels = channels or 3
    if channels not in (1, 3):
        raise WrongUse(f"onnx: {path} takes {channels} channels in layout={options.layout}; expected 3 or 1")
    if options.size is not None and {height, width} - {None, options.size}:
        raise WrongUse(f"onnx: size={options.size}, but {path} takes {width}x{height} pixels; leave out size")
    height, width = height or options.size, width or options.size
    if height is None or width is None:
        raise WrongUse(f"onnx: {path} takes images of any size; say which with size=224 or another side")
    table = _table(path, tensor.type, channels, options)
    return Input(tensor.name, batch, channels, height, width, first, table, options.crop, options.interpolation)


def _channels_first(path: Path, shape: Sequence[Any], layout: str) -> bool:
    """Whether the layout is NCHW, by the length or else by the name of the dimensions."""
    if layout != "auto":
        return layout == "nchw"
    named = ["channel" if "chan" in str(length).lower() else length for length in shape]
    for mark in (3, 1, "channel"):
        if mark in (named[1], named[3]):
            return bool(named[1] == mark)
    raise WrongUse(f"onnx: no dimension of {path}'s input {list(shape)} can be colour; say layout=nchw or layout=nhwc")


def _table(path: Path, kind: str, channels: int, options: Options) -> Array:
    """What each pixel value becomes, in the type that the model takes, [channel, 256]."""
    if kind not in _TYPES:
        raise WrongUse(f"onnx: {path} takes {kind}; expected {', '.join(_TYPES)}")
    if kind == "tensor(uint8)":
        if options.mean is not None or options.std is not None:
            raise WrongUse(f"onnx: {path} takes bytes, which cannot be normalised; leave out mean and std")
        return np.tile(np.arange(256, dtype=np.uint8), (channels, 1))
    mean, std = (np.asarray(0.5 if value is None else value).reshape(-1, 1) for value in (options.mean, options.std))
    if max(len(mean), len(std)) > channels:
        raise WrongUse(f"onnx: {path} takes gray images; give one number for mean and std, not three")
    table = (np.arange(256) / options.scale - mean) / std
    return np.broadcast_to(table, (channels, 256)).astype(_TYPES[kind])
