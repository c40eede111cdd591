"""`shapes`: small pictures of simple objects, drawn on the spot, for demonstrations and tests.

Place, size, turn, colours and noise vary; the pixels depend on the seed, the class and the number of the picture alone.
The background class shows strokes that are none of the objects.
"""

from __future__ import annotations

import colorsys
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Annotated

import numpy as np
import PIL.Image
import PIL.ImageDraw
from annotated_types import Ge, Le

from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Classes, Example

Colour = tuple[int, int, int]
Outline = list[tuple[float, float]]  # the corners of one closed line, within the unit circle, y downwards
BACKGROUND = "background"
_FINE = 4  # pictures are drawn this much larger and then reduced, for smooth edges
_NOISE = 24  # the largest change of a channel


@dataclass(frozen=True, slots=True)
class Options:
    """`pictures`: how many of each class. `drawing_seed`: another gives other pictures. `size`: a side in pixels."""

    pictures: Annotated[int, Ge(1)] = 20
    drawing_seed: int = 0
    size: Annotated[int, Ge(32), Le(512)] = 80


# The objects: each function returns one outline


def _arc(radius: float, start: float, end: float, x: float = 0.0) -> Outline:
    """Points on a circle around (x, 0), angles in whole turns."""
    angles = [math.tau * (start + (end - start) * step / 48) for step in range(49)]
    return [(x + radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _polygon(corners: int) -> Outline:
    return [(math.sin(math.tau * i / corners), -math.cos(math.tau * i / corners)) for i in range(corners)]


def _mirrored(half: Outline) -> Outline:
    """The right half of a figure, from top to bottom, and its mirror image."""
    return half + [(-x, y) for x, y in reversed(half)]


def arrow() -> Outline:
    return _mirrored([(0, -1), (0.6, -0.3), (0.22, -0.3), (0.22, 1)])


def circle() -> Outline:
    return _arc(0.85, 0, 1)


def crescent() -> Outline:
    return _arc(0.95, 0.15, 0.85) + _arc(0.77, 0.79, 0.21, x=0.36)


def cross() -> Outline:
    arm = 0.28
    return _mirrored([(arm, -0.9), (arm, -arm), (0.9, -arm), (0.9, arm), (arm, arm), (arm, 0.9)])


def heart() -> Outline:
    angles = [math.tau * step / 48 for step in range(48)]
    fall = [13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a) for a in angles]
    return [(math.sin(a) ** 3 * 0.85, -(y + 2.5) / 17.5) for a, y in zip(angles, fall, strict=True)]


def hexagon() -> Outline:
    return _polygon(6)


def lightning() -> Outline:
    return [(0.1, -0.95), (-0.5, 0.15), (-0.08, 0.15), (-0.25, 0.95), (0.5, -0.25), (0.05, -0.25), (0.35, -0.95)]


def ring() -> Outline:
    return _arc(0.95, 0, 1) + _arc(0.55, 1, 0)


def square() -> Outline:
    return [(-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)]


def star() -> Outline:
    return [(x * (0.42 if i % 2 else 1), y * (0.42 if i % 2 else 1)) for i, (x, y) in enumerate(_polygon(10))]


def triangle() -> Outline:
    return _polygon(3)


OBJECTS = (arrow, circle, crescent, cross, heart, hexagon, lightning, ring, square, star, triangle)
_OUTLINES = {outline.__name__: outline for outline in OBJECTS}


# The pictures


def draw(name: str, rng: Random, size: int) -> PIL.Image.Image:
    """A picture of the named class, `size` pixels wide and high."""
    ground, colour = _colours(rng)
    side = size * _FINE
    picture = PIL.Image.new("RGB", (side, side), ground)
    pen = PIL.ImageDraw.Draw(picture)
    if name == BACKGROUND:
        _strokes(pen, rng, side, colour)
    else:
        pen.polygon(_placed(_OUTLINES[name](), rng, side), fill=colour)
    small = np.asarray(picture.resize((size, size), PIL.Image.Resampling.BOX), dtype=np.int16)
    # the generator's own bytes, which are the same with every version of every library
    noise = np.frombuffer(rng.randbytes(small.size), dtype=np.uint8).reshape(small.shape)
    noisy = small + noise.astype(np.int16) * (2 * _NOISE + 1) // 256 - _NOISE
    return PIL.Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _colours(rng: Random) -> tuple[Colour, Colour]:
    """A ground and an object's colour, one pale or dark and the other not, of different hues."""
    hue = rng.random()
    pale = _rgb(hue, rng.uniform(0.1, 0.35), rng.uniform(0.85, 1.0))
    deep = _rgb(hue + rng.uniform(0.25, 0.75), rng.uniform(0.6, 1.0), rng.uniform(0.3, 0.65))
    return (pale, deep) if rng.random() < 0.5 else (deep, pale)


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _placed(outline: Outline, rng: Random, side: int) -> Outline:
    radius = side * rng.uniform(0.22, 0.42)
    x, y = (rng.uniform(radius, side - radius) for _ in range(2))
    angle = rng.uniform(0, math.tau)
    cos, sin = radius * math.cos(angle), radius * math.sin(angle)
    return [(x + cos * px - sin * py, y + sin * px + cos * py) for px, py in outline]


def _strokes(pen: PIL.ImageDraw.ImageDraw, rng: Random, side: int, colour: Colour) -> None:
    for _ in range(rng.randint(5, 9)):
        points = [(rng.uniform(0, side), rng.uniform(0, side)) for _ in range(rng.randint(2, 4))]
        pen.line(points, fill=colour, width=rng.randint(side // 50, side // 16))


@dataclass(frozen=True, slots=True)
class Shapes:
    """The pictures of all classes, each drawn when its turn comes."""

    options: Options
    name: str = "shapes"

    @property
    def classes(self) -> Classes:
        return Classes((*_OUTLINES, BACKGROUND), BACKGROUND)

    @property
    def source(self) -> str:
        """Without the number a class: a larger data set goes on where a smaller one ended."""
        return f"shapes:seed={self.options.drawing_seed},size={self.options.size}"

    def __len__(self) -> int:
        return len(self.classes.names) * self.options.pictures

    def __iter__(self) -> Iterator[Example]:
        for name in self.classes.names:
            for number in range(1, self.options.pictures + 1):
                rng = Random(f"{self.options.drawing_seed}/{name}/{number}")
                file = io.BytesIO()
                draw(name, rng, self.options.size).save(file, "PNG")
                yield Example(f"{name}/{number:04}", Image(data=file.getvalue()), name)


def load(name: str, options: Options) -> Shapes:
    """The drawn data set; it goes by no further name, so any is WrongUse."""
    if name:
        raise WrongUse(f"the data set 'shapes' is drawn, not read: expected no path, got {name!r}")
    return Shapes(options)
