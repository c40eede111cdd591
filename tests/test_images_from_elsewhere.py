"""Odd and broken image files from elsewhere: each is decoded as others decode it, or says why not."""

from __future__ import annotations

import contextlib
import re
import time

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest

from snellen.errors import UnreadableImage
from snellen.images import Image
from test_images import BAD, bad, distance, needs_data, reason


@needs_data
def test_every_file_decodes_or_says_why_soon() -> None:
    files = [path for path in sorted(BAD.rglob("*")) if path.is_file()]
    assert len(files) > 140
    for path in files:
        started = time.perf_counter()
        with contextlib.suppress(UnreadableImage):  # any other exception fails the test
            assert Image(path).pixels().mode == "RGB", path
        assert time.perf_counter() - started < 5, path


@needs_data
def test_what_another_reader_decodes_is_decoded_and_only_that() -> None:
    refused_by_choice = {"hopper.ico", "hopper.psd", "huge_10000x10000.png"}
    refused_by_strictness = {"broken_data_stream.png", "truncated_end_chunk.png"}
    rows = re.findall(r"^\| `([^`]+)` \|.*?\|.*?\| ([^|]*) \|[^|]*\|$", (BAD / "INDEX.md").read_text(), re.MULTILINE)
    assert len(rows) > 140
    for name, measured in rows:
        path = BAD / name
        if "…" in name:
            continue
        expected = "load ok" in measured and path.name not in refused_by_choice | refused_by_strictness
        try:
            Image(path).pixels()
            decoded = True
        except UnreadableImage:
            decoded = False
        assert decoded == expected, (name, measured)


@needs_data
def test_photos_of_all_orientations_are_upright() -> None:
    hopper = bad("odd-valid/hopper.bmp")
    for orientation in range(2, 9):
        assert distance(bad(f"odd-valid/hopper_orientation_{orientation}.jpg"), hopper) < 8, orientation
    assert distance(bad("odd-valid/hopper_orientation_6.webp"), hopper) < 8
    for shape in ("Landscape", "Portrait"):
        upright = bad(f"exif-rotated/{shape}_1.jpg").resize((90, 90))
        for path in BAD.glob(f"exif-rotated/{shape}_*.jpg"):
            assert distance(Image(path).pixels().resize((90, 90)), upright) < 8, path
    assert bad("odd-valid/orientation_rectangle.jpg").size == (1, 2)


@needs_data
@pytest.mark.parametrize(
    ("name", "gray", "limit"),
    [
        ("png_named.jpg", False, 4),
        ("no_extension", False, 0),
        ("UPPER.JPG", False, 0),
        ("rgb16.png", False, 4),
        ("cmyk_photo.jpg", False, 6),
        ("palette_photo.png", False, 15),
        ("animated.gif", False, 15),
        ("cat_exif6.jpg", False, 6),
        ("gray16.png", True, 4),
        ("gray_alpha.png", True, 4),
    ],
)
def test_the_same_photo_looks_the_same_in_every_encoding(name: str, gray: bool, limit: float) -> None:
    cat = bad("derived/jpeg_named.png")
    assert distance(bad(f"derived/{name}"), cat.convert("L").convert("RGB") if gray else cat) <= limit


@needs_data
def test_transparent_pictures_agree_whatever_their_format() -> None:
    png, gif, webp = (bad(f"odd-valid/transparent.{kind}") for kind in ("png", "gif", "webp"))
    assert distance(png, webp) < 3
    assert distance(png, gif) < 3
    assert png.getpixel((0, 0)) == (255, 255, 255)


@needs_data
def test_twelve_bits_are_scaled_by_their_own_depth() -> None:
    raw = np.asarray(PIL.Image.open(BAD / "odd-valid/12bit.cropped.tif"), dtype=float)
    assert np.allclose(np.asarray(bad("odd-valid/12bit.cropped.tif"))[..., 0], raw / 4095 * 255, atol=0.51)


@needs_data
def test_broken_files_say_what_is_wrong() -> None:
    told = {
        "derived/truncated_10pct.jpg": "truncated",
        "derived/truncated_50pct.jpg": "truncated",
        "derived/truncated_99pct.jpg": "truncated",
        "broken/truncated_end_chunk.png": "truncated",
        "derived/zero.jpg": "empty",
        "derived/html.jpg": "HTML",
        "derived/lfs_pointer.jpg": "git lfs pull",
        "derived/text.png": "text file",
        "odd-valid/hopper.heif": "HEIF",
        "odd-valid/hopper.psd": "Photoshop",
        "bombs/decompression_bomb.gif": "too large",
        "derived/huge_10000x10000.png": "more than the accepted",
    }
    for name, part in told.items():
        assert part in reason((BAD / name).read_bytes()), name


@needs_data
def test_bombs_are_refused_at_once() -> None:
    for path in [*BAD.glob("bombs/*"), *BAD.glob("derived/huge_*")]:
        started = time.perf_counter()
        with contextlib.suppress(UnreadableImage):
            assert Image(path).pixels().size == (100, 100)  # a GIF whose later frames are the bomb
        assert time.perf_counter() - started < 1, path
