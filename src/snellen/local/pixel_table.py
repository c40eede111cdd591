"""Pixels by a table of what each of their 256 values becomes: exact, whatever was computed to fill it."""

from __future__ import annotations

import numpy as np
import PIL.Image

from snellen.local.encoding import Array


def looked_up(picture: PIL.Image.Image, table: Array) -> Array:
    """The picture as [channel, row, column] in the table's type; `table` is [channel, 256]."""
    pixels = np.asarray(picture).reshape(picture.height, picture.width, len(table))
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    cells = np.empty(planes.shape, table.dtype)
    for plane, values, out in zip(planes, table, cells, strict=True):
        np.take(values, plane, out=out, mode="clip")  # the mode that writes into `out` without a copy
    return cells
