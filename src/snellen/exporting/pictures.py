"""Images that have no file of their own, written as files: they are had from the data set again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import PIL.Image

from snellen.errors import UnreadableImage
from snellen.images import FORMATS
from snellen.naming import slug
from snellen.photographs import Photographs
from snellen.progress import Progress
from snellen.results import Results

_ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "PPM": "ppm"}


def write_pictures(results: Results, wanted: Mapping[str, bytes], folder: Path, progress: Progress) -> dict[str, str]:
    """Writes the images with these ids and digests into a folder, and returns the names of the files by id.

    What is no longer there, or is another image now, is not among them.
    """
    if not wanted:
        return {}
    photographs = Photographs(results)
    folder.mkdir()
    names: dict[str, str] = {}
    progress.begin("writing images", len(wanted))
    for id, digest in wanted.items():
        try:
            data = photographs.image(id, None, digest).data
        except UnreadableImage:
            continue
        name = f"{len(names) + 1:06}-{slug(id)}.{_ending(data)}"
        (folder / name).write_bytes(data)
        names[id] = name
        progress.advance(1)
    progress.end(quietly=True)
    return names


def _ending(data: bytes) -> str:
    """What the file's name ends in, by its content."""
    with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
        kind = image.format or "image"
    return _ENDINGS.get(kind, kind.lower())
