"""Plain image processors by a table: the library's own bits, and left to the library where they would not be."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest

transformers: Any = pytest.importorskip("transformers")

from snellen.local.plain_processor import plain  # noqa: E402

SQUARE = {"height": 48, "width": 40}
SHAPES = ((50, 40), (40, 50), (300, 41), (41, 300), (1, 1), (3, 7), (48, 48), (640, 427))


@pytest.mark.parametrize(
    "processor",
    [
        transformers.CLIPImageProcessorPil(size={"shortest_edge": 48}, crop_size=SQUARE),
        transformers.ViTImageProcessorPil(size=SQUARE),
        transformers.ViTImageProcessorPil(size=SQUARE, do_normalize=False, resample=0),
        transformers.ViTImageProcessorPil(size=SQUARE, do_rescale=False),
        transformers.BitImageProcessorPil(size={"shortest_edge": 50}, crop_size={"height": 49, "width": 48}),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_bits_are_the_library_s(processor: Any) -> None:
    quick = plain(processor)
    assert quick is not None
    rng = np.random.default_rng(1)
    made = 0
    for width, height in SHAPES:
        picture = PIL.Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        got = quick.prepare(picture)
        if got is not None:
            expected = processor(images=picture, return_tensors="np")["pixel_values"][0]
            assert got.dtype == expected.dtype and np.array_equal(got, expected)
            made += 1
    assert made >= 3


@pytest.mark.parametrize(
    "processor",
    [
        transformers.ConvNextImageProcessorPil(size={"shortest_edge": 224}),
        transformers.CLIPImageProcessorPil(size={"shortest_edge": 48}, crop_size={"height": 64, "width": 64}),
        transformers.Siglip2ImageProcessorPil(patch_size=8),
        transformers.ViTImageProcessorPil(size={"shortest_edge": 48, "longest_edge": 60}),
        transformers.ViTImageProcessorPil(size=SQUARE, do_pad=True, pad_size={"height": 64, "width": 64}),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_others_are_left_to_the_library(processor: Any) -> None:
    assert plain(processor) is None
