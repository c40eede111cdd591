"""Handwritten digits, drawn: 8x8 counts of ink like those of the UCI Optical Recognition of Handwritten Digits.

A digit is drawn as one of several people would write it, from strokes whose points are moved at random. It is then
slanted, stretched and bent, drawn with a pen, and brought to a box of 32x32 dots, of which blocks of 4x4 are counted.

The ways of writing, the widths and the pen were chosen by looking at the real digits, also at those that a network
trained on drawn ones mistook; no real digit is copied or trained on.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

Array = npt.NDArray[np.float64]
Stroke = tuple[Array, npt.NDArray[np.int64]]  # its points, and which of them each knot of the curve is

# How each digit is written, with the weight of each way. A stroke is a smooth curve through points "x,y" in a box of
# 100x100, y downwards; "!" marks a corner, and "/" is where the pen is lifted.
WAYS: dict[int, list[tuple[float, str]]] = {
    0: [
        (5, "50,0 20,20 10,55 25,92 50,100 78,85 88,50 78,15 50,0 35,8"),
        (3, "70,8 35,5 14,35 14,70 40,100 75,85 86,45 70,10 45,0"),
        (1, "60,0 25,18 12,55 22,90 50,100 80,82 88,45 75,12 40,5"),
        (1, "30,5 12,45 22,90 55,100 85,70 85,25 60,2 30,8"),
        (0.3, "50,0 20,20 10,55 25,92 50,100 78,85 88,50 78,15 50,0 35,8/80,5 20,95"),
    ],
    1: [
        (1.5, "44,20 52,0! 50,50 50,100"),
        (1, "60,0 42,35 42,65 56,100"),
        (0.7, "42,0 56,35 56,65 44,100"),
        (1, "38,26 58,0! 46,50 58,100"),
        (1, "46,8 58,0! 50,60 38,96! 60,100"),
        (4, "50,0 50,50 50,100"),
        (3, "25,25 40,14 52,0! 52,50 52,100"),
        (3, "10,40 35,24 55,0! 54,50 52,100"),
        (2, "25,25 50,0! 50,50 50,100/18,100 50,100 82,98"),
        (1.5, "50,0 50,50 50,98! 85,98"),
        (1, "35,12 52,0! 50,50 48,100! 85,97"),
        (1, "50,0 50,100/22,100 80,98"),
        (1, "10,30 30,28 55,0! 55,50 54,100"),
        (1, "60,0 48,45 50,100"),
    ],
    2: [
        (2, "18,18 42,0 64,16 58,55 40,98! 90,98"),
        (1.5, "16,20 40,0 64,14 58,50 38,90 14,96 30,84 90,98"),
        (5, "12,22 30,3 60,2 76,22 66,48 38,75 14,98! 50,95 88,97"),
        (3, "12,22 35,0 66,6 74,28 58,60 25,92 10,90 22,76 50,88 90,95"),
        (2, "20,15 45,0 70,12 68,40 45,70 15,90 25,70 45,80 65,98 88,90"),
        (2, "15,12 40,0 65,10 65,45 55,75 20,98! 88,98"),
        (1.5, "20,30 18,10 45,0 70,15 65,45 35,80 10,98! 50,98 90,88"),
        (1, "10,5 45,2 75,5 72,25 45,60 12,98! 88,96"),
    ],
    3: [
        (1.5, "18,10 48,2 76,4! 60,30 46,46! 30,50 88,46! 70,75 30,100"),
        (5, "15,12 45,0 74,12 70,36 42,47! 76,58 80,82 50,100 14,90"),
        (3, "12,5 45,2 78,4! 60,25 42,42! 75,52 82,78 55,100 12,92"),
        (2, "15,15 45,0 75,15 65,38 45,46 70,55 80,78 50,100 12,88"),
        (2, "15,12 45,0 74,14 68,38 48,52 34,48 45,42 72,58 78,82 48,100 12,90"),
        (1, "18,8 50,0 78,15 62,42 30,50! 65,52 78,74 52,98 20,100"),
        (1, "15,10 45,0 72,10 68,35 30,46! 60,46 74,48 72,80 40,100 12,96"),
    ],
    4: [
        (2, "45,0 28,30 8,60! 50,64 90,60/78,40 64,65 50,100"),
        (1, "40,0 22,35 10,66! 50,64 80,48! 66,75 52,100"),
        (2, "34,0 24,30 10,62! 60,62 92,55/72,28 58,65 46,100"),
        (1, "50,0 30,25 10,55 25,66 60,62 90,55/72,30 60,60 50,100"),
        (4, "35,0 22,30 10,58! 45,60 90,54/66,22 60,60 52,100"),
        (3, "58,0 32,30 8,62! 45,64 92,62/62,15 60,60 58,100"),
        (2, "62,0 35,30 8,62! 50,64 92,62/62,0 60,60 58,100"),
        (2, "30,5 16,30 22,54 50,56 80,42/80,5 70,45 52,100"),
        (2, "20,5 18,30 20,52! 50,54 82,50/78,2 74,50 70,100"),
        (2, "78,8 50,10 18,35 20,60 50,58 78,10! 68,55 50,100"),
        (1, "60,0 10,66! 60,62 60,2! 58,100"),
        (2, "55,0 30,30 10,58! 50,58 85,30! 65,65 50,100"),
    ],
    5: [
        (4, "82,2 50,2 24,4! 20,44! 50,38 80,55 80,80 50,100 14,92"),
        (4, "26,4 20,45! 50,36 80,55 78,82 48,100 12,92/24,5 85,0"),
        (2, "80,4 40,6 24,20 28,42 60,52 76,70 62,95 15,98"),
        (2, "85,2 36,4! 26,40 55,46 68,62 60,88 20,100"),
        (1, "35,8 22,42! 58,36 80,60 66,92 12,98/35,10 90,14"),
        (1.5, "80,0 30,2! 22,46! 62,44 74,55 72,85 50,98 15,98"),
    ],
    6: [
        (1.5, "62,0 28,35 18,80 40,100 78,94 72,74 45,74 20,88"),
        (5, "58,0 30,25 14,62 24,94 55,100 82,82 70,56 40,54 18,74"),
        (3, "40,0 22,35 14,75 35,100 70,95 82,72 62,54 35,60 18,80"),
        (2, "75,4 40,14 16,55 22,92 55,100 80,78 65,54 35,58 18,78"),
        (2, "30,0 20,50 20,90 55,100 80,80 65,58 40,60 22,80"),
        (1, "60,0 30,30 15,70 35,98 68,92 70,65 45,58 25,75 30,95"),
    ],
    7: [
        (1.5, "14,42 12,12 40,2 80,6 72,45 46,100"),
        (2, "34,18 40,3 64,5! 56,50 46,100/12,62 92,56"),
        (3, "12,8 45,4 84,4! 62,45 42,100/25,52 85,48"),
        (3, "12,18 16,5 45,8 82,4! 65,45 45,100/25,55 85,50"),
        (2, "12,6 45,4 82,4! 58,50 38,100"),
        (2, "12,18 35,2 72,4 70,30 52,60 42,100/25,58 85,50"),
        (2, "12,22 14,6! 45,8 84,2! 60,45 44,100"),
        (1.5, "14,25 20,5 45,12 82,4! 60,40 50,100/30,60 90,44"),
        (1, "12,15 40,0 70,8 65,40 45,70 40,100"),
    ],
    8: [
        (1, "78,14 50,2 20,16 30,42 62,54 70,80 50,100 34,84 46,58 84,14"),
        (5, "74,12 48,0 22,18 36,40 70,62 74,88 48,100 22,86 34,58 66,38 76,14"),
        (3, "50,0 24,18 34,42 50,46 74,26 66,5 48,0/50,46 22,68 28,94 50,100 76,86 72,58 50,46"),
        (3, "78,10 45,0 24,20 50,45 74,72 55,100 26,85 42,55 84,8"),
        (2, "30,30 26,8 55,0 74,18 55,44 28,70 36,98 66,95 72,72 50,48 28,28"),
        (1, "50,2 25,22 50,48 78,24 52,2/50,46 36,60 34,90 50,100 66,88 62,60 50,48"),
    ],
    9: [
        (2, "86,2 46,10 14,34 22,50 56,46 84,8! 68,58 46,100"),
        (1.5, "66,12 34,4 18,20 40,38 70,24 68,6! 66,40 80,72 54,98 14,88"),
        (3, "72,4 36,10 12,36 28,54 58,42 80,8! 70,55 45,100"),
        (1, "70,10 40,0 18,20 40,42 66,34 76,14! 68,50 80,75 50,100 18,94"),
        (4, "76,22 48,2 20,22 32,48 62,42 76,18! 74,60 50,100"),
        (4, "76,15 45,0 18,22 35,48 65,40 78,14 80,55 60,95 15,95"),
        (2, "70,20 45,0 18,25 40,50 70,35 78,60 70,90 40,100 15,90"),
        (2, "74,5 30,8 18,35 42,50 74,32 76,5! 70,55 66,100"),
        (1, "60,50 30,45 20,20 45,0 74,12 80,50 64,94 15,96"),
    ],
}


@functools.cache
def _parsed(way: str) -> tuple[Stroke, ...]:
    """The strokes of a way of writing, with three knots at each corner and at each end."""
    strokes = []
    for text in way.split("/"):
        words = text.split()
        points = np.array([[float(number) for number in word.rstrip("!").split(",")] for word in words]) / 100
        times = [3 if word.endswith("!") else 1 for word in words]
        times[0] = times[-1] = 2
        strokes.append((points, np.repeat(np.arange(len(words)), times)))
    return tuple(strokes)


@functools.cache
def _basis(count: int) -> Array:
    """The weights of the four knots around a piece of a Catmull-Rom curve at `count` places along it."""
    along = np.arange(count) / count
    powers = np.stack([np.ones(count), along, along**2, along**3], axis=1)
    matrix = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    product: Array = powers @ matrix
    return product


def _smooth(knots: Array) -> Array:
    """The points of a smooth curve through these knots, the first and last of which only steer it."""
    windows = np.stack([knots[:-3], knots[1:-2], knots[2:-1], knots[3:]], axis=1)
    points: Array = (_basis(6) @ windows).reshape(-1, 2)
    return np.concatenate([points, knots[-1:]])


def _strokes(digit: int, rng: np.random.Generator) -> list[Array]:
    """The strokes of a digit in one of its ways of writing, with its points moved at random."""
    ways = WAYS[digit]
    weights = np.array([weight for weight, _ in ways])
    chosen = _parsed(ways[int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum()))][1])
    shake = rng.uniform(0.02, 0.06)
    moved = []
    for points, knots in chosen:
        noise = rng.normal(0, shake, points.shape) + rng.normal(0, 0.02, 2)
        moved.append(_smooth((points + noise)[knots]))
    return moved


def _bent(points: Array, rng: np.random.Generator) -> Array:
    """The points after a wave of the paper, a stretch of one half against the other, a slant, a turn and a squeeze."""
    wave = rng.normal(0, 0.9, (2, 2))
    points = points + rng.normal(0, 0.03, 2) * np.sin(2 * math.pi * (points @ wave + rng.random(2)))
    points = np.clip(points, 0, None) ** np.exp(rng.normal(0, 0.15, 2))
    slant, angle = rng.normal(0.08, 0.2), rng.normal(0, 0.07)
    width = rng.uniform(0.6, 1.05)
    skew = np.array([[width, 0], [-slant, 1]])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    bent: Array = points @ skew @ turn
    return bent


def _bitmap(strokes: list[Array], pen: float) -> PIL.Image.Image:
    """The strokes, one unit high, drawn with a round pen of this width on a canvas cropped to them."""
    scale, radius = 64, pen * 32
    canvas = PIL.Image.new("L", (256, 192))
    draw = PIL.ImageDraw.Draw(canvas)
    for stroke in strokes:
        pairs = [(x, y) for x, y in (stroke * scale + 48).tolist()]
        draw.line(pairs, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in (pairs[0], pairs[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.crop(canvas.getbbox())


def _boxed(drawn: PIL.Image.Image, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The drawn digit as 32x32 dots: as high as the box, narrow ones widened, about centred."""
    width = round(23.5 * (drawn.width / drawn.height) ** 0.4 * math.exp(rng.normal(0, 0.07)))
    width = min(max(width, 8), 27)
    left = min(max(round((32 - width) / 2 + rng.normal(0, 1)), 0), 32 - width)
    dots = np.zeros((32, 32), np.bool_)
    dots[:, left : left + width] = np.asarray(drawn.resize((width, 32), PIL.Image.Resampling.BOX)) > 127
    return dots


def draw(digit: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A handwritten digit as 8x8 counts of the inked dots in blocks of 4x4, 0 to 16."""
    strokes = _strokes(digit, rng)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    points = _bent(np.concatenate(strokes), rng)
    low, high = points.min(axis=0), points.max(axis=0)
    strokes = np.split((points - low) / (high[1] - low[1]), ends)
    length = sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in strokes)
    # the real digits have about the same ink, a 1 as much as an 8
    pen = min(max(rng.normal(0.46, 0.06) / length, 0.1), 0.36)
    dots = _boxed(_bitmap(strokes, pen), rng)
    counts: npt.NDArray[np.int64] = dots.reshape(8, 4, 8, 4).sum(axis=(1, 3))
    return counts
