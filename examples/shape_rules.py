"""Two small models of Python and numpy that name drawn shapes: an example of models that are functions.

Both separate the object from the ground and describe it by numbers that do not depend on its place, size, turn or
colour; both compare these with the mean of a few pictures that they draw themselves, with another seed than the test's.
`careful` looks at the whole outline, `hasty` only at how much of its circle the object fills.

    snellen run -d shapes -m scripted/examples/shape_rules.py:careful -m scripted/examples/shape_rules.py:hasty
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from random import Random

import numpy as np
import PIL.Image

from snellen.datasets.shapes import OBJECTS, draw
from snellen.images import Image
from snellen.types import PHOTO, Choose, Failure, Generate, Question, Recognise, Scores

NAMES = (*(shape.__name__ for shape in OBJECTS), "background")
YES_NO = re.compile(r"[Ii]s (?:the|an?) (.+?) in this photo")
LISTED = re.compile(r"Choose one from (.+?)\. Answer", re.DOTALL)


def describe(picture: PIL.Image.Image) -> np.ndarray:
    """Nine numbers about the object: the filled part of its circle, and how its edge's distance varies around it."""
    pixels = np.asarray(picture.resize((96, 96)), dtype=np.float64)
    ground = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    difference = np.linalg.norm(pixels - ground, axis=2)
    rows, columns = np.nonzero(difference > difference.max() / 2)
    y, x = rows - rows.mean(), columns - columns.mean()
    distance = np.hypot(x, y)
    sector = ((np.arctan2(y, x) / np.pi + 1) * 24).astype(int) % 48
    edge = np.array([distance[sector == i].max(initial=0.0) for i in range(48)]) / distance.max()
    waves = np.abs(np.fft.rfft(edge))[1:8] / 24
    filled = len(rows) / (np.pi * distance.max() ** 2)
    hollow = np.mean(distance < distance.max() / 3)
    return np.array([filled, hollow, *waves])


@lru_cache(maxsize=1)
def centres() -> np.ndarray:
    """The mean description of each shape over twelve pictures."""
    return np.array(
        [np.mean([describe(draw(name, Random(f"own {name} {i}"), 80)) for i in range(12)], axis=0) for name in NAMES]
    )


def probabilities(image: Image, numbers: slice) -> dict[str, float]:
    """How likely each shape is, by the distance of descriptions."""
    gap = np.linalg.norm(centres()[:, numbers] - describe(image.pixels())[numbers], axis=1)
    weights = np.exp(-12 * (gap - gap.min()))
    return dict(zip(NAMES, (weights / weights.sum()).tolist(), strict=True))


def answer(question: Question, image: Image | None, numbers: slice) -> str | Scores | Failure:
    """Answers the study's questions in words, or with scores."""
    if image is None:
        return Failure("a picture is needed")
    known = probabilities(image, numbers)
    if isinstance(question, Recognise):
        return Scores(NAMES, tuple(known.values()))
    if not isinstance(question, (Generate, Choose)):
        return Failure(f"cannot answer {type(question).__name__}")
    text = " ".join(part for part in question.prompt if isinstance(part, str))
    if PHOTO not in question.prompt:  # without it one shape is as likely as another
        known = dict.fromkeys(NAMES, 1 / len(NAMES))
    if asked := YES_NO.search(text):
        yes = known.get(asked[1], 0.0)
        possible = {"No": 1 - yes, "Yes": yes}
    else:
        listed = LISTED.search(text)
        names = [name.strip(" {}") for name in listed[1].split(",")] if listed else NAMES
        possible = {name: known.get(name, 0.0) for name in names}
    if isinstance(question, Choose):
        return logarithms(question.choices, possible)
    return max(possible, key=possible.__getitem__)


def logarithms(choices: tuple[str, ...], possible: dict[str, float]) -> Scores:
    """The log-probabilities of the choices, whatever their case."""
    folded = {name.casefold(): probability for name, probability in possible.items()}
    found = [folded.get(choice.casefold(), 0.0) for choice in choices]
    return Scores(choices, tuple(math.log(each) if each else -math.inf for each in found))


def careful(question: Question, image: Image | None) -> str | Scores | Failure:
    """Looks at the whole outline."""
    return answer(question, image, slice(None))


def hasty(question: Question, image: Image | None) -> str | Scores | Failure:
    """Looks at the filled part of the circle alone."""
    return answer(question, image, slice(1))
