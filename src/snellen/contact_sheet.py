"""A contact sheet: one picture of each class, with its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from snellen.console import one_line
from snellen.errors import UnreadableImage, WrongUse
from snellen.exports import whole_file
from snellen.types import Dataset, Example

COLUMNS = 14
_SIDE, _GAP, _TEXT = 96, 4, 16  # pixels: a picture, the space around it, the line below it
_LONGEST = 100  # characters of a name, of which fewer fit
_MOST = 1960  # classes, so that a sheet is less high than any of the formats allows (WebP: 16,383 pixels)
_UNREADABLE = (200, 60, 60)
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def write_contact_sheet(dataset: Dataset, path: Path) -> None:
    """Writes the sheet as .png, .jpg or .webp; a file that cannot be read is a red square.

    Raises WrongUse for another format or too many classes, Missing where there is no space.
    """
    if path.suffix.lower() not in _FORMATS:
        raise WrongUse(f"-o {path}: expected a file that ends in {', '.join(_FORMATS)}")
    if len(dataset.classes.names) > _MOST:
        raise WrongUse(f"-o {path}: a contact sheet has room for {_MOST} classes, not {len(dataset.classes.names)}")
    sheet = contact_sheet(dataset)
    with whole_file(path, "wb") as file:
        sheet.save(file, _FORMATS[path.suffix.lower()])


def contact_sheet(dataset: Dataset) -> PIL.Image.Image:
    """One picture of each class, in the order of the classes; a class without any has an empty place."""
    places = {name: place for place, name in enumerate(dataset.classes.names)}
    columns = min(COLUMNS, len(places))
    rows = -(-len(places) // columns)
    sheet = PIL.Image.new("RGB", (columns * (_SIDE + _GAP) + _GAP, rows * (_SIDE + _GAP + _TEXT) + _GAP), "white")
    pen = PIL.ImageDraw.Draw(sheet)
    font = PIL.ImageFont.load_default(11)
    for name, place in places.items():
        pen.text(_below(place, columns), _fitting(name, font), fill="black", font=font)
    for example in _one_of_each(dataset):
        x, y = _corner(places[example.label], columns)
        sheet.paste(_small(example), (x, y))
    return sheet


def _corner(place: int, columns: int) -> tuple[int, int]:
    row, column = divmod(place, columns)
    return _GAP + column * (_SIDE + _GAP), _GAP + row * (_SIDE + _GAP + _TEXT)


def _below(place: int, columns: int) -> tuple[int, int]:
    x, y = _corner(place, columns)
    return x, y + _SIDE + 1


def _one_of_each(dataset: Dataset) -> Iterator[Example]:
    """The first example of each class; as a data set may be long, it is read no further than needed."""
    left = set(dataset.classes.names)
    for example in dataset:
        if example.label in left:
            left.remove(example.label)
            yield example
            if not left:
                return


def _small(example: Example) -> PIL.Image.Image:
    try:
        pixels = example.image.pixels()
    except UnreadableImage:
        return PIL.Image.new("RGB", (_SIDE, _SIDE), _UNREADABLE)
    share = _SIDE / max(pixels.size)
    width, height = (max(1, round(length * share)) for length in pixels.size)
    square = PIL.Image.new("RGB", (_SIDE, _SIDE), "white")
    square.paste(
        pixels.resize((width, height), PIL.Image.Resampling.LANCZOS), ((_SIDE - width) // 2, (_SIDE - height) // 2)
    )
    return square


def _fitting(name: str, font: PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont) -> str:
    text = one_line(name[:_LONGEST])
    while text and font.getlength(text) > _SIDE:
        text = text[:-2] + "…" if len(text) > 2 else ""
    return text
