"""`demo/pictograms`: pictures of 138 simple objects and a background, drawn on the spot, for a first look.

    snellen run -d demo/pictograms --classes 21 -m demo/vlm
    snellen run -d 'demo/pictograms,pictures=50,drawing_seed=1' -m …

An object stands on some ground in some pose, colour and style of drawing, often partly covered, blurred or noisy; the
background class shows clutter alone. The pixels depend on the seed, the class and the number of the picture (and to the
last bit on the versions of Pillow and NumPy).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from snellen.demo import pictograms
from snellen.errors import WrongUse, nearest
from snellen.images import Image
from snellen.png import png
from snellen.types import Classes, Example

FIRST_SHOWN = 10_000_000  # the pictures before are for training models
_EASIEST = 0.45  # so that models that know the objects well are right about 90 to 95 % of 139 classes, not 98 %
_MOST = 1_000_000  # pictures of a class with one seed
_NAMES = ("pictograms",)


@dataclass(frozen=True, slots=True)
class Options:
    """`pictures`: how many of each class. `drawing_seed`: another gives other pictures. `size`: a side in pixels."""

    pictures: Annotated[int, Ge(1), Le(_MOST)] = 20
    drawing_seed: Annotated[int, Ge(0), Le(1000)] = 0
    size: Annotated[int, Ge(32), Le(512)] = pictograms.SIZE


@dataclass(frozen=True, slots=True)
class Pictograms:
    """The pictures of all classes, each drawn when it is looked at."""

    options: Options

    @property
    def name(self) -> str:
        """With the seed, where another than usual was given: those are other pictures."""
        seed = self.options.drawing_seed
        return f"demo/pictograms-{seed}" if seed else "demo/pictograms"

    @property
    def classes(self) -> Classes:
        return Classes(pictograms.CLASSES, pictograms.BACKGROUND)

    @property
    def source(self) -> str:
        """Without the number a class: a larger data set goes on where a smaller one ended."""
        return f"demo/pictograms:seed={self.options.drawing_seed},size={self.options.size}"

    def __len__(self) -> int:
        return len(pictograms.CLASSES) * self.options.pictures

    def __iter__(self) -> Iterator[Example]:
        first = FIRST_SHOWN + self.options.drawing_seed * _MOST
        for name in pictograms.CLASSES:
            for number in range(self.options.pictures):
                drawn = Image(data=partial(_drawn, name, first + number, self.options.size))
                yield Example(f"{name}/{number + 1:04}", drawn, name)


def difficulty_of(name: str, number: int) -> float:
    """How hard a picture of the data set is, evenly from `_EASIEST` to 1."""
    return Random(f"{name}/{number}").uniform(_EASIEST, 1)


def _drawn(name: str, number: int, size: int) -> bytes:
    return png(np.asarray(pictograms.draw(name, number, size, difficulty_of(name, number))))


def load(name: str, options: Options) -> Pictograms:
    """The drawn data set. Raises WrongUse for a name that is none of the demo's."""
    if name not in _NAMES:
        raise WrongUse(f"the demo has no data set {name!r}{nearest(name, _NAMES)}; write demo/pictograms")
    return Pictograms(options)
