"""Weather, land and plants."""

from __future__ import annotations

import math

from snellen.demo.pictograms.canvas import Canvas, curve, oval


def cactus(canvas: Canvas) -> None:
    canvas.arc(-0.25, 0.1, 0.35, 0.35, 90, 180, 0.22, "green")
    canvas.line([(-0.6, 0.1), (-0.6, -0.2)], 0.22, "green")
    canvas.arc(0.25, -0.05, 0.35, 0.35, 0, 90, 0.22, "green")
    canvas.line([(0.6, -0.05), (0.6, -0.4)], 0.22, "green")
    canvas.rounded(-0.2, -0.9, 0.2, 0.7, 0.19, "green")
    canvas.fill([(-0.4, 0.6), (0.4, 0.6), (0.3, 0.95), (-0.3, 0.95)], "orange")


def cloud(canvas: Canvas) -> None:
    left = oval(-0.5, 0.15, 0.4, 0.35, 90, 270)
    top = oval(-0.2, -0.15, 0.42, 0.42, 190, 310)
    top_right = oval(0.3, -0.05, 0.38, 0.38, 240, 340)
    right = oval(0.6, 0.2, 0.33, 0.3, 270, 450)
    canvas.fill([*left, *top, *top_right, *right], canvas.choose("white", "light grey", "light blue"))


def fir_tree(canvas: Canvas) -> None:
    canvas.rectangle(-0.12, 0.6, 0.12, 0.95, "brown")
    for y, half in ((0.7, 0.7), (0.25, 0.55), (-0.2, 0.4)):
        canvas.fill([(-half, y), (half, y), (0, y - 0.75)], "dark green")


def flame(canvas: Canvas) -> None:
    left = curve((0, 0.95), (-1.0, 0.7), (-0.6, -0.1), (-0.35, -0.2))
    tip = curve((-0.3, -0.1), (-0.1, -0.5), (0, -0.95))
    notch = curve((0.1, -0.9), (0.35, -0.4), (0.4, -0.1))
    right = curve((0.45, -0.3), (0.95, 0.6), (0, 0.95))
    canvas.fill([*left, *tip, *notch, *right], "orange")
    inner_left = curve((0, 0.9), (-0.5, 0.6), (0, 0))
    inner_right = curve((0, 0), (0.5, 0.6), (0, 0.9))
    canvas.fill([*inner_left, *inner_right], "yellow")


def flower(canvas: Canvas) -> None:
    canvas.line([(0, 0), (0, 0.95)], 0.09, "green")
    canvas.ellipse(0.25, 0.6, 0.25, 0.1, "green", -25)
    colour = canvas.choose("red", "pink", "purple", "white", "blue")
    for degrees in range(0, 360, 60):
        angle = math.radians(degrees)
        canvas.ellipse(0.33 * math.cos(angle), -0.35 + 0.33 * math.sin(angle), 0.27, 0.2, colour, degrees)
    canvas.circle(0, -0.35, 0.2, "yellow")


def leaf(canvas: Canvas) -> None:
    upper = curve((-0.75, 0.6), (-0.7, -0.7), (0.85, -0.85))
    lower = curve((0.85, -0.85), (0.7, 0.7), (-0.75, 0.6))
    canvas.fill([*upper, *lower], canvas.choose("green", "dark green", "orange"))
    canvas.detail([(-0.95, 0.8), (0.6, -0.6)])
    canvas.detail([(-0.1, 0), (-0.05, -0.5)])
    canvas.detail([(-0.1, 0), (0.4, 0.1)])


def lightning(canvas: Canvas) -> None:
    bolt = [(0.1, -0.95), (-0.5, 0.1), (-0.08, 0.1), (-0.3, 0.95), (0.5, -0.2), (0.08, -0.2), (0.4, -0.95)]
    canvas.fill(bolt, canvas.choose("yellow", "gold", "orange"))


def mountain(canvas: Canvas) -> None:
    canvas.fill([(-0.1, 0.7), (0.45, -0.35), (0.98, 0.7)], "grey")
    canvas.fill([(-0.98, 0.7), (-0.25, -0.75), (0.5, 0.7)], "dark grey" if canvas.shaded else "grey")
    snow = [(-0.5, -0.25), (-0.25, -0.75), (0, -0.25), (-0.15, -0.35), (-0.27, -0.2), (-0.38, -0.35)]
    canvas.fill(snow, "white")


def mushroom(canvas: Canvas) -> None:
    canvas.rounded(-0.22, -0.1, 0.22, 0.9, 0.15, "cream")
    canvas.segment(0, 0.05, 0.85, 0.85, 180, 360, canvas.choose("red", "brown"))
    for x, y, radius in ((-0.4, -0.25, 0.12), (0.1, -0.5, 0.14), (0.45, -0.2, 0.11)):
        canvas.circle(x, y, radius, "white")


def palm_tree(canvas: Canvas) -> None:
    top = (0.05, -0.4)
    canvas.line(curve((-0.15, 0.95), (0.1, 0.3), top), 0.15, "brown")
    for degrees in (-160, -120, -60, -20, 25, 155):
        angle = math.radians(degrees)
        x, y = 0.05 + 0.8 * math.cos(angle), -0.4 + 0.5 * math.sin(angle)
        middle, end = (x + 0.05) / 2, (x, y + 0.15)
        canvas.fill([*curve(top, (middle, y - 0.3), end), *curve(end, (middle, y), top)], "green")


def rainbow(canvas: Canvas) -> None:
    for radius, colour in ((0.95, "red"), (0.8, "orange"), (0.65, "green"), (0.5, "blue")):
        canvas.arc(0, 0.45, radius, radius, 180, 360, 0.16, colour)


def snowflake(canvas: Canvas) -> None:
    colour = canvas.choose("light blue", "white", "blue")
    for arm in range(6):
        x, y = math.cos(arm * math.pi / 3), math.sin(arm * math.pi / 3)
        canvas.line([(0, 0), (x * 0.95, y * 0.95)], 0.09, colour)
        for fork in (0.45, 0.7):
            out = fork + 0.2
            left = (x * out - y * 0.2, y * out + x * 0.2)
            right = (x * out + y * 0.2, y * out - x * 0.2)
            canvas.line([left, (x * fork, y * fork), right], 0.07, colour)


def sun(canvas: Canvas) -> None:
    for ray in range(10):
        x, y = math.cos(ray * math.pi / 5), math.sin(ray * math.pi / 5)
        canvas.line([(0.65 * x, 0.65 * y), (0.95 * x, 0.95 * y)], 0.1, "orange")
    canvas.circle(0, 0, 0.5, "yellow")


def tree(canvas: Canvas) -> None:
    canvas.rectangle(-0.14, 0.2, 0.14, 0.95, "brown")
    for x, y in ((-0.38, 0), (0.38, 0), (0, -0.45)):
        canvas.circle(x, y, 0.42, "green")
    canvas.circle(0, -0.1, 0.4, "green")


def tulip(canvas: Canvas) -> None:
    canvas.line([(0, 0), (0, 0.95)], 0.09, "green")
    canvas.fill([*curve((0, 0.9), (0.6, 0.6), (0.5, 0.05)), (0.1, 0.7)], "green")
    left = curve((-0.42, -0.85), (-0.6, 0.2), (0, 0.2))
    right = curve((0, 0.2), (0.6, 0.2), (0.42, -0.85))
    rim = [(0.2, -0.4), (0, -0.9), (-0.2, -0.4)]
    canvas.fill([*left, *right, *rim], canvas.choose("red", "pink", "purple", "yellow"))


def volcano(canvas: Canvas) -> None:
    slopes = [(-0.95, 0.8), (-0.3, -0.2), (0.3, -0.2), (0.95, 0.8)]
    canvas.fill(slopes, "dark brown" if canvas.shaded else "brown")
    lava = [(-0.3, -0.2), (0.3, -0.2), (0.2, 0.15), (0.05, -0.02), (-0.1, 0.25), (-0.2, 0)]
    canvas.fill(lava, "red")
    for x, y, radius in ((-0.05, -0.45, 0.2), (0.15, -0.65, 0.22), (-0.15, -0.8, 0.17)):
        canvas.circle(x, y, radius, "grey")


PICTOGRAMS = (
    cactus,
    cloud,
    fir_tree,
    flame,
    flower,
    leaf,
    lightning,
    mountain,
    mushroom,
    palm_tree,
    rainbow,
    snowflake,
    sun,
    tree,
    tulip,
    volcano,
)
