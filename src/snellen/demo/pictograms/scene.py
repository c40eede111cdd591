"""A whole picture: ground, clutter, one object in some pose, and what a camera adds."""

from __future__ import annotations

import colorsys
import math
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageChops
import PIL.ImageDraw
import PIL.ImageFilter

from snellen.demo.pictograms.canvas import Canvas, Style

Floats = npt.NDArray[np.float64]
_FINE = 2  # drawn this much larger and then reduced, for smooth edges
_GROUND = 64  # a side of the ground in pixels before it is enlarged
_TURN = 6.28  # of all angles, in radians
_STYLES: tuple[Style, ...] = ("ink", "flat", "line", "chalk")
_SHARES = (0.42, 0.36, 0.13, 0.09)  # of the styles


def draw(
    name: str, pictogram: Callable[[Canvas], None] | None, number: int, size: int, difficulty: float | None = None
) -> PIL.Image.Image:
    """Picture `number` of a class, `size` pixels wide and high; without a pictogram it shows clutter alone.

    `difficulty` from 0 to 1 sets how much it is turned, shrunk, covered, blurred and noisy; None draws it by chance.
    """
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    side = size * _FINE
    level = float(rng.beta(1.6, 1.6)) if difficulty is None else difficulty
    style = _STYLES[rng.choice(4, p=_SHARES)]
    picture = _ground(rng, side, style == "chalk")
    _clutter(picture, rng, int(rng.integers(0, 2 + int(6 * level))))
    if pictogram is None:
        _clutter(picture, rng, int(rng.integers(2, 9)))
    else:
        _object(picture, pictogram, rng, style, level)
    _cover(picture, rng, level)
    return _photographed(picture, rng, size, level)


def _ground(rng: np.random.Generator, side: int, board: bool) -> PIL.Image.Image:
    """A gradient of two pale colours, or of a dark board, with stripes, checks, stains or nothing on it."""
    hue = rng.random()

    def pale(darkest: float) -> Floats:
        # in this order: another would draw other pictures
        turned, lightness, saturation = hue + rng.normal(0, 0.08), rng.uniform(darkest, 0.95), rng.uniform(0, 0.5)
        return np.array(colorsys.hls_to_rgb(turned % 1, lightness, saturation)) * 255

    if board:
        first = last = np.array([40.0, 60, 50]) * rng.uniform(0.8, 1.2)
    else:
        first, last = pale(0.62), pale(0.55)
    angle = rng.uniform(0, _TURN)
    y, x = np.mgrid[0:_GROUND, 0:_GROUND] / _GROUND - 0.5
    share = np.clip(0.5 + (x * math.cos(angle) + y * math.sin(angle)), 0, 1)[..., None]
    pixels = first * (1 - share) + last * share + _pattern(rng, x, y, angle)[..., None]
    return PIL.Image.fromarray(_bytes(pixels)).resize((side, side), PIL.Image.Resampling.BILINEAR)


def _pattern(rng: np.random.Generator, x: Floats, y: Floats, angle: float) -> Floats:
    kind = rng.integers(6)
    if kind == 0:
        return np.zeros_like(x)
    if kind == 1:
        frequency = rng.uniform(3, 9)
        stripes = np.sin((x * math.cos(angle) - y * math.sin(angle)) * frequency * _TURN) > 0
        return np.asarray(stripes * rng.uniform(-30, 30), np.float64)
    if kind == 2:
        cells = rng.integers(3, 8)
        checks = ((x * cells).astype(int) + (y * cells).astype(int)) % 2
        return np.asarray(checks * rng.uniform(-30, 30), np.float64)
    points = rng.integers(3, 7)  # half of all grounds are stained
    coarse = rng.normal(0, 1, (points, points)).astype(np.float32)
    stains = PIL.Image.fromarray(coarse).resize((_GROUND, _GROUND), PIL.Image.Resampling.BICUBIC)
    return np.asarray(np.asarray(stains, np.float64) * rng.uniform(5, 22), np.float64)


def _clutter(picture: PIL.Image.Image, rng: np.random.Generator, count: int) -> None:
    """Lines, ovals and triangles that are none of the objects."""
    side = picture.size[0]
    pen = PIL.ImageDraw.Draw(picture, "RGBA")
    for _ in range(count):
        colour = (*(int(channel) for channel in rng.integers(30, 230, 3)), int(rng.integers(70, 200)))
        x, y = rng.random(2) * side
        radius = rng.uniform(0.03, 0.16) * side
        kind = rng.integers(3)
        if kind == 0:
            angle, length = rng.random() * _TURN, rng.uniform(0.25, 0.8) * side
            end = (x + length * math.cos(angle), y + length * math.sin(angle))
            pen.line((x, y, *end), fill=colour, width=max(1, int(rng.uniform(0.01, 0.03) * side)))
        elif kind == 1:
            height = radius * rng.uniform(0.5, 1)
            pen.ellipse((x - radius, y - radius, x + radius, y + height), fill=colour)
        else:
            corners = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in rng.random(3) * _TURN]
            pen.polygon(corners, fill=colour)


def _object(
    picture: PIL.Image.Image, pictogram: Callable[[Canvas], None], rng: np.random.Generator, style: Style, level: float
) -> None:
    """The object in some pose, one time in two with a shadow."""
    side = picture.size[0]
    frame = _frame(rng, side, level)
    hue = 0 if rng.random() < 0.6 else rng.random()
    canvas = Canvas(side, frame, rng, style, hue, side * rng.uniform(0.010, 0.020))
    pictogram(canvas)
    if rng.random() < 0.5:
        outline = canvas.picture.split()[3].point(lambda alpha: int(alpha * 0.3))
        shadow = PIL.Image.new("RGBA", picture.size, (0, 0, 0, 0))
        shadow.putalpha(outline.filter(PIL.ImageFilter.GaussianBlur(side * 0.015)))
        away = int(side * rng.uniform(0.01, 0.04))
        shadow = PIL.ImageChops.offset(shadow, away, away)
        picture.paste(shadow, (0, 0), shadow)
    picture.paste(canvas.picture, (0, 0), canvas.picture)


def _frame(rng: np.random.Generator, side: int, level: float) -> Floats:
    """A pose: turned, scaled, stretched, sheared, one time in two mirrored, and moved; 2 x 3, to pixels."""
    angle = math.radians(rng.normal(0, 5 + 14 * level))
    scale = rng.uniform(0.88 - 0.42 * level, 0.95) * side / 2 * 0.95
    stretch = math.exp(rng.normal(0, 0.04 + 0.12 * level))
    shear = rng.normal(0, 0.03 + 0.13 * level)
    turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    pose = turned @ np.array([[1, shear], [0, 1]]) @ np.diag([stretch, 1 / stretch]) * scale
    if rng.random() < 0.5:
        pose = pose @ np.diag([-1, 1])
    room = max(0, side / 2 - scale) + 0.05 * side * level
    middle = side / 2 + rng.uniform(-room, room, 2)
    return np.concatenate([pose, middle[:, None]], 1)


def _cover(picture: PIL.Image.Image, rng: np.random.Generator, level: float) -> None:
    """Sometimes more clutter, and a bar or a patch, in front of the object."""
    side = picture.size[0]
    if rng.random() < 0.55 * level:
        _clutter(picture, rng, int(rng.integers(1, 4)))
    if rng.random() < 0.4 * level:
        width = rng.uniform(0.12, 0.3) * side
        x, y = rng.uniform(0, side - width, 2)
        patch = (x, y, x + width, y + width)
        upright = (x, 0, x + width * 0.6, side)
        across = (0, y, side, y + width * 0.6)
        shape = (patch, upright, across)[rng.integers(3)]
        red, green, blue = (int(channel) for channel in rng.integers(40, 220, 3))
        PIL.ImageDraw.Draw(picture).rectangle(shape, fill=(red, green, blue))


def _photographed(picture: PIL.Image.Image, rng: np.random.Generator, size: int, level: float) -> PIL.Image.Image:
    """Reduced to its size, with blur, another contrast and brightness, and noise."""
    small = picture.resize((size, size), PIL.Image.Resampling.BOX)
    if rng.random() < 0.35 * level + 0.05:
        small = small.filter(PIL.ImageFilter.GaussianBlur(rng.uniform(0.3, 0.5 + 1.1 * level) * size / 64))
    clear = np.asarray(small, np.float32)
    light = (clear - 128) * rng.uniform(1 - 0.5 * level, 1.05) + 128 + rng.normal(0, 5 + 12 * level)
    noisy = light + rng.normal(0, rng.uniform(1, 3 + 22 * level), light.shape)
    return PIL.Image.fromarray(_bytes(noisy))


def _bytes(pixels: Floats) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip(pixels, 0, 255).astype(np.uint8))
