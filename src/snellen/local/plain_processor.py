"""The plain image processor of transformers (resize, crop, rescale, normalise) in little more than half the time.

Most classifiers and CLIP have it. The library converts a picture to arrays and back between its steps and computes
on real numbers for each pixel; the same steps in Pillow, and a table that the library itself fills, give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
from transformers import image_processing_backends
from transformers.image_transforms import get_resize_output_image_size

from snellen.local.encoding import Array
from snellen.local.pixel_table import looked_up

_STEPS = ("_preprocess", "process_image", "resize", "center_crop", "rescale", "normalize", "preprocess", "__call__")
_TRIED = ((97, 61), (40, 230), (640, 480))


class PlainProcessor:
    """Prepares RGB pictures as its image processor would; None from `prepare` where it cannot."""

    def __init__(self, processor: Any) -> None:
        self._size = processor.size if processor.do_resize else None
        self._crop = processor.crop_size if processor.do_center_crop else None
        self._resample = processor.resample
        values = np.broadcast_to(np.arange(256, dtype=np.uint8), (3, 1, 256))
        if processor.do_rescale:
            values = processor.rescale(values, processor.rescale_factor)
        if processor.do_normalize:
            values = processor.normalize(values, processor.image_mean, processor.image_std)
        self._table = np.ascontiguousarray(values[:, 0])

    def prepare(self, picture: PIL.Image.Image) -> Array | None:
        """[channel, row, column]; None for a picture that has to be padded."""
        if self._size is not None:
            height, width = self._resized(picture.height, picture.width)
            picture = picture.resize((width, height), self._resample)
        if self._crop is not None:
            left, top = (picture.width - self._crop.width) // 2, (picture.height - self._crop.height) // 2
            if left < 0 or top < 0:
                return None
            picture = picture.crop((left, top, left + self._crop.width, top + self._crop.height))
        return looked_up(picture, self._table)

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        assert self._size is not None
        if self._size.shortest_edge:
            shape = np.broadcast_to(np.uint8(0), (3, height, width))
            resized: tuple[int, int] = get_resize_output_image_size(
                shape, size=self._size.shortest_edge, default_to_square=False, input_data_format="channels_first"
            )
            return resized
        return self._size.height, self._size.width


def plain(processor: Any) -> PlainProcessor | None:
    """The quicker way to the same bits, where the processor is a plain one and a trial shows the same."""
    backend = getattr(image_processing_backends, "PilBackend", None)
    if backend is None or any(getattr(type(processor), step) is not getattr(backend, step) for step in _STEPS):
        return None
    size, crop = processor.size, processor.crop_size
    edges = size is not None and (size.longest_edge, size.max_height, size.max_width) == (None, None, None)
    whole = size is not None and (size.shortest_edge or (size.height and size.width))
    if processor.do_pad or (processor.do_resize and not (edges and whole)):
        return None
    if processor.do_center_crop and not (crop and crop.height and crop.width):
        return None
    quick = PlainProcessor(processor)
    rng = np.random.default_rng(0)
    pictures = [PIL.Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in _TRIED]
    trials = [(made, picture) for picture in pictures if (made := quick.prepare(picture)) is not None]
    if not trials or not all(_same(made, processor(images=each, return_tensors="np")) for made, each in trials):
        return None
    return quick


def _same(made: Array, expected: Any) -> bool:
    """Whether the library makes the same of one picture, and nothing else."""
    if set(expected) != {"pixel_values"}:
        return False
    (pixels,) = expected["pixel_values"]
    return made.dtype == pixels.dtype and np.array_equal(made, pixels)
