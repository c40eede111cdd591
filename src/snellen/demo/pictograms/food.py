"""Food."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, Point, curve, oval


def apple(canvas: Canvas) -> None:
    canvas.line(curve((0, -0.4), (0, -0.7), (0.15, -0.9)), 0.08, "brown")
    canvas.ellipse(0.35, -0.72, 0.25, 0.11, "green", -25)
    left = oval(-0.32, 0.15, 0.5, 0.65, 60, 290)
    right = oval(0.32, 0.15, 0.5, 0.65, 250, 480)
    canvas.fill([*left, *right], canvas.choose("red", "green", "yellow"))


def banana(canvas: Canvas) -> None:
    outer = curve((-0.85, -0.3), (-0.6, 0.95), (0.85, 0.5))
    inner = curve((0.85, 0.3), (-0.1, 0.55), (-0.6, -0.45))
    canvas.fill([*outer, *inner], "yellow")
    canvas.line([(-0.75, -0.4), (-0.82, -0.6)], 0.12, "brown")


def cake(canvas: Canvas) -> None:
    for x in (-0.4, 0, 0.4):
        canvas.rectangle(x - 0.05, -0.6, x + 0.05, -0.2, "light blue")
        canvas.ellipse(x, -0.75, 0.07, 0.13, "orange")
    canvas.rectangle(-0.8, -0.2, 0.8, 0.8, "brown")
    icing: list[Point] = [(-0.8, -0.2), (0.8, -0.2)]
    for drip in range(9):
        icing.append((0.8 - 0.2 * drip, 0.1 + 0.15 * (drip % 2)))
    canvas.fill(icing, "pink")


def carrot(canvas: Canvas) -> None:
    for x in (-0.3, 0, 0.3):
        canvas.line([(0, -0.4), (x, -0.95)], 0.1, "green")
    canvas.fill([(-0.35, -0.4), (0.35, -0.4), (0.05, 0.95), (-0.05, 0.95)], "orange")
    canvas.detail([(-0.3, -0.1), (0, -0.1)])
    canvas.detail([(0, 0.2), (0.2, 0.2)])
    canvas.detail([(-0.13, 0.5), (0.05, 0.5)])


def cherry(canvas: Canvas) -> None:
    canvas.line(curve((-0.4, 0.3), (-0.3, -0.4), (0.3, -0.85)), 0.07, "green")
    canvas.line(curve((0.45, 0.35), (0.5, -0.3), (0.3, -0.85)), 0.07, "green")
    canvas.circle(-0.42, 0.5, 0.36, "red")
    canvas.circle(0.45, 0.55, 0.36, "red")


def donut(canvas: Canvas) -> None:
    canvas.circle(0, 0, 0.9, "tan")
    canvas.circle(0, 0, 0.75, canvas.choose("pink", "brown", "white"))
    for sprinkle in range(9):
        angle = sprinkle * 0.7 + canvas.rng.random() * 0.3
        x, y = 0.52 * math.cos(angle), 0.52 * math.sin(angle)
        end = (x + 0.1 * math.cos(3 * angle), y + 0.1 * math.sin(3 * angle))
        canvas.line([(x, y), end], 0.05, canvas.choose("blue", "yellow", "green"))
    canvas.circle(0, 0, 0.26, "white")


def egg(canvas: Canvas) -> None:
    bottom = oval(0, 0.15, 0.65, 0.7, 0, 180)
    top = oval(0, 0.15, 0.65, 1.05, 180, 360)
    canvas.fill([*bottom, *top], canvas.choose("white", "cream", "tan"))


def grapes(canvas: Canvas) -> None:
    colour = canvas.choose("purple", "green")
    canvas.line([(0, -0.5), (0.1, -0.95)], 0.08, "brown")
    for row in range(4):
        count = 4 - row
        for column in range(count):
            canvas.circle((column - (count - 1) / 2) * 0.42, -0.35 + row * 0.36, 0.23, colour)


def hamburger(canvas: Canvas) -> None:
    canvas.rounded(-0.8, 0.35, 0.8, 0.8, 0.2, "tan")
    canvas.rounded(-0.85, 0.15, 0.85, 0.4, 0.1, "dark brown" if canvas.shaded else "brown")
    canvas.rectangle(-0.85, 0, 0.85, 0.15, "green")
    canvas.segment(0, 0, 0.85, 0.75, 180, 360, "tan")
    for x, y in ((-0.3, -0.4), (0.1, -0.5), (0.4, -0.3)):
        canvas.dot(x, y, 0.04)


def ice_cream(canvas: Canvas) -> None:
    canvas.fill([(-0.42, -0.05), (0.42, -0.05), (0, 0.95)], "tan")
    canvas.circle(-0.25, -0.25, 0.32, canvas.choose("pink", "white", "brown"))
    canvas.circle(0.25, -0.25, 0.32, canvas.choose("cream", "light blue"))
    canvas.circle(0, -0.6, 0.32, canvas.choose("pink", "brown", "green"))


def pear(canvas: Canvas) -> None:
    canvas.line([(0, -0.7), (0.1, -0.95)], 0.08, "brown")
    bottom = oval(0, 0.4, 0.6, 0.55, -20, 200)
    left = curve((-0.56, 0.2), (-0.3, -0.1), (-0.27, -0.5))
    top = oval(0, -0.5, 0.27, 0.27, 180, 360)
    right = curve((0.27, -0.5), (0.3, -0.1), (0.56, 0.2))
    canvas.fill([*bottom, *left, *top, *right], canvas.choose("green", "yellow", "gold"))


def pineapple(canvas: Canvas) -> None:
    for x in (-0.45, -0.2, 0, 0.2, 0.45):
        canvas.fill([(-0.12, -0.3), (0.12, -0.3), (x, -0.95)], "green")
    canvas.ellipse(0, 0.3, 0.5, 0.63, "gold")
    for x in (-0.3, 0, 0.3):
        canvas.detail([(x - 0.25, 0.7), (x + 0.2, -0.1)])
        canvas.detail([(x + 0.25, 0.7), (x - 0.2, -0.1)])


def pizza(canvas: Canvas) -> None:
    canvas.fill([(0, 0.95), (-0.75, -0.5), (0.75, -0.5)], "yellow")
    canvas.line(curve((-0.78, -0.52), (0, -0.95), (0.78, -0.52)), 0.2, "tan")
    for x, y in ((-0.25, -0.25), (0.3, -0.2), (0.02, 0.25)):
        canvas.circle(x, y, 0.16, "red")


def strawberry(canvas: Canvas) -> None:
    left = curve((0, 0.95), (-1.1, 0.3), (-0.7, -0.6), (0, -0.5))
    right = curve((0, -0.5), (0.7, -0.6), (1.1, 0.3), (0, 0.95))
    canvas.fill([*left, *right], "red")
    upper = [(-0.5, -0.6), (-0.2, -0.5), (0, -0.9), (0.2, -0.5), (0.5, -0.6)]
    lower = [(0.25, -0.25), (0, -0.4), (-0.25, -0.25)]
    canvas.fill([*upper, *lower], "green")
    for x, y in ((-0.3, 0), (0.1, -0.05), (0.35, 0.1), (-0.1, 0.3), (0.15, 0.5)):
        canvas.dot(x, y, 0.05)


def watermelon(canvas: Canvas) -> None:
    canvas.segment(0, -0.3, 0.95, 0.95, 0, 180, "green")
    canvas.segment(0, -0.3, 0.78, 0.78, 0, 180, "red")
    for x, y in ((-0.4, -0.1), (0, 0), (0.4, -0.1), (-0.2, 0.2), (0.2, 0.2)):
        canvas.dot(x, y, 0.06)


PICTOGRAMS = (
    apple,
    banana,
    cake,
    carrot,
    cherry,
    donut,
    egg,
    grapes,
    hamburger,
    ice_cream,
    pear,
    pineapple,
    pizza,
    strawberry,
    watermelon,
)
