"""Vehicles."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.demo.pictograms.canvas import Canvas, curve, oval


def car(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue", "yellow", "green", "grey")
    rear = [(-0.95, 0.45), (-0.95, 0.05), (-0.6, -0.05), (-0.35, -0.5)]
    front = [(0.35, -0.5), (0.6, -0.05), (0.95, 0.05), (0.95, 0.45)]
    canvas.fill(rear + front, colour)
    canvas.fill([(-0.45, -0.05), (-0.28, -0.38), (-0.03, -0.38), (-0.03, -0.05)], "light blue")
    canvas.fill([(0.05, -0.05), (0.05, -0.38), (0.28, -0.38), (0.45, -0.05)], "light blue")
    _wheels(canvas, (-0.55, 0.55), 0.45, 0.23)


def bus(canvas: Canvas) -> None:
    canvas.rounded(-0.95, -0.6, 0.95, 0.5, 0.12, canvas.choose("yellow", "red", "blue", "green"))
    for left in (-0.8, -0.42, -0.04):
        canvas.rectangle(left, -0.4, left + 0.28, 0, "light blue")
    canvas.rectangle(0.42, -0.4, 0.75, 0.5, "light blue")
    _wheels(canvas, (-0.55, 0.3), 0.5, 0.22)


def truck(canvas: Canvas) -> None:
    canvas.rectangle(-0.95, -0.55, 0.3, 0.4, canvas.choose("light grey", "orange", "green", "blue"))
    cab = [(0.35, 0.4), (0.35, -0.3), (0.7, -0.3), (0.95, 0.05), (0.95, 0.4)]
    canvas.fill(cab, canvas.choose("red", "blue"))
    canvas.fill([(0.47, 0.02), (0.47, -0.18), (0.66, -0.18), (0.8, 0.02)], "light blue")
    _wheels(canvas, (-0.6, -0.1, 0.65), 0.45, 0.2)


def train(canvas: Canvas) -> None:
    canvas.rectangle(-0.85, -0.6, -0.3, 0.4, "red")
    canvas.rectangle(-0.72, -0.42, -0.43, -0.1, "light blue")
    canvas.rectangle(-0.3, -0.15, 0.7, 0.4, "green")
    canvas.fill([(0.3, -0.15), (0.25, -0.6), (0.6, -0.6), (0.55, -0.15)], "black")
    canvas.fill([(0.7, 0.4), (0.98, 0.55), (0.7, 0.55)], "red")
    _wheels(canvas, (-0.58, 0, 0.45), 0.5, 0.22)
    canvas.circle(0.55, -0.8, 0.13, "light grey")  # smoke


def sailboat(canvas: Canvas) -> None:
    canvas.line([(0, 0.3), (0, -0.95)], 0.07, "brown")
    canvas.fill([(0.08, -0.9), (0.08, 0.2), (0.75, 0.2)], canvas.choose("white", "red", "yellow"))
    canvas.fill([(-0.08, -0.7), (-0.08, 0.2), (-0.6, 0.2)], canvas.choose("white", "orange", "light blue"))
    hull = [(-0.9, 0.35), (0.9, 0.35), (0.55, 0.8), (-0.55, 0.8)]
    canvas.fill(hull, canvas.choose("brown", "blue", "red"))


def airplane(canvas: Canvas) -> None:
    colour = canvas.choose("light grey", "white", "blue", "red")
    canvas.fill([(-0.05, -0.1), (0.3, -0.1), (-0.35, -0.9), (-0.5, -0.9)], colour)
    canvas.fill([(-0.7, -0.05), (-0.95, -0.5), (-0.75, -0.5), (-0.45, -0.1)], colour)
    canvas.ellipse(0, 0, 0.92, 0.2, colour)
    canvas.fill([(-0.05, 0.05), (0.3, 0.05), (-0.25, 0.85), (-0.42, 0.85)], colour)
    for x in (-0.3, -0.1, 0.1, 0.3):
        canvas.dot(x, -0.04, 0.04)
    canvas.fill([(0.6, -0.1), (0.8, -0.08), (0.88, 0), (0.6, 0)], "light blue")


def helicopter(canvas: Canvas) -> None:
    canvas.line([(0.2, 0), (0.95, -0.2)], 0.12, "red")
    canvas.line([(0.92, -0.45), (0.92, 0.05)], 0.06, "grey")
    canvas.ellipse(-0.2, 0.1, 0.55, 0.42, canvas.choose("red", "green", "blue", "orange"))
    canvas.segment(-0.3, 0.05, 0.38, 0.3, 110, 270, "light blue")
    canvas.line([(-0.2, -0.3), (-0.2, -0.6)], 0.07, "grey")
    canvas.line([(-0.95, -0.62), (0.55, -0.62)], 0.07, "dark grey")
    canvas.line([(-0.75, 0.75), (0.4, 0.75)], 0.06, "dark grey")
    canvas.line([(-0.4, 0.5), (-0.45, 0.75)], 0.05, "dark grey")
    canvas.line([(0.05, 0.5), (0.1, 0.75)], 0.05, "dark grey")


def rocket(canvas: Canvas) -> None:
    canvas.fill([(-0.2, 0.5), (0, 0.98), (0.2, 0.5)], "orange")
    canvas.fill([(-0.3, 0.1), (-0.65, 0.65), (-0.25, 0.5)], "red")
    canvas.fill([(0.3, 0.1), (0.65, 0.65), (0.25, 0.5)], "red")
    left = curve((-0.28, 0.55), (-0.5, -0.4), (0, -0.98))
    right = curve((0, -0.98), (0.5, -0.4), (0.28, 0.55))
    canvas.fill(left + right, canvas.choose("white", "light grey", "light blue"))
    canvas.circle(0, -0.2, 0.16, "blue")


def bicycle(canvas: Canvas) -> None:
    for x in (-0.55, 0.55):
        canvas.arc(x, 0.35, 0.38, 0.38, 0, 360, 0.07, "black")
    colour = canvas.choose("red", "blue", "green")
    canvas.line([(-0.55, 0.35), (-0.2, -0.25), (0.4, -0.25), (0, 0.35), (-0.55, 0.35)], 0.07, colour)
    canvas.line([(0, 0.35), (-0.25, -0.4)], 0.07, colour)
    canvas.line([(0.55, 0.35), (0.38, -0.5), (0.6, -0.55)], 0.07, colour)
    canvas.line([(-0.4, -0.42), (-0.1, -0.42)], 0.1, "black")


def hot_air_balloon(canvas: Canvas) -> None:
    colour = canvas.choose("red", "orange", "purple", "blue")
    canvas.detail([(-0.35, 0.3), (-0.18, 0.65)])
    canvas.detail([(0.35, 0.3), (0.18, 0.65)])
    canvas.fill([*oval(0, -0.3, 0.68, 0.65, 150, 390), (0.2, 0.45), (-0.2, 0.45)], colour)
    canvas.fill([*oval(0, -0.3, 0.25, 0.65, 180, 360), (0.1, 0.45), (-0.1, 0.45)], "yellow")
    canvas.rectangle(-0.2, 0.62, 0.2, 0.92, "brown")


def submarine(canvas: Canvas) -> None:
    canvas.rectangle(-0.15, -0.55, 0.3, 0, "yellow")
    canvas.line([(0.1, -0.5), (0.1, -0.85), (0.35, -0.85)], 0.08, "grey")
    canvas.fill([(-0.7, 0.2), (-0.98, -0.15), (-0.98, 0.55)], "orange")
    canvas.ellipse(0.05, 0.2, 0.85, 0.42, "yellow")
    for x in (-0.35, 0.05, 0.45):
        canvas.circle(x, 0.18, 0.12, "light blue")


def _wheels(canvas: Canvas, places: Sequence[float], y: float, radius: float) -> None:
    for x in places:
        canvas.circle(x, y, radius, "black")
        canvas.circle(x, y, radius * 0.45, "light grey")


PICTOGRAMS = (
    airplane,
    bicycle,
    bus,
    car,
    helicopter,
    hot_air_balloon,
    rocket,
    sailboat,
    submarine,
    train,
    truck,
)
