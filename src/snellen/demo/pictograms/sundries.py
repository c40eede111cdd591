"""Signs, games, figures and other things of no family."""

from __future__ import annotations

from snellen.demo.pictograms.canvas import Canvas, curve, oval, regular

_PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, 1), (-1, 1), (1, -1)),
    5: ((-1, -1), (1, 1), (-1, 1), (1, -1), (0, 0)),
    6: ((-1, -1), (1, 1), (-1, 1), (1, -1), (-1, 0), (1, 0)),
}


def anchor(canvas: Canvas) -> None:
    colour = canvas.choose("navy", "grey", "black", "blue")
    canvas.arc(0, -0.72, 0.17, 0.17, 0, 360, 0.1, colour)
    canvas.line([(0, -0.55), (0, 0.85)], 0.12, colour)
    canvas.line([(-0.4, -0.3), (0.4, -0.3)], 0.11, colour)
    canvas.arc(0, 0.2, 0.7, 0.65, 10, 170, 0.13, colour)
    for side in (-1, 1):
        canvas.fill([(side * 0.9, 0.35), (side * 0.7, 0), (side * 0.5, 0.4)], colour)


def dice(canvas: Canvas) -> None:
    canvas.rounded(-0.8, -0.8, 0.8, 0.8, 0.2, canvas.choose("white", "red", "cream"))
    for x, y in _PIPS[int(canvas.rng.integers(1, 7))]:
        canvas.dot(0.42 * x, 0.42 * y, 0.15)


def eye(canvas: Canvas) -> None:
    lids = curve((-0.95, 0), (0, -1.15), (0.95, 0)) + curve((0.95, 0), (0, 1.15), (-0.95, 0))
    canvas.fill(lids, "white")
    canvas.circle(0, 0, 0.4, canvas.choose("blue", "green", "brown"))
    canvas.dot(0, 0, 0.2)


def flag(canvas: Canvas) -> None:
    canvas.line([(-0.7, -0.92), (-0.7, 0.95)], 0.09, "brown")
    top = curve((-0.65, -0.85), (-0.2, -1.05), (0.2, -0.6), (0.9, -0.8))
    bottom = curve((0.9, 0.05), (0.2, 0.3), (-0.2, -0.2), (-0.65, 0.05))
    canvas.fill(top + bottom, canvas.choose("red", "blue", "green", "yellow"))


def ghost(canvas: Canvas) -> None:
    hem = [(0.65, 0.85), (0.43, 0.6), (0.22, 0.85), (0, 0.6), (-0.22, 0.85), (-0.43, 0.6), (-0.65, 0.85)]
    canvas.fill(oval(0, -0.25, 0.65, 0.65, 180, 360) + hem, canvas.choose("white", "light blue", "light grey"))
    _eyes(canvas, 0.22, -0.25, 0.12)


def kite(canvas: Canvas) -> None:
    colour = canvas.choose("red", "blue", "green", "purple")
    canvas.detail(curve((0, 0.45), (0.5, 0.6), (-0.4, 0.8), (0.2, 0.98)), weight=1.4)
    canvas.fill([(0, -0.95), (0.6, -0.3), (0, 0.5), (-0.6, -0.3)], colour)
    canvas.fill([(0, -0.95), (0.6, -0.3), (0, -0.3)], "yellow")
    canvas.fill([(0, 0.5), (-0.6, -0.3), (0, -0.3)], "yellow")


def music_note(canvas: Canvas) -> None:
    colour = canvas.choose("black", "navy", "blue", "red")
    canvas.line([(-0.3, 0.6), (-0.3, -0.75)], 0.1, colour)
    canvas.line([(0.6, 0.45), (0.6, -0.9)], 0.1, colour)
    canvas.fill([(-0.35, -0.75), (0.65, -0.95), (0.65, -0.65), (-0.35, -0.45)], colour)
    canvas.ellipse(-0.5, 0.65, 0.27, 0.2, colour, -20)
    canvas.ellipse(0.4, 0.5, 0.27, 0.2, colour, -20)


def smiley_face(canvas: Canvas) -> None:
    canvas.circle(0, 0, 0.92, "yellow")
    _eyes(canvas, 0.32, -0.25, 0.12)
    canvas.detail(oval(0, 0.1, 0.5, 0.45, 15, 165), weight=2)


def snowman(canvas: Canvas) -> None:
    canvas.circle(0, 0.5, 0.45, "white")
    canvas.circle(0, -0.22, 0.32, "white")
    canvas.rectangle(-0.4, -0.58, 0.4, -0.48, "black")
    canvas.rectangle(-0.25, -0.95, 0.25, -0.5, "black")
    _eyes(canvas, 0.12, -0.28, 0.05)
    canvas.fill([(0, -0.2), (0.3, -0.14), (0, -0.1)], "orange")
    canvas.dot(0, 0.35, 0.05)
    canvas.dot(0, 0.6, 0.05)


def soccer_ball(canvas: Canvas) -> None:
    canvas.circle(0, 0, 0.92, "white")
    canvas.fill(regular(5, 0.32), "black")
    for x, y in regular(5, 1):
        canvas.detail([(0.32 * x, 0.32 * y), (0.62 * x, 0.62 * y)])
        corners = ((0.6, 0.2), (0.6, -0.2), (0.86, -0.15), (0.86, 0.15))  # outwards and sideways
        canvas.fill([(out * x - side * y, out * y + side * x) for out, side in corners], "black")


def stop_sign(canvas: Canvas) -> None:
    canvas.rectangle(-0.07, 0.3, 0.07, 0.98, "grey")
    canvas.fill([(x, y - 0.25) for x, y in regular(8, 0.7, 22.5)], "red")
    canvas.rectangle(-0.42, -0.38, 0.42, -0.12, "white")


def target(canvas: Canvas) -> None:
    for radius, colour in ((0.93, "red"), (0.7, "white"), (0.47, "red"), (0.22, "white")):
        canvas.circle(0, 0, radius, colour)


def traffic_light(canvas: Canvas) -> None:
    canvas.rounded(-0.38, -0.95, 0.38, 0.95, 0.12, "dark grey")
    for y, colour in ((-0.6, "red"), (0, "yellow"), (0.6, "green")):
        canvas.circle(0, y, 0.24, colour)


def trophy(canvas: Canvas) -> None:
    for x in (-0.5, 0.5):
        canvas.arc(x, -0.5, 0.3, 0.28, 0, 360, 0.1, "gold")
    bowl = curve((-0.55, -0.85), (-0.5, 0.3), (0, 0.25)) + curve((0, 0.25), (0.5, 0.3), (0.55, -0.85))
    canvas.fill(bowl, "gold")
    canvas.rectangle(-0.09, 0.2, 0.09, 0.6, "gold")
    canvas.rectangle(-0.42, 0.6, 0.42, 0.92, "brown")


def _eyes(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.dot(-x, y, radius)
    canvas.dot(x, y, radius)


PICTOGRAMS = (
    anchor,
    dice,
    eye,
    flag,
    ghost,
    kite,
    music_note,
    smiley_face,
    snowman,
    soccer_ball,
    stop_sign,
    target,
    traffic_light,
    trophy,
)
