"""Buildings."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, oval


def bridge(canvas: Canvas) -> None:
    arches = oval(0.4, 0.75, 0.32, 0.45, 0, -180) + oval(-0.4, 0.75, 0.32, 0.45, 0, -180)
    outline = [(-0.95, 0.05), (0.95, 0.05), (0.95, 0.75), (0.75, 0.75), *arches, (-0.95, 0.75)]
    canvas.fill(outline, canvas.choose("grey", "tan", "brown"))
    for x in (-0.8, -0.4, 0, 0.4, 0.8):
        canvas.line([(x, 0.05), (x, -0.25)], 0.06, "grey")
    canvas.line([(-0.95, -0.28), (0.95, -0.28)], 0.08, "grey")


def castle(canvas: Canvas) -> None:
    canvas.rectangle(-0.5, -0.1, 0.5, 0.85, "light grey")
    for x in (-0.7, 0.7):
        canvas.rectangle(x - 0.25, -0.4, x + 0.25, 0.85, "grey")
        roof = [(x - 0.32, -0.4), (x + 0.32, -0.4), (x, -0.95)]
        canvas.fill(roof, canvas.choose("red", "blue", "purple"))
    for x in (-0.42, -0.08, 0.26):
        canvas.rectangle(x, -0.3, x + 0.16, -0.1, "light grey")
    canvas.fill([(-0.2, 0.85), *oval(0, 0.4, 0.2, 0.22, 180, 360), (0.2, 0.85)], "black")


def house(canvas: Canvas) -> None:
    canvas.rectangle(0.3, -0.8, 0.52, -0.3, "brown")
    canvas.rectangle(-0.65, -0.1, 0.65, 0.85, canvas.choose("cream", "light blue", "yellow", "white"))
    canvas.fill([(-0.85, -0.1), (0, -0.85), (0.85, -0.1)], canvas.choose("red", "brown", "blue"))
    canvas.rectangle(-0.15, 0.3, 0.17, 0.85, "brown")
    canvas.rectangle(-0.52, 0.15, -0.25, 0.42, "light blue")
    canvas.rectangle(0.28, 0.15, 0.54, 0.42, "light blue")


def lighthouse(canvas: Canvas) -> None:
    canvas.fill([(-0.4, 0.92), (-0.25, -0.4), (0.25, -0.4), (0.4, 0.92)], "white")
    for y in (-0.3, 0.2, 0.65):
        top, bottom = 0.25 + 0.115 * (y + 0.4), 0.25 + 0.115 * (y + 0.65)
        canvas.fill([(-top, y), (top, y), (bottom, y + 0.25), (-bottom, y + 0.25)], "red")
    canvas.rectangle(-0.2, -0.7, 0.2, -0.4, "yellow")
    canvas.fill([(-0.3, -0.7), (0.3, -0.7), (0, -0.95)], "red")


def tent(canvas: Canvas) -> None:
    canvas.fill([(0, -0.75), (-0.95, 0.75), (0.95, 0.75)], canvas.choose("orange", "green", "blue", "red"))
    canvas.fill([(0, -0.75), (-0.3, 0.75), (0.3, 0.75)], "black")
    canvas.detail([(0, -0.75), (0.06, -0.92)])


def windmill(canvas: Canvas) -> None:
    canvas.fill([(-0.4, 0.95), (-0.25, -0.2), (0.25, -0.2), (0.4, 0.95)], "cream")
    canvas.fill([(-0.3, -0.2), (0.3, -0.2), (0, -0.55)], "red")
    turn = canvas.rng.random() * 90
    for sail in range(4):
        angle = math.radians(turn + 90 * sail)
        cos, sin = math.cos(angle), math.sin(angle)
        corners = ((0, 0), (0.72, 0), (0.72, 0.2), (0.15, 0.2))  # along the sail and across it
        canvas.fill([(a * cos - b * sin, -0.25 + a * sin + b * cos) for a, b in corners], "light grey")
    canvas.circle(0, -0.25, 0.08, "black")


PICTOGRAMS = (bridge, castle, house, lighthouse, tent, windmill)
