"""Plain shapes."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, Point, oval, regular


def arrow(canvas: Canvas) -> None:
    outline = [(-0.95, -0.2), (0.2, -0.2), (0.2, -0.6), (0.95, 0), (0.2, 0.6), (0.2, 0.2), (-0.95, 0.2)]
    canvas.fill(outline, canvas.any_colour())


def circle(canvas: Canvas) -> None:
    canvas.circle(0, 0, 0.9, canvas.any_colour())


def cross(canvas: Canvas) -> None:
    a, b = 0.28, 0.9  # from the middle to the side of a beam and to its end
    upper = [(-b, -a), (-a, -a), (-a, -b), (a, -b), (a, -a), (b, -a)]
    lower = [(b, a), (a, a), (a, b), (-a, b), (-a, a), (-b, a)]
    canvas.fill([*upper, *lower], canvas.choose("red", "green", "blue", "purple"))


def heart(canvas: Canvas) -> None:
    outline: list[Point] = []
    for step in range(40):
        t = step * (2 * math.pi / 39)
        height = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((16 * math.sin(t) ** 3 / 17, -height / 16))
    canvas.fill(outline, canvas.choose("red", "pink", "purple"))


def hexagon(canvas: Canvas) -> None:
    canvas.fill(regular(6), canvas.any_colour())


def moon(canvas: Canvas) -> None:
    outer = oval(0, 0, 0.92, 0.92, 50, 310)
    inner = oval(0.45, 0, 0.72, 0.72, 290, 70)
    canvas.fill([*outer, *inner], canvas.choose("yellow", "light grey", "gold"))


def spiral(canvas: Canvas) -> None:
    points: list[Point] = []
    for step in range(90):
        angle, radius = step / 89 * 5.5 * math.pi, step / 89 * 0.95
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    canvas.line(points, 0.11, canvas.any_colour())


def square(canvas: Canvas) -> None:
    canvas.rectangle(-0.75, -0.75, 0.75, 0.75, canvas.any_colour())


def star(canvas: Canvas) -> None:
    outline: list[Point] = []
    for corner in range(10):
        radius, angle = 0.42 if corner % 2 else 0.95, corner * math.pi / 5
        outline.append((radius * math.sin(angle), -radius * math.cos(angle)))
    canvas.fill(outline, canvas.choose("yellow", "red", "blue", "gold", "green"))


def triangle(canvas: Canvas) -> None:
    canvas.fill(regular(3), canvas.any_colour())


PICTOGRAMS = (arrow, circle, cross, heart, hexagon, moon, spiral, square, star, triangle)
