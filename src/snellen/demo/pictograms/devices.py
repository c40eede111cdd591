"""Devices and instruments."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, Point, curve, oval


def battery(canvas: Canvas) -> None:
    canvas.rounded(-0.9, -0.4, 0.7, 0.4, 0.08, "black")
    canvas.rectangle(-0.15, -0.4, 0.7, 0.4, canvas.choose("gold", "green", "orange"))
    canvas.rectangle(0.7, -0.17, 0.92, 0.17, "light grey")


def bell(canvas: Canvas) -> None:
    canvas.circle(0, 0.7, 0.16, "brown")
    left = curve((-0.85, 0.6), (-0.4, 0.3), (-0.55, -0.7), (0, -0.75))
    right = curve((0, -0.75), (0.55, -0.7), (0.4, 0.3), (0.85, 0.6))
    canvas.fill(left + right, canvas.choose("gold", "yellow"))
    canvas.circle(0, -0.82, 0.12, "gold")


def camera(canvas: Canvas) -> None:
    canvas.rectangle(-0.45, -0.65, 0.1, -0.35, "dark grey")
    canvas.rounded(-0.95, -0.42, 0.95, 0.65, 0.12, canvas.choose("black", "grey", "red", "blue"))
    canvas.circle(0, 0.12, 0.42, "light grey")
    canvas.circle(0, 0.12, 0.26, "light blue")
    canvas.circle(0.7, -0.2, 0.1, "yellow")


def drum(canvas: Canvas) -> None:
    canvas.line([(-0.8, -0.95), (-0.1, -0.45)], 0.06, "brown")
    canvas.line([(0.8, -0.95), (0.1, -0.45)], 0.06, "brown")
    canvas.fill([(-0.75, -0.3), (0.75, -0.3), *oval(0, 0.6, 0.75, 0.22, 0, 180)], canvas.choose("red", "blue"))
    canvas.ellipse(0, -0.3, 0.75, 0.22, "cream")
    canvas.detail([(-0.75, -0.2), (-0.4, 0.75), (0, -0.08), (0.4, 0.75), (0.75, -0.2)])


def gear(canvas: Canvas) -> None:
    rim: list[Point] = []
    for tooth in range(9):
        for offset, radius in ((-13, 0.7), (-9, 0.95), (9, 0.95), (13, 0.7)):
            angle = math.radians(tooth * 40 + offset)
            rim.append((radius * math.cos(angle), radius * math.sin(angle)))
    canvas.fill(rim, canvas.choose("grey", "dark grey", "gold") if canvas.shaded else "grey")
    canvas.circle(0, 0, 0.3, "white")


def guitar(canvas: Canvas) -> None:
    canvas.line([(0, 0), (0, -0.85)], 0.13, "dark brown")
    canvas.rectangle(-0.13, -0.98, 0.13, -0.75, "black")
    canvas.circle(0, 0.5, 0.45, canvas.choose("orange", "brown", "red"))
    canvas.circle(0, 0.02, 0.32, "orange")
    canvas.circle(0, 0.2, 0.15, "black")
    canvas.line([(-0.15, 0.65), (0.15, 0.65)], 0.06, "black")


def hourglass(canvas: Canvas) -> None:
    glass = [(-0.5, -0.8), (0.5, -0.8), (0.07, 0), (0.5, 0.8), (-0.5, 0.8), (-0.07, 0)]
    canvas.fill(glass, "light blue")
    canvas.fill([(-0.3, -0.4), (0.3, -0.4), (0, 0)], "gold")
    canvas.fill([(-0.42, 0.78), (0, 0.4), (0.42, 0.78)], "gold")
    canvas.rectangle(-0.65, -0.95, 0.65, -0.78, "brown")
    canvas.rectangle(-0.65, 0.78, 0.65, 0.95, "brown")


def laptop(canvas: Canvas) -> None:
    canvas.rounded(-0.7, -0.75, 0.7, 0.25, 0.08, "dark grey")
    canvas.rectangle(-0.58, -0.63, 0.58, 0.13, canvas.choose("light blue", "teal", "white"))
    canvas.fill([(-0.7, 0.28), (0.7, 0.28), (0.95, 0.7), (-0.95, 0.7)], "light grey")
    for row in range(3):
        x, y = 0.6 + 0.07 * row, 0.38 + 0.1 * row
        canvas.detail([(-x, y), (x, y)])


def magnet(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue")
    canvas.arc(0, -0.1, 0.55, 0.6, 180, 360, 0.42, colour)
    canvas.rectangle(-0.76, -0.15, -0.34, 0.5, colour)
    canvas.rectangle(0.34, -0.15, 0.76, 0.5, colour)
    canvas.rectangle(-0.76, 0.5, -0.34, 0.85, "light grey")
    canvas.rectangle(0.34, 0.5, 0.76, 0.85, "light grey")


def phone(canvas: Canvas) -> None:
    canvas.rounded(-0.5, -0.95, 0.5, 0.95, 0.14, canvas.choose("black", "dark grey", "red", "blue"))
    canvas.rectangle(-0.4, -0.72, 0.4, 0.65, "light blue")
    canvas.circle(0, 0.8, 0.08, "white")


def robot(canvas: Canvas) -> None:
    colour = canvas.choose("grey", "light blue", "teal")
    canvas.line([(0, -0.6), (0, -0.9)], 0.06, "grey")
    canvas.circle(0, -0.9, 0.09, "red")
    canvas.rounded(-0.5, -0.68, 0.5, 0.05, 0.1, colour)
    canvas.rectangle(-0.6, 0.12, 0.6, 0.9, colour)
    canvas.circle(-0.22, -0.38, 0.13, "yellow")
    canvas.circle(0.22, -0.38, 0.13, "yellow")
    canvas.detail([(-0.25, -0.1), (0.25, -0.1)], weight=2)
    for side in (-1, 1):
        canvas.line([(side * 0.65, 0.2), (side * 0.9, 0.6)], 0.12, colour)
    canvas.circle(0, 0.45, 0.14, "red")


def television(canvas: Canvas) -> None:
    canvas.line([(-0.4, -0.95), (0, -0.5), (0.4, -0.95)], 0.06, "grey")
    canvas.rounded(-0.92, -0.55, 0.92, 0.7, 0.12, canvas.choose("brown", "dark grey", "red"))
    canvas.rounded(-0.75, -0.4, 0.45, 0.55, 0.1, "light blue")
    canvas.circle(0.68, -0.2, 0.1, "yellow")
    canvas.circle(0.68, 0.15, 0.1, "yellow")
    canvas.rectangle(-0.6, 0.7, -0.4, 0.9, "black")
    canvas.rectangle(0.4, 0.7, 0.6, 0.9, "black")


PICTOGRAMS = (
    battery,
    bell,
    camera,
    drum,
    gear,
    guitar,
    hourglass,
    laptop,
    magnet,
    phone,
    robot,
    television,
)
