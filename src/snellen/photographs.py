"""The pictures of a run's images, from their files or from the data set that held them."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Lock
from typing import Any

import PIL.Image

from snellen import plugins
from snellen.errors import SnellenError, UnreadableImage
from snellen.images import Image, decode
from snellen.plan import load_dataset
from snellen.readers import find_reader
from snellen.results import Results
from snellen.specs import name_and_options
from snellen.study_file import datasets_of


class Photographs:
    """Finds the image of an example of a run folder; only what the run examined is ever given away.

    A picture is known by the digest of its file: whatever has another one now is not shown. Images without a file of
    their own are looked up in the data set that `study.yaml` names, which is read once, when the first is wanted; one
    that would be fetched from elsewhere is not.
    """

    def __init__(self, results: Results) -> None:
        self._folder = results.path
        self._loaded: dict[str, Image] | None = None
        self._lock = Lock()

    def image(self, example: str, path: str | None, digest: bytes) -> Image:
        """The image of an example by its id, its file's path if it has one, and its digest.

        Raises UnreadableImage where it is not to be found; reading a file that has changed raises it, too.
        """
        if path is not None:
            return Image(Path(path), digest=digest.hex())
        image = self._in_data_set().get(example)
        if image is None:
            raise UnreadableImage("the image has no file of its own, and its data set is not here any more")
        if image.digest != digest.hex():
            raise UnreadableImage("the data set holds another image under this name now")
        return image

    def _in_data_set(self) -> dict[str, Image]:
        with self._lock:
            if self._loaded is None:
                self._loaded = {}
                for spec in datasets_of(self._folder / "study.yaml"):
                    self._loaded = {**_images(spec), **self._loaded}
            return self._loaded


def _images(spec: Any) -> dict[str, Image]:
    """All images of a data set by the ids of their examples; none where it cannot be read here."""
    try:
        path, options = name_and_options(spec, "path")
        reader, name = find_reader(path)
        module = plugins.load("datasets", reader)
        if hasattr(module, "obtain"):  # its images lie in files once it was fetched
            return {}
        if hasattr(module, "at_hand") and not module.at_hand(name):
            return {}
        kept = ("classes", "per_class", "limit", "seed")
        dataset, _ = load_dataset({"path": path, **{key: options[key] for key in options if key not in kept}})
        return {example.id: example.image for example in dataset}
    except SnellenError:
        return {}


def shrunk(image: Image, side: int) -> bytes:
    """The image upright as a JPEG file whose longer side has at most so many pixels. Raises UnreadableImage."""
    pixels = _pixels(image.data, side)
    pixels.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    written = io.BytesIO()
    pixels.save(written, "JPEG", quality=82, optimize=True)
    return written.getvalue()


def _pixels(data: bytes, side: int) -> PIL.Image.Image:
    """Upright RGB; of a large JPEG file no more than needed is decoded (Pillow's `draft`), which is three times faster.

    Only where the file says so little wrong that it can be decoded in this way; `decode` tells what is wrong.
    """
    if data[:2] == b"\xff\xd8":
        try:
            with PIL.Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                if image.width * image.height <= PIL.Image.MAX_IMAGE_PIXELS and image.getexif().get(0x0112, 1) == 1:  # type: ignore[operator]
                    image.draft("RGB", (side * 2, side * 2))
                    return image.convert("RGB")
        except Exception:  # a decoder fed with a hostile file may raise anything; the strict way says what it is
            pass
    return decode(data)
