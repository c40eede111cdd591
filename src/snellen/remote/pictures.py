"""Images as they are sent: a file's own bytes where the provider takes them, otherwise the same pixels, or fewer."""

from __future__ import annotations

import io
import math

import PIL.Image

from snellen.errors import UnreadableImage
from snellen.images import FORMATS, Image, decode
from snellen.remote.wire import Picture, Takes

AS_IT_IS, RE_ENCODED, SHRUNK = "as_they_are", "re_encoded", "shrunk"
_MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_PLAIN_MODES = {"RGB", "L", "P", "1"}
_ORIENTATION = 0x0112
_LOSSLESS = {"image/png": ("PNG", {}), "image/webp": ("WEBP", {"lossless": True, "exact": True})}


def prepare(image: Image, takes: Takes) -> tuple[Picture, str]:
    """The picture of an image for a provider, and which of the three it is.

    A file is sent as it is only where all who read it see the same: upright, one frame, without transparency, 8 bits of
    gray or RGB. Raises UnreadableImage.
    """
    data = image.data
    try:
        opened = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception:  # whatever it is, decoding tells it better
        opened = None
    if opened is not None and _is_plain(opened, data):
        kind, (width, height) = _MEDIA_TYPES[opened.format or ""], opened.size
        if kind in takes.media_types and len(data) <= takes.most_bytes and fit(width, height, takes) == (width, height):
            return Picture(data, kind, width, height), AS_IT_IS
    pixels = decode(data)
    size = fit(*pixels.size, takes)
    how = RE_ENCODED if size == pixels.size else SHRUNK
    while True:
        shown = pixels if size == pixels.size else pixels.resize(size, PIL.Image.Resampling.LANCZOS)
        kind, written = _lossless(shown, takes)
        if len(written) <= takes.most_bytes:
            return Picture(written, kind, *size), how
        if size == (1, 1):
            raise UnreadableImage(f"no picture has {takes.most_bytes} bytes or less, which is the most that is taken")
        factor = min(0.9, 0.95 * math.sqrt(takes.most_bytes / len(written)))
        size, how = (max(1, int(size[0] * factor)), max(1, int(size[1] * factor))), SHRUNK


def fit(width: int, height: int, takes: Takes) -> tuple[int, int]:
    """The largest size of the same shape that a provider takes."""
    factor = 1.0
    if takes.longest_side:
        factor = min(factor, takes.longest_side / max(width, height))
    if takes.most_pixels:
        factor = min(factor, math.sqrt(takes.most_pixels / (width * height)))
    if factor >= 1:
        return width, height
    return max(1, int(width * factor)), max(1, int(height * factor))


def _is_plain(opened: PIL.Image.Image, data: bytes) -> bool:
    if opened.format not in _MEDIA_TYPES or opened.mode not in _PLAIN_MODES or "transparency" in opened.info:
        return False
    if opened.format != "MPO" and getattr(opened, "is_animated", False):
        return False
    # a PNG would be decoded to look for EXIF data behind its pixels
    if opened.format == "PNG" and b"eXIf" not in data and b"Raw profile type" not in data:
        return True
    try:
        return bool(opened.getexif().get(_ORIENTATION, 1) == 1)
    except Exception:  # damaged EXIF data says nothing of the pixels, yet others may read it in other ways
        return False


def _lossless(pixels: PIL.Image.Image, takes: Takes) -> tuple[str, bytes]:
    """The pixels as a file of a format that is taken; the smaller one where PNG alone is too large."""
    best: tuple[str, bytes] | None = None
    for kind, (name, settings) in _LOSSLESS.items():
        if kind not in takes.media_types:
            continue
        stream = io.BytesIO()
        pixels.save(stream, name, **settings)
        if best is None or stream.tell() < len(best[1]):
            best = kind, stream.getvalue()
        if len(best[1]) <= takes.most_bytes:
            return best
    if best is None:
        raise UnreadableImage(f"the provider takes neither PNG nor WebP, only {', '.join(sorted(takes.media_types))}")
    return best
