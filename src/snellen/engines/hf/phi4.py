"""Phi-4-multimodal: pictures prepared by Pillow, where transformers has torchvision alone, and an encoder mended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image
import torch
from transformers.image_processing_backends import PilBackend
from transformers.image_processing_utils import BatchFeature
from transformers.processing_utils import ImagesKwargs

_SHORTEST = 10  # pixels: the original refuses pictures that become narrower


class _Settings(ImagesKwargs, total=False):  # type: ignore[misc, call-arg]
    patch_size: int
    dynamic_hd: int


class Phi4MultimodalImageProcessorPil(PilBackend):  # type: ignore[misc]
    """Square crops of a picture, at most `dynamic_hd` of them, behind the whole picture as one crop.

    Follows transformers' Phi4MultimodalImageProcessor, but for what Pillow and torchvision round differently. A
    picture's tokens: one for each 2 x 2 patches that show some of it, one more for each of their lines, and one between
    the crops and the whole.
    """

    model_input_names = ["image_pixel_values", "image_sizes", "image_attention_mask"]  # noqa: RUF012
    valid_kwargs = _Settings
    size = {"height": 448, "width": 448}  # noqa: RUF012
    patch_size = 14
    dynamic_hd = 36
    image_mean = [0.5, 0.5, 0.5]  # noqa: RUF012
    image_std = [0.5, 0.5, 0.5]  # noqa: RUF012
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True

    def _preprocess(self, images: Sequence[np.ndarray], size: Any, **settings: Any) -> BatchFeature:
        made = [self._crops(image, size.height, settings) for image in images]
        most = max(len(crops) for crops, _, _ in made)
        data = {
            "image_pixel_values": torch.stack([_filled(crops, most, 0.0) for crops, _, _ in made]),
            "image_attention_mask": torch.stack([_filled(seen, most, 1.0) for _, seen, _ in made]),
            "image_sizes": torch.tensor([canvas for _, _, canvas in made]),
            "num_img_tokens": [_tokens(seen, canvas, size.height) for _, seen, canvas in made],
        }
        return BatchFeature(data, tensor_type=settings["return_tensors"])

    def _crops(
        self, image: np.ndarray, side: int, settings: dict[str, Any]
    ) -> tuple[torch.Tensor, torch.Tensor, tuple[int, int]]:
        """The crops (1 + number, 3, side, side), what of their patches shows the picture, and their canvas."""
        height, width = image.shape[-2:]
        columns, rows = grid(width, height, side, settings["dynamic_hd"])
        canvas = (rows * side, columns * side)
        across, down = columns * side / width, rows * side / height
        shown = (int(height * across), canvas[1]) if across < down else (canvas[0], int(width * down))
        if min(shown) < _SHORTEST:
            raise ValueError(f"a picture of {width} x {height} pixels is too narrow for this model")
        paper = PIL.Image.new("RGB", canvas[::-1], "white")
        picture = PIL.Image.fromarray(np.moveaxis(image, 0, -1))
        paper.paste(picture.resize(shown[::-1], PIL.Image.Resampling.BILINEAR))
        pixels = np.moveaxis(np.asarray(paper), -1, 0)
        if settings["do_rescale"]:
            pixels = self.rescale(pixels, settings["rescale_factor"])
        if settings["do_normalize"]:
            pixels = self.normalize(pixels, settings["image_mean"], settings["image_std"])
        values = torch.from_numpy(np.ascontiguousarray(pixels)).float()[None]
        # as the original does it: without smoothing, which Pillow has no way for
        whole = torch.nn.functional.interpolate(values, (side, side), mode="bicubic", align_corners=False)
        patch, patches = settings["patch_size"], side // settings["patch_size"]
        seen = torch.ones(1, 1, rows * patches, columns * patches)
        seen[:, :, rows * patches - (canvas[0] - shown[0]) // patch :] = 0
        seen[:, :, :, columns * patches - (canvas[1] - shown[1]) // patch :] = 0
        all_seen = torch.cat([torch.ones(1, 1, patches, patches), _cut(seen, patches)])
        return torch.cat([whole, _cut(values, side)]), all_seen[:, 0], canvas


def see_all_ways(model: Any) -> None:
    """Lets all patches of a crop see each other, as the model was trained.

    transformers 5.23 marks its picture encoder as causal, which counts where no patch is masked: a picture that fills
    its crops would be read otherwise alone than beside one that does not.
    """
    for layer in model.model.embed_tokens_extend.image_embed.img_processor.encoder.layers:
        layer.self_attn.is_causal = False


def grid(width: int, height: int, side: int, most: int) -> tuple[int, int]:
    """Columns and rows of crops: as many as cover the picture, or the shape nearest to its own with at most `most`."""
    columns, rows = math.ceil(width / side), math.ceil(height / side)
    if columns * rows <= most:
        return columns, rows
    shapes = ((i, j) for i in range(1, most + 1) for j in range(1, most + 1) if i * j <= most)
    nearest, distance = (1, 1), math.inf
    for shape in sorted(shapes, key=lambda shape: shape[0] * shape[1]):
        off = abs(width / height - shape[0] / shape[1])
        if off < distance or (off == distance and width * height > 0.5 * side * side * shape[0] * shape[1]):
            nearest, distance = shape, off
    return nearest


def _cut(values: torch.Tensor, side: int) -> torch.Tensor:
    """(1, channels, height, width) to squares (number, channels, side, side), line by line."""
    channels, height, width = values.shape[1:]
    squares = values.reshape(channels, height // side, side, width // side, side).permute(1, 3, 0, 2, 4)
    return squares.reshape(-1, channels, side, side)


def _filled(crops: torch.Tensor, count: int, value: float) -> torch.Tensor:
    """The crops of one picture, with further ones up to `count`."""
    return torch.cat([crops, crops.new_full((count - len(crops), *crops.shape[1:]), value)])


def _tokens(seen: torch.Tensor, canvas: tuple[int, int], side: int) -> int:
    """The tokens of a picture, counted as the model counts them; the whole of it comes first in `seen`."""
    rows, columns = canvas[0] // side, canvas[1] // side
    half = seen[:, ::2, ::2]
    lines = half[1:].reshape(rows, columns, *half.shape[1:])
    down, across = int(lines[:, 0, :, 0].sum()), int(lines[0, :, 0].sum())
    return int(half.shape[1] * (half.shape[2] + 1) + 1 + down * (across + 1))
