"""Images as they are sent: their own bytes where those are taken, otherwise the same pixels, or fewer."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from remote_models import drawn
from snellen.errors import UnreadableImage
from snellen.images import Image, decode
from snellen.remote.pictures import AS_IT_IS, RE_ENCODED, SHRUNK, fit, prepare
from snellen.remote.wire import Takes

TAKES = Takes(frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}), 100_000, 100, 8000)


def saved(picture: PIL.Image.Image, kind: str, **settings: Any) -> Image:
    stream = io.BytesIO()
    picture.save(stream, kind, **settings)
    return Image(data=stream.getvalue())


def turned(kind: str) -> Image:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    return drawn(0, (8, 4), kind, exif=exif)


RGB = decode(drawn(3, (8, 6)).data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_that_is_taken_is_sent_as_it_is(kind: str) -> None:
    image = drawn(1, (9, 7), kind)
    picture, how = prepare(image, TAKES)
    assert (how, picture.data, picture.media_type) == (AS_IT_IS, image.data, f"image/{kind.lower()}")
    assert (picture.width, picture.height) == (9, 7)


@pytest.mark.parametrize(
    "image",
    [
        drawn(1, (9, 7), "BMP"),
        drawn(1, (9, 7), "TIFF"),
        drawn(1, (9, 7), "PPM"),
        turned("JPEG"),
        turned("PNG"),
        turned("WEBP"),
        saved(RGB.convert("CMYK"), "JPEG"),
        saved(RGB.convert("RGBA"), "PNG"),
        saved(RGB.convert("LA"), "PNG"),
        saved(RGB, "PNG", transparency=(0, 0, 0)),
        saved(PIL.Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000), "PNG"),
        saved(RGB, "GIF", save_all=True, append_images=[RGB.transpose(PIL.Image.Transpose.ROTATE_180)]),
        saved(RGB, "WEBP", save_all=True, append_images=[RGB.transpose(PIL.Image.Transpose.ROTATE_180)]),
    ],
    ids=repr,
)
def test_what_others_may_see_in_other_ways_is_sent_with_the_pixels_that_snellen_sees(image: Image) -> None:
    picture, how = prepare(image, TAKES)
    assert how == RE_ENCODED
    assert picture.media_type == "image/png"
    assert np.array_equal(decode(picture.data), image.pixels())


def test_a_format_that_is_not_taken_is_written_as_one_that_is() -> None:
    image = drawn(1, (9, 7), "WEBP", lossless=True)
    for kind in ("image/png", "image/webp"):
        other = drawn(1, (9, 7), "GIF") if kind == "image/webp" else image
        picture, how = prepare(other, Takes(frozenset({kind}), 100_000))
        assert (how, picture.media_type) == (RE_ENCODED, kind)
        assert np.array_equal(decode(picture.data), other.pixels())


@pytest.mark.parametrize("size", [(300, 40), (40, 300), (100, 100), (3000, 2)])
def test_what_is_too_large_in_pixels_is_shrunk_to_what_is_taken(size: tuple[int, int]) -> None:
    picture, how = prepare(drawn(1, size), TAKES)
    assert how == SHRUNK
    assert decode(picture.data).size == (picture.width, picture.height) == fit(*size, TAKES)
    assert max(picture.width, picture.height) <= 100 and picture.width * picture.height <= 8000
    if min(size) > 10:
        assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.1)


def test_what_is_too_large_in_bytes_is_shrunk_until_it_is_not() -> None:
    picture, how = prepare(drawn(1, (90, 80)), Takes(TAKES.media_types, 5_000))
    assert how == SHRUNK
    assert 2_000 < len(picture.data) <= 5_000


def test_a_large_drawing_is_written_smaller_before_it_is_shrunk() -> None:
    image = saved(PIL.Image.new("RGB", (200, 200), "red"), "BMP")
    picture, how = prepare(image, Takes(TAKES.media_types, 2_000))
    assert (how, picture.width) == (RE_ENCODED, 200)


def test_an_image_that_cannot_be_read_or_sent_is_told() -> None:
    with pytest.raises(UnreadableImage, match="a text file"):
        prepare(Image(data=b"no image"), TAKES)
    with pytest.raises(UnreadableImage, match="takes neither PNG nor WebP"):
        prepare(turned("JPEG"), Takes(frozenset({"image/jpeg"}), 100_000))
    with pytest.raises(UnreadableImage, match="bytes or less"):
        prepare(turned("JPEG"), Takes(TAKES.media_types, 10))


def test_a_picture_is_a_data_uri() -> None:
    picture, _ = prepare(drawn(), TAKES)
    assert picture.uri == "data:image/png;base64," + picture.base64
    assert picture.base64 is picture.base64
