"""Pictures of simple objects, drawn by a seed: the classes, and one picture of one of them."""

from __future__ import annotations

import PIL.Image

from snellen.demo.pictograms import (
    animals,
    buildings,
    clothing,
    devices,
    food,
    household,
    nature,
    scene,
    shapes,
    sundries,
    tools,
    vehicles,
)

BACKGROUND = "background"
SIZE = 64  # a side in pixels
_FAMILIES = (animals, buildings, clothing, devices, food, household, nature, shapes, sundries, tools, vehicles)
_PICTOGRAMS = {
    pictogram.__name__.replace("_", " "): pictogram for family in _FAMILIES for pictogram in family.PICTOGRAMS
}
OBJECTS = tuple(sorted(_PICTOGRAMS))
CLASSES = (*OBJECTS, BACKGROUND)


def draw(name: str, number: int, size: int = SIZE, difficulty: float | None = None) -> PIL.Image.Image:
    """Picture `number` of a class, of which there is no end; the background shows clutter alone.

    `difficulty` from 0 to 1 sets how much the object is turned, shrunk, covered, blurred and noisy; None draws that by
    chance, too, mostly around the middle.
    """
    pictogram = None if name == BACKGROUND else _PICTOGRAMS[name]
    return scene.draw(name, pictogram, number, size, difficulty)
