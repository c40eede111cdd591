"""Animals."""

from __future__ import annotations

import math

import numpy as np

from snellen.demo.pictograms.canvas import Canvas, curve, oval


def fish(canvas: Canvas) -> None:
    colour = canvas.choose("orange", "blue", "red", "teal")
    canvas.fill([(0.4, 0), (0.95, -0.5), (0.95, 0.5)], colour)
    canvas.ellipse(-0.15, 0, 0.75, 0.45, colour)
    canvas.fill([(-0.1, -0.4), (0.3, -0.65), (0.35, -0.25)], colour)
    canvas.dot(-0.6, -0.1, 0.09)
    canvas.detail(oval(-0.55, 0, 0.25, 0.4, -50, 50))


def whale(canvas: Canvas) -> None:
    back = curve((-0.95, 0.1), (-0.9, -0.7), (0.2, -0.6), (0.6, 0.1))
    tail = [(0.7, -0.3), (0.5, -0.6), (0.8, -0.5), (0.98, -0.65), (0.9, -0.2)]
    belly = curve((0.9, -0.1), (0.8, 0.75), (-0.9, 0.8), (-0.95, 0.1))
    canvas.fill(back + tail + belly, "blue")
    canvas.dot(-0.6, 0.1, 0.07)
    canvas.detail(curve((-0.9, 0.3), (-0.6, 0.45), (-0.4, 0.3)))
    canvas.detail(curve((-0.4, -0.5), (-0.5, -0.9), (-0.75, -0.8)))  # spout
    canvas.detail(curve((-0.4, -0.5), (-0.3, -0.9), (-0.1, -0.8)))


def bird(canvas: Canvas) -> None:
    colour = canvas.choose("blue", "red", "yellow", "green")
    canvas.fill([(0.35, 0.05), (0.95, -0.1), (0.9, 0.25)], colour)
    canvas.ellipse(0, 0.1, 0.55, 0.42, colour)
    canvas.circle(-0.45, -0.35, 0.3, colour)
    canvas.fill([(-0.7, -0.42), (-0.98, -0.28), (-0.7, -0.2)], "orange")
    canvas.dot(-0.5, -0.4, 0.06)
    canvas.ellipse(0.15, 0.08, 0.32, 0.2, "light blue", 20)
    canvas.line([(-0.1, 0.5), (-0.1, 0.85)], 0.05, "orange")
    canvas.line([(0.12, 0.5), (0.12, 0.85)], 0.05, "orange")


def duck(canvas: Canvas) -> None:
    belly = curve((-0.3, 0.1), (-0.3, 0.8), (0.3, 0.8), (0.95, -0.1))
    back = curve((0.95, -0.1), (0.3, 0.1), (-0.3, 0.1))
    canvas.fill(belly + back, "yellow")
    canvas.circle(-0.35, -0.3, 0.38, "yellow")
    canvas.fill([(-0.68, -0.35), (-0.98, -0.25), (-0.98, -0.1), (-0.68, -0.12)], "orange")
    canvas.dot(-0.45, -0.4, 0.07)
    canvas.detail(curve((0, 0.25), (0.3, 0.6), (0.6, 0.2)))


def butterfly(canvas: Canvas) -> None:
    upper = canvas.choose("orange", "blue", "purple", "pink")
    lower = canvas.choose("yellow", "red", "light blue")
    for side in (-1, 1):
        canvas.ellipse(0.48 * side, -0.35, 0.45, 0.35, upper, -35 * side)
        canvas.ellipse(0.4 * side, 0.4, 0.35, 0.27, lower, 35 * side)
        canvas.detail(curve((0, -0.5), (0.1 * side, -0.8), (0.3 * side, -0.9)))
        canvas.circle(0.5 * side, -0.35, 0.12, "white")
    canvas.ellipse(0, 0, 0.1, 0.6, "black")


def cat(canvas: Canvas) -> None:
    colour = canvas.choose("orange", "grey", "tan")
    for side in (-1, 1):
        canvas.fill([(side * 0.65, 0), (side * 0.6, -0.9), (side * 0.12, -0.5)], colour)
    _face(canvas, colour)
    canvas.fill([(-0.1, 0.2), (0.1, 0.2), (0, 0.32)], "pink")
    for side in (-1, 1):
        canvas.detail([(side * 0.2, 0.3), (side * 0.9, 0.2)])
        canvas.detail([(side * 0.2, 0.38), (side * 0.9, 0.45)])


def rabbit(canvas: Canvas) -> None:
    colour = canvas.choose("white", "grey", "tan")
    for side in (-1, 1):
        canvas.ellipse(side * 0.3, -0.6, 0.17, 0.42, colour, side * 8)
        canvas.ellipse(side * 0.3, -0.6, 0.08, 0.3, "pink", side * 8)
    _face(canvas, colour)
    canvas.circle(0, 0.25, 0.08, "pink")
    canvas.rectangle(-0.1, 0.4, 0.1, 0.6, "white")


def bear(canvas: Canvas) -> None:
    colour = canvas.choose("brown", "tan")
    for side in (-1, 1):
        canvas.circle(side * 0.55, -0.5, 0.27, colour)
        canvas.circle(side * 0.55, -0.5, 0.13, "cream")
    _face(canvas, colour)
    canvas.ellipse(0, 0.35, 0.33, 0.25, "cream")
    canvas.ellipse(0, 0.25, 0.12, 0.08, "black")


def pig(canvas: Canvas) -> None:
    for side in (-1, 1):
        canvas.fill([(side * 0.65, -0.2), (side * 0.75, -0.8), (side * 0.2, -0.5)], "pink")
    _face(canvas, "pink")
    canvas.ellipse(0, 0.35, 0.32, 0.22, "pink")
    canvas.dot(-0.1, 0.35, 0.06)
    canvas.dot(0.1, 0.35, 0.06)


def owl(canvas: Canvas) -> None:
    canvas.fill([(-0.6, -0.3), (-0.6, -0.95), (-0.2, -0.65), (0.2, -0.65), (0.6, -0.95), (0.6, -0.3)], "brown")
    canvas.ellipse(0, 0.15, 0.65, 0.8, "brown")
    canvas.ellipse(0, 0.4, 0.4, 0.48, "tan")
    for side in (-1, 1):
        canvas.circle(side * 0.28, -0.25, 0.26, "white")
        canvas.dot(side * 0.26, -0.25, 0.12)
    canvas.fill([(-0.1, -0.1), (0.1, -0.1), (0, 0.12)], "orange")


def snail(canvas: Canvas) -> None:
    foot = curve((-0.95, 0.7), (0.2, 0.6), (0.55, 0.6))
    neck = curve((0.55, 0.6), (0.5, 0), (0.75, -0.1))
    chest = curve((0.95, 0.2), (0.9, 0.85), (0.5, 0.85))
    canvas.fill([*foot, *neck, (0.9, 0), *chest, (-0.8, 0.85)], "tan")
    canvas.circle(-0.15, 0.1, 0.58, canvas.choose("brown", "orange", "purple"))
    spiral = []
    for angle in np.linspace(0, 4 * math.pi, 50):
        radius = 0.5 * angle / 12.6
        spiral.append((-0.15 + radius * math.cos(angle), 0.1 + radius * math.sin(angle)))
    canvas.detail(spiral, weight=1.3)
    canvas.detail([(0.75, -0.1), (0.6, -0.45)])
    canvas.detail([(0.85, -0.1), (0.95, -0.45)])


def snake(canvas: Canvas) -> None:
    body = []
    for along in np.linspace(0, 1, 50):
        body.append((-0.8 + 1.5 * along, 0.45 * math.sin(along * 10) * (1 - 0.1 * along) + 0.1))
    canvas.line(body, 0.2, canvas.choose("green", "dark green", "purple"))
    canvas.ellipse(0.75, -0.17, 0.22, 0.16, "green")
    canvas.dot(0.8, -0.2, 0.05)
    canvas.detail([(0.95, -0.15), (1.1, -0.2)], "red")


def spider(canvas: Canvas) -> None:
    for side in (-1, 1):
        for knee, foot in ((-0.5, -0.7), (-0.15, -0.2), (0.2, 0.35), (0.5, 0.85)):
            canvas.line([(0, 0.1), (side * 0.55, knee - 0.1), (side * 0.95, foot)], 0.05, "black")
    canvas.circle(0, 0.25, 0.4, "black")
    canvas.circle(0, -0.25, 0.25, "dark grey")


def turtle(canvas: Canvas) -> None:
    for x in (-0.5, 0.4):
        canvas.rounded(x - 0.15, 0.2, x + 0.15, 0.75, 0.1, "green")
    canvas.ellipse(0.82, 0.05, 0.22, 0.18, "green")
    canvas.dot(0.88, 0, 0.05)
    canvas.segment(0, 0.35, 0.75, 0.85, 180, 360, "brown")
    canvas.detail([(-0.25, -0.4), (-0.3, 0.3)])
    canvas.detail([(0.25, -0.4), (0.3, 0.3)])
    canvas.detail([(-0.7, 0.05), (0.7, 0.05)])


def bee(canvas: Canvas) -> None:
    canvas.ellipse(-0.15, -0.45, 0.2, 0.4, "light blue", -15)
    canvas.ellipse(0.25, -0.45, 0.2, 0.4, "light blue", 15)
    canvas.ellipse(0, 0.15, 0.8, 0.45, "yellow")
    for x in (-0.25, 0.1, 0.45):  # stripes as high as the body is there
        canvas.ellipse(x, 0.15, 0.09, 0.45 * math.sqrt(1 - (x / 0.8) ** 2), "black")
    canvas.dot(-0.55, 0.05, 0.08)


def ladybug(canvas: Canvas) -> None:
    canvas.circle(0, -0.6, 0.3, "black")
    canvas.ellipse(0, 0.15, 0.75, 0.75, "red")
    canvas.detail([(0, -0.6), (0, 0.9)], weight=1.6)
    for x, y in ((-0.35, -0.1), (0.35, -0.1), (-0.4, 0.4), (0.4, 0.4)):
        canvas.circle(x, y, 0.14, "black")


def crab(canvas: Canvas) -> None:
    for side in (-1, 1):
        canvas.line([(side * 0.5, 0.1), (side * 0.75, -0.3)], 0.1, "red")
        canvas.segment(side * 0.72, -0.55, 0.27, 0.3, -50, 230, "red")
        for y in (0.3, 0.5, 0.7):
            canvas.line([(side * 0.4, y - 0.1), (side * 0.9, y + 0.15)], 0.07, "red")
        canvas.line([(side * 0.2, -0.1), (side * 0.2, -0.35)], 0.05, "red")
        canvas.circle(side * 0.2, -0.4, 0.1, "white")
    canvas.ellipse(0, 0.25, 0.62, 0.42, "red")


def octopus(canvas: Canvas) -> None:
    colour = canvas.choose("purple", "red", "teal")
    for x in (-0.75, -0.4, 0, 0.4, 0.75):
        canvas.line(curve((x * 0.6, 0.1), (x * 1.1, 0.5), (x + 0.15, 0.7), (x - 0.1, 0.95)), 0.16, colour)
    canvas.ellipse(0, -0.3, 0.6, 0.65, colour)
    canvas.dot(-0.2, -0.2, 0.1)
    canvas.dot(0.2, -0.2, 0.1)


def _face(canvas: Canvas, colour: str) -> None:
    canvas.circle(0, 0.1, 0.7, colour)
    canvas.dot(-0.27, -0.05, 0.09)
    canvas.dot(0.27, -0.05, 0.09)


PICTOGRAMS = (
    bear,
    bee,
    bird,
    butterfly,
    cat,
    crab,
    duck,
    fish,
    ladybug,
    octopus,
    owl,
    pig,
    rabbit,
    snail,
    snake,
    spider,
    turtle,
    whale,
)
