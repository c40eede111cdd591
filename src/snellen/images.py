"""Images as they are: identity is the file's bytes, pixels are upright RGB, decoding is strict."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageFile

from snellen.errors import UnreadableImage

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")  # JPEG stands for MPO too
MAX_PIXELS = 89_478_485  # Pillow's own threshold for a suspected decompression bomb
MAX_BYTES = 1 << 30  # of a file; the largest picture that is accepted takes less without any compression
_STRIP = 1 << 20  # pixels
_Values: TypeAlias = npt.NDArray[Any]

_LOOKS_LIKE = (
    (b"version https://git-lfs", "a Git LFS pointer instead of the image; fetch it with 'git lfs pull'"),
    (b"/annex/objects", "a git-annex pointer instead of the image; fetch it with 'git annex get'"),
    (b"<!doctype html", "an HTML page, not an image"),
    (b"<html", "an HTML page, not an image"),
    (b"<svg", "an SVG drawing; export it as PNG"),
    (b"%pdf", "a PDF file; export its pages as PNG or JPEG"),
    (b"8bps", "a Photoshop file; export it as PNG or JPEG"),
    (b"\x00\x00\x01\x00", "an icon file; export it as PNG"),
)
_SIGNATURES = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|BM.{12}[\x0c-\x7c]\x00\x00\x00|II[*+]\x00|MM\x00[*+]"
    rb"|....ftyp(avif|avis)|\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51|P[4-6]\s",
    re.DOTALL,
)
_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


class Image:
    """An image file, or its bytes or what makes them, read or made only when needed.

    With `digest` given, a file that differs from it raises UnreadableImage: it changed since it was examined.
    """

    __slots__ = ("_bytes", "_digest", "path")

    def __init__(
        self, path: Path | None = None, data: bytes | Callable[[], bytes] | None = None, digest: str | None = None
    ) -> None:
        if (path is None) == (data is None):
            raise ValueError("an image is either a path or its data")
        self.path = path
        self._bytes = data
        self._digest = digest

    @property
    def data(self) -> bytes:
        """The file's bytes. Raises UnreadableImage where the file cannot be read."""
        if self._bytes is not None:
            return self._bytes() if callable(self._bytes) else self._bytes
        assert self.path is not None
        data = _read(self.path)
        if self._digest is not None and hashlib.sha256(data).hexdigest() != self._digest:
            raise UnreadableImage("changed since it was examined; run again to ask about the new file")
        return data

    @property
    def digest(self) -> str:
        """The sha-256 of the bytes, in hexadecimal."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.data).hexdigest()
        return self._digest

    def pixels(self) -> PIL.Image.Image:
        """The first frame as upright RGB. Raises UnreadableImage where the file is not a whole, accepted image."""
        return decode(self.data)

    def size(self) -> tuple[int, int]:
        """Width and height as the file's header tells them. Raises UnreadableImage where it does not."""
        data = self.data
        try:
            with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return image.size
        except Exception as error:  # a decoder fed with a hostile file may raise anything
            raise UnreadableImage(f"cannot be decoded: {error or type(error).__name__}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Image({str(self.path) if self.path else self.digest[:12]!r})"


def resembles_image(head: bytes) -> bool:
    """Whether a file with these first bytes (18 are enough) claims to be an image of an accepted format."""
    return _SIGNATURES.match(head) is not None


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device might never end
            raise UnreadableImage("cannot be read: it is not a regular file")
        if path.exists() and path.stat().st_size > MAX_BYTES:
            raise UnreadableImage(f"cannot be read: it is larger than {MAX_BYTES >> 20:,} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror or error}") from error


def decode(data: bytes) -> PIL.Image.Image:
    """Bytes of an image file to upright RGB pixels: EXIF orientation applied, alpha laid over white, first frame.

    Raises UnreadableImage: not an accepted format, too many pixels, truncated or corrupt.
    """
    if not data:
        raise UnreadableImage("the file is empty")
    # Set each time because others change it: a filter, since warnings.catch_warnings() is not safe among threads, and
    # Pillow's leave to fill up truncated images with gray, which some libraries give.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    PIL.ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        return _decode(data)
    except UnreadableImage:
        raise
    except MemoryError:
        raise UnreadableImage("decoding it takes more memory than is allowed") from None
    except Exception as error:  # a decoder fed with a hostile file may raise anything
        if "truncated" in str(error).lower():
            raise UnreadableImage("truncated: the file ends before its image does") from error
        raise UnreadableImage(f"cannot be decoded: {error or type(error).__name__}") from error


def _decode(data: bytes) -> PIL.Image.Image:
    PIL.Image.init()  # registers all formats, once
    try:
        image: PIL.Image.Image = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
    except PIL.UnidentifiedImageError:
        raise UnreadableImage(_unidentified(data)) from None
    except PIL.Image.DecompressionBombError as error:
        raise UnreadableImage(f"too large: {error}") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"{width}x{height} pixels are more than the accepted {MAX_PIXELS:,}")
    if image.format == "PNG":
        # load() forgives a missing or damaged end of the file, verify() does not; it uses the image up
        PIL.Image.open(io.BytesIO(data), formats=("PNG",)).verify()
    image.load()
    image = _upright(image)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _to_8_bit(image)  # the deep one is let go before the picture in colour is made
    return _to_rgb(image)


def _unidentified(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    for start, meaning in _LOOKS_LIKE:
        if head.startswith(start):
            return meaning
    if head.startswith(b"<?xml") and b"<svg" in head:
        return "an SVG drawing; export it as PNG"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1"):
        return "a HEIF file; convert it to JPEG, PNG or AVIF"
    if re.fullmatch(rb"[\t\n\r\x20-\x7e]*", head):
        return "a text file, not an image"
    return f"not an image, or cut in its header, or of a format that is not accepted ({', '.join(FORMATS)})"


def _upright(image: PIL.Image.Image) -> PIL.Image.Image:
    try:
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data says nothing of the pixels: the picture counts as upright
        return image
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return PIL.Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(image: PIL.Image.Image) -> PIL.Image.Image:
    """Gray of more than 8 bits by its declared or, where none is declared, its apparent range; strip by strip."""
    table = None
    if image.mode.startswith("I;16"):
        bits = image.tag_v2.get(258) if hasattr(image, "tag_v2") else None  # BitsPerSample: 12-bit data comes in 16
        table = _scaled(np.arange(65536, dtype=np.float64), 2.0 ** (bits[0] if bits else 16) - 1)
        white = 0.0
    else:
        top = max((float(_finite(strip).max(initial=0.0)) for _, strip in _strips(image)), default=0.0)
        white = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit), top)
        if image.mode == "I":
            white = max(white, 255.0)
    clear = image.info.get("transparency")
    gray = PIL.Image.new("L", image.size)
    for row, strip in _strips(image):
        values = _finite(strip) if table is None else strip
        shades = _scaled(values, white) if table is None else table[values]
        if isinstance(clear, int):  # the one gray value that is transparent, in the file's own depth
            shades[values == clear] = 255
        gray.paste(PIL.Image.fromarray(shades), (0, row))
    return gray


def _strips(image: PIL.Image.Image) -> Iterator[tuple[int, _Values]]:
    """The values of some rows at a time, with the number of the first: the whole would take too much memory."""
    rows = max(1, _STRIP // max(1, image.width))
    for row in range(0, image.height, rows):
        yield row, np.asarray(image.crop((0, row, image.width, min(row + rows, image.height))))


def _finite(values: _Values) -> _Values:
    return np.nan_to_num(values.astype(np.float64), copy=False, posinf=0.0, neginf=0.0)


def _scaled(values: _Values, white: float) -> _Values:
    return np.clip(values * (255.0 / white), 0, 255).round().astype(np.uint8)
