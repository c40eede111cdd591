"""`digits`: 1,797 handwritten digits that come with scikit-learn, black ink on white paper.

    snellen run -d digits -m …                       all of them, called "0" to "9"
    snellen run -d 'digits,names=words,size=96' -m …  called "zero" to "nine", smaller

They are the test part of the UCI set "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998), in
which a digit is 8 x 8 counts of ink from 0 to 16. A picture shows these smoothly enlarged, with a margin as wide as one
count: enlarged as blocks they would look like a mosaic, and a network's own resizing smooths them anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.png import png
from snellen.types import Classes, Example

_NAMES = {
    "digits": tuple("0123456789"),
    "words": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_CELLS = 10  # a side of 8 counts and a margin at both ends
_MOST_INK = 16


@dataclass(frozen=True, slots=True)
class Options:
    """`names`: the classes as digits ("0") or words ("zero"). `size`: a side in pixels; by default what CLIP sees."""

    names: Literal["digits", "words"] = "digits"
    size: Annotated[int, Ge(32), Le(1024)] = 224


@dataclass(frozen=True, eq=False)  # arrays are not simply equal
class Digits:
    """The digits in scikit-learn's order, each drawn when its turn comes."""

    options: Options
    counts: npt.NDArray[np.int64]  # 1797 x 8 x 8
    labels: npt.NDArray[np.int64]
    name: str = "digits"

    @property
    def classes(self) -> Classes:
        return Classes(_NAMES[self.options.names])

    @property
    def source(self) -> str:
        return f"digits:size={self.options.size}"

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Example]:
        for number, (counts, label) in enumerate(zip(self.counts, self.labels, strict=True)):
            yield Example(f"{number:04}", Image(data=png(drawn(counts, self.options.size))), self.classes.names[label])


def drawn(counts: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.uint8]:
    """The gray values of a digit given as 8 x 8 counts of ink, white where there is none; size x size."""
    # whole numbers below 2**53 are exact as floating-point numbers, and a quotient that is not whole is too far
    # from the next whole number to be rounded to it: the same pixels on every machine
    weights = enlargement(_CELLS, size).astype(np.float64)
    ink = weights @ np.pad(counts, 1) @ weights.T
    whole = _MOST_INK * (2 * size) ** 2
    return (255 - np.floor((255 * ink + whole // 2) / whole)).astype(np.uint8)


def load(name: str, options: Options) -> Digits:
    """The bundled digits. Raises WrongUse for any further name, Missing where scikit-learn is not installed."""
    if name:
        raise WrongUse(f"the data set 'digits' comes with scikit-learn: expected no path, got {name!r}")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise Missing("the data set 'digits' needs scikit-learn: pip install 'snellen[data]'") from None
    bundled: Any = load_digits()
    return Digits(options, bundled.images.astype(np.int64), bundled.target.astype(np.int64))


@cache
def enlargement(cells: int, size: int) -> npt.NDArray[np.int64]:
    """How much each of the `cells` counts for each of `size` pixels in linear interpolation, in parts of 2 x size."""
    weights = np.zeros((size, cells), dtype=np.int64)
    for pixel in range(size):
        place = (2 * pixel + 1) * cells - size  # of the pixel's centre from the first cell's, in parts of 2 x size
        cell, rest = divmod(place, 2 * size)
        weights[pixel, max(cell, 0)] += 2 * size - rest
        weights[pixel, min(cell + 1, cells - 1)] += rest
    return weights
