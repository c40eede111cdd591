"""The PNG files that are written are what others read."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from snellen.images import Image
from snellen.png import png

SIDES = st.integers(1, 200)


def read(data: bytes) -> PIL.Image.Image:
    image = PIL.Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    return image


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 400), st.integers(1, 400)), fill=st.integers(0, 255)))
def test_gray_pictures_are_read_back_equal(gray: Any) -> None:
    image = read(png(gray))
    assert image.mode == "L" and (np.asarray(image) == gray).all()


@settings(deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(3)), fill=st.integers(0, 255)))
def test_pictures_in_colour_are_read_back_equal(pixels: Any) -> None:
    image = read(png(pixels))
    assert image.mode == "RGB" and (np.asarray(image) == pixels).all()


@settings(max_examples=30, deadline=None)
@given(SIDES, SIDES, st.integers(0, 99))
def test_pictures_of_any_size_and_noise_are_read_back_equal(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    image = read(png(pixels))
    assert image.size == (width, height) and (np.asarray(image) == pixels).all()


@pytest.mark.parametrize("side", [147, 148, 512])  # a row begins with a byte: 64,974, 65,860 and 786,944 bytes
def test_more_than_one_block_is_read_back_and_none_is_compressed(side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    data = png(pixels)
    assert (np.asarray(read(data)) == pixels).all()
    raw = side * (3 * side + 1)
    assert len(data) == raw + 5 * -(-raw // 65_535) + 63
    assert zlib.decompress(data[41:-16]) == b"".join(b"\0" + row.tobytes() for row in pixels)


def test_a_picture_that_lies_otherwise_in_memory_is_written_alike() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert png(np.asfortranarray(pixels)) == png(pixels)
    assert png(pixels[::-1, ::2]) == png(pixels[::-1, ::2].copy())


def test_an_image_of_snellen_is_read_from_it() -> None:
    pixels = np.full((4, 6, 3), (200, 10, 90), np.uint8)
    picture = Image(data=png(pixels)).pixels()
    assert (picture.mode, picture.size) == ("RGB", (6, 4)) and picture.getpixel((5, 3)) == (200, 10, 90)
