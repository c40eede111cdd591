"""Tools, and what hangs beside them."""

from __future__ import annotations

from snellen.demo.pictograms.canvas import Canvas, curve


def axe(canvas: Canvas) -> None:
    canvas.rectangle(-0.08, -0.85, 0.1, 0.95, "brown")
    canvas.fill([(0.1, -0.7), *curve((0.65, -0.95), (0.9, -0.4), (0.65, 0.15)), (0.1, -0.2)], "grey")


def broom(canvas: Canvas) -> None:
    canvas.line([(0, -0.95), (0, 0.3)], 0.09, "brown")
    canvas.fill([(-0.2, 0.2), (0.2, 0.2), (0.5, 0.95), (-0.5, 0.95)], "yellow")
    for x in (-0.3, -0.1, 0.1, 0.3):
        canvas.detail([(x * 0.4, 0.35), (x, 0.9)])
    canvas.rectangle(-0.22, 0.2, 0.22, 0.35, "red")


def bucket(canvas: Canvas) -> None:
    canvas.arc(0, -0.4, 0.6, 0.55, 180, 360, 0.07, "grey")
    colour = canvas.choose("blue", "red", "grey", "green")
    canvas.fill([(-0.7, -0.4), (0.7, -0.4), (0.48, 0.85), (-0.48, 0.85)], colour)
    canvas.ellipse(0, -0.4, 0.7, 0.14, "light blue")


def hammer(canvas: Canvas) -> None:
    canvas.rectangle(-0.09, -0.4, 0.09, 0.95, canvas.choose("brown", "orange", "tan"))
    head = [(-0.55, -0.75), (0.3, -0.75), (0.7, -0.6), (0.3, -0.35), (-0.55, -0.35)]
    canvas.fill(head, "dark grey" if canvas.shaded else "grey")


def key(canvas: Canvas) -> None:
    colour = canvas.choose("gold", "grey", "light grey")
    canvas.line([(-0.2, 0), (0.9, 0)], 0.14, colour)
    canvas.line([(0.85, 0), (0.85, 0.35)], 0.14, colour)
    canvas.line([(0.6, 0), (0.6, 0.3)], 0.14, colour)
    canvas.arc(-0.55, 0, 0.32, 0.32, 0, 360, 0.16, colour)


def ladder(canvas: Canvas) -> None:
    colour = canvas.choose("brown", "orange", "grey")
    for rung in range(5):
        y = 0.75 - 0.33 * rung
        canvas.line([(-0.35, y), (0.35, y)], 0.09, colour)
    for x in (-0.38, 0.38):
        canvas.line([(x, 0.95), (x, -0.95)], 0.11, colour)


def padlock(canvas: Canvas) -> None:
    canvas.arc(0, -0.15, 0.4, 0.6, 180, 360, 0.17, "grey")
    canvas.rounded(-0.65, -0.15, 0.65, 0.9, 0.12, canvas.choose("gold", "red", "blue"))
    canvas.circle(0, 0.25, 0.14, "black")
    canvas.fill([(-0.07, 0.3), (0.07, 0.3), (0.1, 0.65), (-0.1, 0.65)], "black")


def paintbrush(canvas: Canvas) -> None:
    canvas.line([(-0.1, 0.1), (-0.85, 0.85)], 0.13, "orange")
    canvas.fill([(-0.2, 0.05), (0.1, 0.2), (0.3, -0.05), (0.05, -0.25)], "light grey")
    outer = curve((0.28, 0.02), (0.7, -0.2), (0.9, -0.9))
    inner = curve((0.9, -0.9), (0.1, -0.7), (0.02, -0.2))
    canvas.fill([(0.02, -0.2), (0.28, 0.02), *outer, *inner], canvas.choose("red", "blue", "green", "brown"))


def pencil(canvas: Canvas) -> None:
    canvas.rectangle(-0.95, -0.17, 0.45, 0.17, canvas.choose("yellow", "red", "blue", "green"))
    canvas.fill([(0.45, -0.17), (0.95, 0), (0.45, 0.17)], "tan")
    canvas.fill([(0.78, -0.06), (0.95, 0), (0.78, 0.06)], "black")
    canvas.rectangle(-0.98, -0.17, -0.75, 0.17, "pink")
    canvas.detail([(-0.75, -0.05), (0.45, -0.05)])


def saw(canvas: Canvas) -> None:
    teeth = [(0.95 - 0.09 * i, 0.2 + 0.1 * (i % 2)) for i in range(15)]
    canvas.fill([(-0.4, -0.3), (0.95, -0.05), (0.95, 0.2), *teeth, (-0.4, 0.2)], "light grey")
    canvas.rounded(-0.95, -0.4, -0.4, 0.35, 0.15, canvas.choose("brown", "orange", "red"))
    canvas.rounded(-0.8, -0.2, -0.55, 0.15, 0.1, "white")


def scissors(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue", "orange", "black")
    for side in (1, -1):
        blade = [(-0.1 * side, 0.15), (0.35 * side, -0.95), (0.42 * side, -0.6), (0.08 * side, 0.2)]
        canvas.fill(blade, "light grey")
    for x in (-0.33, 0.33):
        canvas.arc(x, 0.6, 0.24, 0.28, 0, 360, 0.12, colour)
    for x in (-0.2, 0.2):
        canvas.line([(0, 0.15), (x, 0.4)], 0.1, colour)


PICTOGRAMS = (axe, broom, bucket, hammer, key, ladder, padlock, paintbrush, pencil, saw, scissors)
