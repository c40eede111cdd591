"""PNG files that are not compressed: answers are kept by bytes, and an encoder's next version might pack otherwise.

Formats: PNG (ISO/IEC 15948), zlib (RFC 1950), stored blocks (RFC 1951).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_STORED = 65_535  # bytes of the largest block that is not compressed
_GRAY, _RGB = 0, 2  # types of colour


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The file of a picture of gray values (height x width) or of red, green and blue (height x width x 3)."""
    height, width = pixels.shape[:2]
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)  # each row begins with its filter, here none
    blocks = [raw[start : start + _STORED] for start in range(0, len(raw), _STORED)]
    stored = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )
    packed = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, _GRAY if pixels.ndim == 2 else _RGB, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
