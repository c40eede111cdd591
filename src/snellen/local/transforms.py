"""How a checkpoint of transformers wants its pictures, as its own files say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import PIL.Image
import transformers

from snellen.errors import UnreadableImage, WrongUse
from snellen.images import Image
from snellen.local.explaining import explained
from snellen.local.hub import PROCESSORS
from snellen.local.passes import Prepared
from snellen.local.plain_processor import plain

Transform: TypeAlias = Callable[[PIL.Image.Image], Prepared]

_THINNEST = 1000  # times longer than wide


def pixels_of(image: Image) -> PIL.Image.Image:
    """Upright RGB pixels.

    Raises UnreadableImage, also for a strip: enlarged until its short side is a network's, it would fill the memory.
    """
    picture = image.pixels()
    if max(picture.size) > _THINNEST * min(picture.size):
        raise UnreadableImage(
            f"{picture.width}x{picture.height} pixels are a strip more than {_THINNEST:,} times as long as wide, "
            "which no network is prepared for"
        )
    return picture


def load_transform(folder: Path, owner: str, trust_remote_code: bool = False) -> tuple[Transform, str]:
    """The image processor in its form that works with Pillow, and its name. Raises WrongUse or Missing."""
    if not any((folder / file).is_file() for file in PROCESSORS):
        raise WrongUse(
            f"{owner}: {folder} has no {PROCESSORS[0]}, which says how pictures are prepared; "
            "copy it from the model that this one was trained from"
        )
    with explained(owner, "image processor"):
        processor: Any = transformers.AutoImageProcessor.from_pretrained(
            folder, backend="pil", trust_remote_code=trust_remote_code
        )

    quick = plain(processor)

    def transform(picture: PIL.Image.Image) -> Prepared:
        if quick is not None and (pixels := quick.prepare(picture)) is not None:
            return {"pixel_values": pixels}
        made = processor(images=picture, return_tensors="np")
        return {name: array[0] for name, array in made.items()}

    return transform, type(processor).__name__
