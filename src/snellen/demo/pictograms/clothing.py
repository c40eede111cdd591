"""Clothing."""

from __future__ import annotations

from snellen.demo.pictograms.canvas import Canvas, curve, oval


def top_hat(canvas: Canvas) -> None:
    canvas.ellipse(0, 0.55, 0.95, 0.2, "black")
    canvas.fill([(-0.5, 0.5), (-0.58, -0.75), (0.58, -0.75), (0.5, 0.5)], "dark grey")
    canvas.fill([(-0.52, 0.25), (0.52, 0.25), (0.5, 0.5), (-0.5, 0.5)], "red")


def shirt(canvas: Canvas) -> None:
    left = [(-0.3, -0.75), (-0.95, -0.4), (-0.75, 0.05), (-0.5, -0.1), (-0.5, 0.85)]
    right = [(0.5, 0.85), (0.5, -0.1), (0.75, 0.05), (0.95, -0.4), (0.3, -0.75)]
    collar = curve((0.3, -0.75), (0, -0.4), (-0.3, -0.75))
    canvas.fill(left + right + collar, canvas.any_colour())


def trousers(canvas: Canvas) -> None:
    outline = [(-0.5, -0.92), (0.5, -0.92), (0.62, 0.92), (0.15, 0.92), (0, -0.25), (-0.15, 0.92), (-0.62, 0.92)]
    canvas.fill(outline, canvas.choose("blue", "navy", "brown", "grey", "green"))
    canvas.detail([(-0.5, -0.72), (0.5, -0.72)])


def sock(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue", "green", "purple")
    leg = [(-0.3, -0.92), (0.3, -0.92), (0.3, 0.2)]
    toes = curve((0.3, 0.2), (0.5, 0.35), (0.9, 0.4), (0.85, 0.85))
    heel = curve((0.85, 0.85), (-0.2, 1), (-0.3, 0.4))
    canvas.fill(leg + toes + heel, colour)
    canvas.rectangle(-0.34, -0.95, 0.34, -0.65, "white")
    canvas.detail([(-0.28, -0.3), (0.28, -0.3)], weight=2)
    canvas.detail([(-0.28, -0.05), (0.28, -0.05)], weight=2)


def boot(canvas: Canvas) -> None:
    toes = curve((0.2, 0.2), (0.9, 0.2), (0.9, 0.7))
    outline = [(-0.45, -0.92), (0.2, -0.92), (0.2, 0.2), *toes, (-0.5, 0.7)]
    canvas.fill(outline, canvas.choose("brown", "black", "yellow", "red"))
    canvas.rectangle(-0.55, 0.7, 0.95, 0.88, "black")


def glasses(canvas: Canvas) -> None:
    colour = canvas.choose("black", "red", "brown", "blue")
    canvas.line(oval(0, -0.05, 0.16, 0.14, 200, 340), 0.07, colour)
    for side in (-1, 1):
        canvas.line([(side * 0.85, -0.05), (side * 0.97, -0.3)], 0.07, colour)
        canvas.circle(side * 0.5, 0.05, 0.38, "light blue")
        canvas.arc(side * 0.5, 0.05, 0.38, 0.38, 0, 360, 0.09, colour)


def crown(canvas: Canvas) -> None:
    outline = [(-0.8, 0.6), (-0.9, -0.5), (-0.42, 0.05), (0, -0.75), (0.42, 0.05), (0.9, -0.5), (0.8, 0.6)]
    canvas.fill(outline, "gold")
    for x, y in ((-0.9, -0.55), (0, -0.8), (0.9, -0.55)):
        canvas.circle(x, y, 0.1, "red")
    canvas.rectangle(-0.8, 0.4, 0.8, 0.65, "red")


PICTOGRAMS = (boot, crown, glasses, shirt, sock, top_hat, trousers)
