"""Images that have no file of their own, written as files: they are had from the data set again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import PIL.Image

from snellen.errors import UnreadableImage
from snellen.images import FORMATS
from snellen.naming import slug
from snellen.plan import SUBSET, load_dataset
from snellen.progress import Progress
from snellen.specs import name_and_options
from snellen.study_file import read_study

_ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "PPM": "ppm"}


def write_pictures(run: Path, wanted: Mapping[str, bytes], folder: Path, progress: Progress) -> dict[str, str]:
    """Writes the images with these ids and digests into a folder, and returns the names of the files by id.

    What is no longer there, or is another image now, is not among them. Raises what reading the data set does.
    """
    if not wanted:
        return {}
    path, given = name_and_options(read_study(run / "study.yaml")["dataset"], "path")
    spec = {"path": path, **{key: value for key, value in given.items() if key not in SUBSET}}
    dataset, _ = load_dataset(spec, progress=progress)
    folder.mkdir()
    names: dict[str, str] = {}
    progress.begin("writing images", len(wanted))
    for example in dataset:
        if example.id in wanted and example.id not in names:
            try:
                data = example.image.data
            except UnreadableImage:
                continue
            if bytes.fromhex(example.image.digest) == wanted[example.id]:
                name = f"{len(names) + 1:06}-{slug(example.id)}.{_ending(data)}"
                (folder / name).write_bytes(data)
                names[example.id] = name
                progress.advance(1)
                if len(names) == len(wanted):
                    break
    progress.end(quietly=True)
    return names


def _ending(data: bytes) -> str:
    """What the file's name ends in, by its content."""
    with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
        kind = image.format or "image"
    return _ENDINGS.get(kind, kind.lower())
