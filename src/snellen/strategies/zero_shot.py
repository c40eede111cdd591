"""`zero-shot`: the class whose texts are nearest to the photo, by a model that compares images with texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import cast

from snellen.errors import WrongUse
from snellen.templates import templates_of
from snellen.types import Classes, Embed, EmbedText, Example, Inquiry, Outcome, Prediction, Preparation, Vector
from snellen.vectors import ClassVectors, class_texts, embedded_classes


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which texts stand for a class.

    `templates`: `single` ("a photo of a {name}."), `published` (the 80 of CLIP's own ImageNet figures), a template of
    your own, or a text file with one a line, whose content is kept. Several are joined as their mean vector.
    `background`: a text for the background class, in place of its name in the templates.
    """

    templates: str | tuple[str, ...] = field(default="single")
    background: str | None = None

    def __post_init__(self) -> None:
        if self.templates not in ("single", "published"):
            object.__setattr__(self, "templates", templates_of(self.templates))

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Embed, EmbedText})

    def check(self, classes: Classes) -> None:
        """Raises WrongUse where there is a text for a background class that does not exist."""
        if self.background is not None and classes.background is None:
            raise WrongUse(f"zero-shot: background={self.background!r} needs a background class, and there is none")

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The vectors of the classes."""
        own = {}
        if self.background is not None and classes.background is not None:
            own[classes.background] = self.background
        return (yield from embedded_classes(class_texts(classes.names, templates_of(self.templates), own)))

    def inquire(self, classes: Classes, known: ClassVectors, rng: Random) -> Inquiry:
        """One question: the vector of the photo."""
        (answer,) = yield [Embed()]
        vector = cast(Vector, answer)
        if not vector.values.any():  # it points nowhere, and is near to no class
            return Prediction(None, Outcome.OUT_OF_LIST)
        # scores may be equal where cosines are not: a sigmoid ends at 1
        return Prediction(known.nearest(vector, 1)[0], Outcome.SCORED, known.scores(vector))
