"""A canvas on which pictograms are drawn, in one of four styles, turned and scaled as its frame says."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]
Style = Literal["ink", "flat", "line", "chalk"]

COLOURS: dict[str, Colour] = {
    "red": (214, 48, 49),
    "green": (60, 160, 75),
    "dark green": (30, 105, 55),
    "blue": (45, 110, 210),
    "light blue": (130, 190, 235),
    "yellow": (247, 202, 50),
    "orange": (240, 135, 40),
    "brown": (130, 82, 45),
    "dark brown": (88, 55, 32),
    "pink": (240, 150, 175),
    "purple": (135, 80, 180),
    "grey": (140, 145, 150),
    "light grey": (200, 204, 208),
    "dark grey": (80, 85, 92),
    "black": (35, 35, 40),
    "white": (245, 245, 242),
    "skin": (240, 200, 165),
    "tan": (215, 180, 130),
    "cream": (250, 235, 200),
    "teal": (40, 150, 150),
    "gold": (225, 170, 40),
    "navy": (35, 50, 105),
}
_USUAL = (  # for what may have any colour
    *("red", "green", "dark green", "blue", "light blue", "yellow", "orange", "brown", "dark brown", "pink", "purple"),
    *("grey", "light grey", "dark grey"),
)
_DARK = ("black", "dark grey", "dark brown", "navy")  # filled with ink where only lines are drawn
_INK: Colour = (30, 30, 35)
_PUPIL: Colour = (20, 20, 25)
_CHALK: Colour = (245, 245, 240)
_PAPER: Colour = (250, 249, 244)
_BOARD: Colour = (40, 60, 50)


def curve(*controls: Point, count: int = 16) -> list[Point]:
    """`count` points of the Bézier curve with these control points, by de Casteljau's construction."""
    along = np.linspace(0, 1, count)[:, None]
    points = [np.array(control, float) for control in controls]
    while len(points) > 1:
        points = [a * (1 - along) + b * along for a, b in pairwise(points)]
    return _pairs(points[0])


def oval(
    x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360, turn: float = 0, count: int = 36
) -> list[Point]:
    """Points on an ellipse around (x, y) from one angle to another, in degrees clockwise from the right."""
    angles = np.radians(np.linspace(start, end, count))
    across, along = rx * np.cos(angles), ry * np.sin(angles)
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return _pairs(np.stack([x + across * cos - along * sin, y + across * sin + along * cos], 1))


def regular(corners: int, radius: float = 0.95, start: float = -90) -> list[Point]:
    """The corners of a regular polygon around the middle."""
    angles = [math.radians(start + 360 * corner / corners) for corner in range(corners)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _pairs(points: npt.NDArray[np.float64]) -> list[Point]:
    return [(float(x), float(y)) for x, y in points]


class Canvas:
    """Draws in coordinates from -1 to 1, y downwards; `frame` (2 x 3) takes these to pixels.

    `hue` turns all colours, `weight` is the width of an outline in pixels.
    """

    def __init__(
        self,
        side: int,
        frame: npt.NDArray[np.float64],
        rng: np.random.Generator,
        style: Style = "ink",
        hue: float = 0,
        weight: float = 1,
    ) -> None:
        self.picture = PIL.Image.new("RGBA", (side, side), (0, 0, 0, 0))
        self.rng = rng
        self.shaded = style in ("ink", "flat")  # colours tell parts apart; elsewhere lines alone do
        self._style = style
        self._pen = PIL.ImageDraw.Draw(self.picture)
        self._frame = frame
        self._scale = math.sqrt(abs(frame[0, 0] * frame[1, 1] - frame[0, 1] * frame[1, 0]))
        self._hue = hue
        self._weight = weight
        self._ink = _CHALK if style == "chalk" else _INK

    # Colours

    def choose(self, *colours: str) -> str:
        """One of the colours by chance."""
        return colours[self.rng.integers(len(colours))]

    def any_colour(self) -> str:
        """Nearly any colour by chance."""
        return self.choose(*_USUAL) if self.rng.random() < 0.9 else "teal"

    def _colour(self, name: str) -> Colour:
        hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in COLOURS[name]))
        red, green, blue = colorsys.hls_to_rgb((hue + self._hue) % 1, lightness, saturation)
        return int(red * 255), int(green * 255), int(blue * 255)

    # Areas

    def fill(self, points: Sequence[Point], colour: str) -> None:
        """The area within a closed line, with an outline in most styles."""
        corners = self._placed(points)
        if self.shaded:
            self._pen.polygon(corners, fill=self._colour(colour))
        else:
            ground = _PAPER if self._style == "line" else _BOARD
            self._pen.polygon(corners, fill=self._ink if colour in _DARK else ground)
        if self._style != "flat":
            self._stroke(corners + corners[:1], self._weight, self._ink)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: str, turn: float = 0) -> None:
        """An ellipse around (x, y), turned clockwise by so many degrees."""
        self.fill(oval(x, y, rx, ry, 0, 350, turn), colour)

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        """A disc around (x, y)."""
        self.ellipse(x, y, radius, radius, colour)

    def segment(self, x: float, y: float, rx: float, ry: float, start: float, end: float, colour: str) -> None:
        """The part of an ellipse that a chord cuts off, between two angles in degrees."""
        self.fill(oval(x, y, rx, ry, start, end), colour)

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """An upright rectangle."""
        self.fill([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def rounded(self, left: float, top: float, right: float, bottom: float, corner: float, colour: str) -> None:
        """An upright rectangle whose corners are rounded with the radius `corner`."""
        x0, x1, y0, y1 = left + corner, right - corner, top + corner, bottom - corner
        quarters = ((x1, y1, 0), (x0, y1, 90), (x0, y0, 180), (x1, y0, 270))
        outline = [
            point for x, y, start in quarters for point in oval(x, y, corner, corner, start, start + 90, count=6)
        ]
        self.fill(outline, colour)

    def dot(self, x: float, y: float, radius: float = 0.08) -> None:
        """A small disc of ink, such as an eye."""
        self._pen.polygon(self._placed(oval(x, y, radius, radius)), fill=_CHALK if self._style == "chalk" else _PUPIL)

    # Lines

    def line(self, points: Sequence[Point], width: float = 0.1, colour: str = "black") -> None:
        """A line of some width, such as a stalk or a leg."""
        placed, pixels = self._placed(points), width * self._scale
        if self._style == "ink":
            self._stroke(placed, pixels + 1.6 * self._weight, self._ink)
        if self.shaded:
            self._stroke(placed, pixels, self._colour(colour))
        else:
            self._stroke(placed, max(pixels * 0.6, self._weight), self._ink)

    def arc(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        width: float = 0.1,
        colour: str = "black",
    ) -> None:
        """A line of some width along an ellipse, between two angles in degrees."""
        self.line(oval(x, y, rx, ry, start, end), width, colour)

    def detail(self, points: Sequence[Point], colour: str = "black", weight: float = 1) -> None:
        """A thin line as wide as an outline, `weight` times."""
        self._stroke(
            self._placed(points), self._weight * weight, self._colour(colour) if self._style == "flat" else self._ink
        )

    def _stroke(self, points: list[Point], width: float, colour: Colour) -> None:
        width = max(1, width)
        self._pen.line(points, fill=colour, width=round(width), joint="curve")
        if width >= 3:  # round ends
            for x, y in (points[0], points[-1]):
                self._pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)

    def _placed(self, points: Sequence[Point]) -> list[Point]:
        return _pairs(np.asarray(points, float) @ self._frame[:, :2].T + self._frame[:, 2])
