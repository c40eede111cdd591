"""Vectors of classes, and how near a vector of an image or of a text is to each of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from snellen.templates import filled
from snellen.types import MODEL, Answer, EmbedText, Question, Vector

Matrix = npt.NDArray[np.float32]
_ROUND = 512  # texts


@dataclass(frozen=True, slots=True, eq=False)
class ClassVectors:
    """A unit vector for each class, float32 [class, dimension], and how the model compares them with images.

    `scale` and `bias` are the text vectors' own (see `Vector`).
    """

    names: tuple[str, ...]
    matrix: Matrix
    scale: float | None = None
    bias: float | None = None

    def cosines(self, vector: Vector) -> Matrix:
        """The cosine of the vector with each class's, [class]. Raises ValueError where their sizes differ."""
        if len(vector.values) != self.matrix.shape[1]:
            raise ValueError(f"a vector of {len(vector.values)} values cannot be compared with {self.matrix.shape[1]}")
        return np.asarray(self.matrix @ unit(vector.values))

    def nearest(self, vector: Vector, count: int) -> tuple[str, ...]:
        """The names of the classes with the highest cosines, the highest first, of equals the first."""
        places = np.argsort(-self.cosines(vector), kind="stable")[:count]
        return tuple(self.names[place] for place in places)

    def scores(self, vector: Vector) -> dict[str, float]:
        """How well each class fits, as the model was trained to say it.

        A softmax over the scaled cosines (CLIP: Radford et al. 2021, arXiv 2103.00020, figure 3), a sigmoid of each
        (SigLIP: Zhai et al. 2023, arXiv 2303.15343, algorithm 1), or the cosines where the model tells no scale.
        """
        values = self.cosines(vector).astype(np.float64)
        if self.scale is not None and self.bias is not None:
            values = 1 / (1 + np.exp(-(values * self.scale + self.bias)))
        elif self.scale is not None:
            powers = np.exp(self.scale * (values - values.max()))
            values = powers / powers.sum()
        return dict(zip(self.names, values.tolist(), strict=True))


def unit(values: Matrix) -> Matrix:
    """The vectors with length 1 (along the last axis); one of length 0 stays."""
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def embedded_classes(
    texts: Mapping[str, Sequence[str]], to: str = MODEL
) -> Generator[Sequence[Question], Sequence[Answer], ClassVectors]:
    """Asks for the vectors of each class's texts and joins them: the unit vector of the mean of unit vectors.

    That is the ensemble in embedding space of Radford et al. 2021, section 3.1.4. A round is of so many classes that
    the model can read texts together, and of no more, as their vectors are held until they are joined.
    """
    rows = []
    scale = bias = None
    for group in _in_rounds(list(texts.values())):
        answers = yield [EmbedText(text, to) for written in group for text in written]
        vectors = cast("Sequence[Vector]", answers)
        scale, bias = vectors[0].scale, vectors[0].bias
        read = iter(unit(stacked(vectors)))
        rows += [unit(np.stack([next(read) for _ in written]).mean(axis=0)) for written in group]
    return ClassVectors(tuple(texts), np.stack(rows), scale, bias)


def _in_rounds(texts: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """The texts of whole classes, some _ROUND of them at a time."""
    group: list[Sequence[str]] = []
    for written in texts:
        group.append(written)
        if sum(map(len, group)) >= _ROUND:
            yield group
            group = []
    if group:
        yield group


def class_texts(names: Sequence[str], templates: Sequence[str], own: Mapping[str, str]) -> dict[str, list[str]]:
    """The texts of each class: every template filled with its name; of the classes in `own`, the text given there."""
    return {name: [own[name]] if name in own else [filled(template, name) for template in templates] for name in names}


def best(scores: Mapping[str, float]) -> str:
    """The class with the highest score, the first of equals."""
    return max(scores, key=scores.__getitem__)


def stacked(answers: Sequence[Any]) -> Matrix:
    """The vectors of answers, [answer, dimension]."""
    return np.stack([vector.values for vector in cast("Sequence[Vector]", answers)])
