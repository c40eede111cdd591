"""Images are decoded strictly, upright, as RGB, and what cannot be decoded says why."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest

from snellen.errors import UnreadableImage
from snellen.images import MAX_BYTES, MAX_PIXELS, Image, _to_8_bit, decode, resembles_image

TEST_DATA = os.environ.get("SNELLEN_TEST_DATA")
needs_data = pytest.mark.skipif(not TEST_DATA, reason="SNELLEN_TEST_DATA is not set")
BAD = Path(TEST_DATA or "") / "data/badinput"

ORIENTATION = 0x0112
STORED_AS = {  # how an upright picture is stored under each EXIF orientation
    1: [],
    2: [PIL.Image.Transpose.FLIP_LEFT_RIGHT],
    3: [PIL.Image.Transpose.ROTATE_180],
    4: [PIL.Image.Transpose.FLIP_TOP_BOTTOM],
    5: [PIL.Image.Transpose.TRANSPOSE],
    6: [PIL.Image.Transpose.ROTATE_90],
    7: [PIL.Image.Transpose.TRANSVERSE],
    8: [PIL.Image.Transpose.ROTATE_270],
}


def picture(width: int = 48, height: int = 32) -> PIL.Image.Image:
    """A picture that no turn or flip leaves as it is."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return PIL.Image.fromarray(np.stack([x, y, 255 - (x + y) / 2], axis=-1).astype(np.uint8))


def encoded(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def distance(one: PIL.Image.Image, other: PIL.Image.Image) -> float:
    """The mean absolute difference of two pictures of one size."""
    assert one.size == other.size
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


def reason(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as raised:
        decode(data)
    return str(raised.value)


def bad(path: str) -> PIL.Image.Image:
    return Image(BAD / path).pixels()


# Pictures made here


def test_a_file_of_endless_length_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # takes no space
    with pytest.raises(UnreadableImage, match="larger than 1,024 MiB"):
        Image(tmp_path / "huge.png").pixels()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_keep_their_pixels(kind: str) -> None:
    assert distance(decode(encoded(picture(), kind)), picture()) == 0


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_keep_their_look(kind: str) -> None:
    assert distance(decode(encoded(picture(), kind)), picture()) < 8


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    stored = picture()
    for turn in STORED_AS[orientation]:
        stored = stored.transpose(turn)
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    assert distance(decode(encoded(stored, kind, exif=exif)), picture()) < 8


@pytest.mark.parametrize("value", [0, 9, 77])
def test_an_orientation_that_does_not_exist_is_no_turn(value: int) -> None:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = value
    assert distance(decode(encoded(picture(), "PNG", exif=exif)), picture()) == 0


def test_damaged_exif_leaves_the_picture_as_it_is() -> None:
    data = encoded(picture(), "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert distance(decode(data), picture()) == 0


def test_alpha_is_laid_over_white() -> None:
    rgba = PIL.Image.new("RGBA", (3, 1))
    rgba.putdata([(200, 0, 0, 255), (200, 0, 0, 0), (0, 0, 0, 128)])
    red, clear, half = np.asarray(decode(encoded(rgba, "PNG")))[0].tolist()
    assert (red, clear) == ([200, 0, 0], [255, 255, 255])
    assert half[0] == pytest.approx(127, abs=1)
    gray = np.asarray(decode(encoded(rgba.convert("LA"), "PNG")))[0].tolist()
    assert gray[1] == [255, 255, 255]


def test_a_transparent_colour_becomes_white() -> None:
    palette = PIL.Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 0])
    palette.putpixel((1, 0), 1)
    pixels = np.asarray(decode(encoded(palette, "PNG", transparency=0)))[0].tolist()
    assert pixels == [[255, 255, 255], [200, 100, 0]]
    assert np.asarray(decode(encoded(palette, "PNG")))[0].tolist() == [[10, 20, 30], [200, 100, 0]]
    rgb = PIL.Image.new("RGB", (1, 1), (9, 9, 9))
    assert decode(encoded(rgb, "PNG", transparency=(9, 9, 9))).getpixel((0, 0)) == (255, 255, 255)


def test_one_bit_is_black_and_white() -> None:
    image = PIL.Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert np.asarray(decode(encoded(image, "PNG")))[0].tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_gray_keeps_its_brightness(kind: str) -> None:
    deep = PIL.Image.fromarray(np.array([[0, 128 * 257, 65535]], dtype=np.uint16))
    assert np.asarray(decode(encoded(deep, kind)))[0, :, 0].tolist() == [0, 128, 255]


def test_a_transparent_gray_of_sixteen_bits_becomes_white() -> None:
    deep = PIL.Image.fromarray(np.array([[0, 1000]], dtype=np.uint16))
    data = encoded(deep, "PNG", transparency=0)
    assert np.asarray(decode(data))[0, :, 0].tolist() == [255, 4]


def test_gray_of_floats_and_of_32_bits_is_scaled_by_its_range() -> None:
    floats = PIL.Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    assert np.asarray(decode(encoded(floats, "TIFF")))[0, :, 0].tolist() == [0, 128, 255]
    whole = PIL.Image.fromarray(np.array([[0, 65535]], dtype=np.int32))
    assert np.asarray(decode(encoded(whole, "TIFF")))[0, :, 0].tolist() == [0, 255]


def test_cmyk_looks_like_its_rgb() -> None:
    data = encoded(picture().convert("CMYK"), "JPEG", quality=95)
    assert PIL.Image.open(io.BytesIO(data)).mode == "CMYK"
    assert distance(decode(data), picture()) < 8


def test_the_first_frame_counts() -> None:
    frames = [PIL.Image.new("P", (4, 4), index) for index in range(3)]
    for frame in frames:
        frame.putpalette([250, 0, 0, 0, 250, 0, 0, 0, 250])
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).getpixel((0, 0)) == (250, 0, 0)


# What cannot be decoded


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_part_of_a_file_is_unreadable(kind: str, part: float) -> None:
    data = encoded(picture(160, 120), kind)
    assert reason(data[: int(len(data) * part)])


def test_a_progressive_jpeg_is_unreadable_in_parts() -> None:
    data = encoded(picture(160, 120), "JPEG", progressive=True)
    assert reason(data[: int(len(data) * 0.97)]).startswith("truncated")


def test_the_leave_to_read_truncated_images_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(picture(160, 120), "JPEG")
    assert reason(data[: len(data) // 2]).startswith("truncated")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"/annex/objects/SHA256E-s1--0.jpg\n", "git annex get"),
        (b"\n <!DOCTYPE html><html></html>", "HTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<svg/>", "SVG"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00", "HEIF"),
        (b'{"error": "not found"}', "text file"),
        (b"\x00\x01\x02\x03", "not an image"),
    ],
)
def test_the_reason_names_what_the_file_is(data: bytes, told: str) -> None:
    assert told in reason(data)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    side = int(MAX_PIXELS**0.5) + 1
    data = encoded(PIL.Image.new("1", (side, side)), "PNG")
    started = time.perf_counter()
    assert f"{side}x{side}" in reason(data)
    assert time.perf_counter() - started < 0.5


def test_decoding_warns_of_nothing_in_any_thread() -> None:
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\xff\xff\xff\x7f\x00\x00\x00\x00"
    data = encoded(picture(), "JPEG", exif=exif)
    with warnings.catch_warnings(record=True) as told, ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("always")
        assert all(image.size == (48, 32) for image in pool.map(decode, [data] * 40))
    assert told == []


def test_beginnings_of_images_are_told_from_others() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "TIFF", "PPM"):
        assert resembles_image(encoded(picture(), kind)[:32]), kind
    for head in (b"", b"BMW is a make of cars, not a bitmap", b"P5", b"RIFF1234WAVEfmt ", b"II and III", b"%PDF"):
        assert not resembles_image(head), head


def in_one_piece(image: PIL.Image.Image) -> np.ndarray:
    """The formula for deep gray, over the whole picture in float64."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    white = 65535.0
    if not image.mode.startswith("I;16"):
        white = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit), top)
        white = max(white, 255.0) if image.mode == "I" else white
    gray = np.clip(values * (255.0 / white), 0, 255).round().astype(np.uint8)
    if isinstance(clear := image.info.get("transparency"), int):
        gray[values == clear] = 255
    return gray


@pytest.mark.parametrize("kind", ["I;16", "I;16B", "I", "F", "F of any range"])
def test_deep_gray_is_scaled_strip_by_strip(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snellen.images._STRIP", 100)
    rng = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {
        "I;16": rng.integers(0, 65536, (31, 23), dtype=np.uint16),
        "I;16B": rng.integers(0, 65536, (31, 23)).astype(">u2"),
        "I": rng.integers(-9, 70000, (31, 23), dtype=np.int32),
        "F": rng.random((31, 23), dtype=np.float32),
        "F of any range": rng.normal(size=(31, 23)).astype(np.float32) * 1e6,
    }
    pixels = values[kind]
    if kind[0] == "F":
        pixels[3, 4], pixels[5, 6], pixels[30, 22] = np.nan, np.inf, -np.inf
    image = PIL.Image.fromarray(pixels)
    assert image.mode == kind.partition(" ")[0]
    image.info["transparency"] = int(pixels[0, 0]) if kind[0] == "I" else 0
    assert (np.asarray(_to_8_bit(image)) == in_one_piece(image)).all()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what Linux tells of memory")
def test_the_largest_deep_image_takes_little_memory(tmp_path: Path) -> None:
    program = f"""
import re, sys
from pathlib import Path
import PIL.Image
from snellen.images import decode
file = Path({str(tmp_path / "deep.png")!r})
if sys.argv[1] == "write":
    PIL.Image.new("I;16", (9400, 9400), 1000).save(file, compress_level=1)
else:
    assert decode(file.read_bytes()).getpixel((9399, 9399)) == (4, 4, 4)
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    told = [
        subprocess.run([sys.executable, "-c", program, task], capture_output=True, text=True, check=True).stdout
        for task in ("write", "read")
    ]
    assert int(told[1]) < 600_000  # kB; the picture in colour alone has 350 000


# The image as an object


def test_a_digest_that_differs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), "PNG"))
    image = Image(path)
    known = image.digest
    assert Image(path, digest=known).pixels().size == (48, 32)
    path.write_bytes(encoded(picture(8, 8), "PNG"))
    for stale in (image, Image(path, digest=known)):
        with pytest.raises(UnreadableImage, match="changed"):
            _ = stale.data


def test_files_that_cannot_be_read_are_unreadable_images(tmp_path: Path) -> None:
    for path, told in [(tmp_path / "none.jpg", "No such file"), (tmp_path, "not a regular file")]:
        with pytest.raises(UnreadableImage, match=told):
            _ = Image(path).data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImage, match="not a regular file"):
        Image(tmp_path / "pipe.jpg").pixels()


def test_images_are_equal_by_their_bytes_and_travel(tmp_path: Path) -> None:
    data = encoded(picture(), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    image = Image(tmp_path / "a.png")
    assert image == Image(data=data) != Image(data=encoded(picture(8, 8), "PNG"))
    assert hash(image) == hash(Image(data=data))
    assert pickle.loads(pickle.dumps(image)).digest == image.digest
    with pytest.raises(ValueError, match="path or its data"):
        Image()
