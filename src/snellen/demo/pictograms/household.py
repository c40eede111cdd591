"""Things in a home: furniture, light, tableware, and what lies about."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, curve, oval


def bed(canvas: Canvas) -> None:
    canvas.rectangle(-0.95, -0.55, -0.82, 0.7, "brown")
    canvas.rectangle(0.82, -0.1, 0.95, 0.7, "brown")
    canvas.rectangle(-0.85, 0.1, 0.85, 0.5, "white")
    canvas.rounded(-0.8, -0.15, -0.35, 0.12, 0.1, "cream")
    canvas.rectangle(-0.3, 0, 0.85, 0.5, canvas.choose("blue", "red", "green", "purple"))


def book(canvas: Canvas) -> None:
    canvas.fill([(0, -0.5), (-0.95, -0.65), (-0.95, 0.5), (0, 0.7)], canvas.choose("white", "cream"))
    canvas.fill([(0, -0.5), (0.95, -0.65), (0.95, 0.5), (0, 0.7)], "cream")
    for y in (-0.25, 0, 0.25):
        canvas.detail([(-0.8, y - 0.08), (-0.15, y)])
        canvas.detail([(0.8, y - 0.08), (0.15, y)])


def bottle(canvas: Canvas) -> None:
    right = [(0.13, -0.7), (0.15, -0.3), (0.38, 0), (0.38, 0.92)]
    left = [(-0.38, 0.92), (-0.38, 0), (-0.15, -0.3)]
    canvas.fill([(-0.13, -0.7), *right, *left], canvas.choose("green", "brown", "light blue"))
    canvas.rectangle(-0.16, -0.92, 0.16, -0.7, "red")
    canvas.rectangle(-0.38, 0.2, 0.38, 0.65, "cream")


def candle(canvas: Canvas) -> None:
    canvas.ellipse(0, 0.8, 0.6, 0.14, "gold")
    canvas.rectangle(-0.24, -0.25, 0.24, 0.8, canvas.choose("white", "red", "cream", "green"))
    canvas.detail([(0, -0.25), (0, -0.45)])
    flame = curve((0, -0.95), (-0.4, -0.4), (0, -0.38)) + curve((0, -0.38), (0.4, -0.4), (0, -0.95))
    canvas.fill(flame, "orange")


def chair(canvas: Canvas) -> None:
    colour = canvas.choose("brown", "red", "blue", "orange")
    canvas.rounded(-0.5, -0.95, -0.3, 0.95, 0.08, colour)
    canvas.rectangle(-0.5, 0.05, 0.5, 0.22, colour)
    canvas.rectangle(0.32, 0.2, 0.48, 0.95, colour)
    canvas.line([(-0.4, -0.85), (-0.4, 0.1)], 0.06, colour)


def clock(canvas: Canvas) -> None:
    canvas.circle(0, 0, 0.93, canvas.choose("red", "brown", "blue", "black"))
    canvas.circle(0, 0, 0.78, "white")
    for hour in range(12):
        cos, sin = math.cos(hour * math.pi / 6), math.sin(hour * math.pi / 6)
        canvas.detail([(0.62 * cos, 0.62 * sin), (0.74 * cos, 0.74 * sin)])
    short, long = canvas.rng.random(2) * 6.28
    canvas.line([(0, 0), (0.38 * math.cos(short), 0.38 * math.sin(short))], 0.1, "black")
    canvas.line([(0, 0), (0.6 * math.cos(long), 0.6 * math.sin(long))], 0.07, "black")


def cup(canvas: Canvas) -> None:
    colour = canvas.choose("white", "red", "blue", "green", "orange")
    canvas.arc(0.55, 0.1, 0.32, 0.33, -90, 90, 0.14, colour)
    canvas.rounded(-0.7, -0.5, 0.5, 0.75, 0.15, colour)
    canvas.ellipse(-0.1, -0.5, 0.6, 0.14, "dark brown" if canvas.shaded else "brown")


def door(canvas: Canvas) -> None:
    canvas.rectangle(-0.52, -0.95, 0.52, 0.95, canvas.choose("brown", "red", "green", "blue"))
    canvas.rectangle(-0.33, -0.75, 0.33, -0.1, "tan")
    canvas.rectangle(-0.33, 0.15, 0.33, 0.75, "tan")
    canvas.circle(0.42, 0.03, 0.08, "gold")


def envelope(canvas: Canvas) -> None:
    canvas.rectangle(-0.95, -0.6, 0.95, 0.6, canvas.choose("cream", "white", "light blue"))
    canvas.detail([(-0.95, -0.6), (0, 0.15), (0.95, -0.6)], weight=1.4)
    canvas.detail([(-0.95, 0.6), (-0.25, -0.03)])
    canvas.detail([(0.95, 0.6), (0.25, -0.03)])


def fork(canvas: Canvas) -> None:
    colour = canvas.choose("grey", "light grey")
    _handle(canvas, colour)
    for x in (-0.24, 0, 0.24):
        canvas.line([(x, -0.92), (x, -0.4)], 0.08, colour)
    canvas.arc(0, -0.4, 0.24, 0.3, 180, 0, 0.09, colour)


def gift(canvas: Canvas) -> None:
    paper = canvas.choose("red", "blue", "green", "purple")
    ribbon = canvas.choose("yellow", "white", "pink")
    canvas.rectangle(-0.75, -0.2, 0.75, 0.85, paper)
    canvas.rectangle(-0.85, -0.45, 0.85, -0.15, paper)
    canvas.rectangle(-0.15, -0.45, 0.15, 0.85, ribbon)
    canvas.ellipse(-0.25, -0.62, 0.28, 0.16, ribbon, 25)
    canvas.ellipse(0.25, -0.62, 0.28, 0.16, ribbon, -25)


def knife(canvas: Canvas) -> None:
    canvas.fill([(-0.1, 0.15), (-0.1, -0.95), *curve((-0.1, -0.95), (0.35, -0.7), (0.2, 0.15))], "light grey")
    canvas.rounded(-0.14, 0.15, 0.2, 0.95, 0.1, canvas.choose("brown", "black", "red"))


def lamp(canvas: Canvas) -> None:
    canvas.line([(0, -0.1), (0, 0.8)], 0.1, "grey")
    canvas.ellipse(0, 0.85, 0.45, 0.1, "grey")
    shade = [(-0.35, -0.92), (0.35, -0.92), (0.7, 0), (-0.7, 0)]
    canvas.fill(shade, canvas.choose("yellow", "red", "cream", "teal"))


def light_bulb(canvas: Canvas) -> None:
    canvas.fill([*oval(0, -0.25, 0.6, 0.62, 140, 400), (0.25, 0.45), (-0.25, 0.45)], "yellow")
    filament = [(-0.2, -0.1), (-0.07, 0.05), (0, -0.1), (0.07, 0.05), (0.2, -0.1)]
    canvas.detail([(-0.15, 0.4), *filament, (0.15, 0.4)])
    for y in (0.45, 0.6, 0.75):
        canvas.rounded(-0.25, y, 0.25, y + 0.17, 0.06, "grey")


def spoon(canvas: Canvas) -> None:
    colour = canvas.choose("grey", "light grey", "brown")
    _handle(canvas, colour)
    canvas.ellipse(0, -0.5, 0.3, 0.43, colour)


def table(canvas: Canvas) -> None:
    colour = canvas.choose("brown", "tan", "grey")
    canvas.rectangle(-0.7, -0.1, -0.55, 0.8, colour)
    canvas.rectangle(0.55, -0.1, 0.7, 0.8, colour)
    canvas.rectangle(-0.95, -0.3, 0.95, -0.08, colour)


def umbrella(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue", "purple", "green", "black")
    canvas.line([(0, -0.1), (0, 0.7)], 0.07, "brown")
    canvas.arc(0.15, 0.7, 0.15, 0.2, 0, 180, 0.07, "brown")
    hem = [(0.92 - 0.23 * i, -0.12 * (i % 2)) for i in range(9)]
    canvas.fill(oval(0, 0, 0.92, 0.85, 180, 360) + hem, colour)
    canvas.detail(curve((0, -0.85), (-0.3, -0.5), (-0.3, -0.05)))
    canvas.detail(curve((0, -0.85), (0.3, -0.5), (0.3, -0.05)))


def wine_glass(canvas: Canvas) -> None:
    canvas.line([(0, 0.1), (0, 0.8)], 0.07, "light grey")
    canvas.ellipse(0, 0.85, 0.4, 0.09, "light grey")
    bowl = curve((-0.45, -0.9), (-0.7, 0.25), (0, 0.2)) + curve((0, 0.2), (0.7, 0.25), (0.45, -0.9))
    canvas.fill(bowl, "light blue")
    wine = curve((-0.5, -0.4), (-0.5, 0.2), (0, 0.18)) + curve((0, 0.18), (0.5, 0.2), (0.5, -0.4))
    canvas.fill(wine, "red")


def _handle(canvas: Canvas, colour: str) -> None:
    canvas.line([(0, -0.1), (0, 0.92)], 0.11, colour)


PICTOGRAMS = (
    bed,
    book,
    bottle,
    candle,
    chair,
    clock,
    cup,
    door,
    envelope,
    fork,
    gift,
    knife,
    lamp,
    light_bulb,
    spoon,
    table,
    umbrella,
    wine_glass,
)
