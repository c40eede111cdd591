"""`shortlist`: an encoder proposes the nearest classes, and the model chooses among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Literal, cast

from annotated_types import Ge

from snellen.class_list import CLOSED_SET, Side, check_slot
from snellen.list_question import lint_listed, list_question, read_listed
from snellen.templates import templates_of
from snellen.types import Classes, Embed, EmbedText, Example, Generate, Inquiry, Prediction, Preparation, Role, Vector
from snellen.vectors import ClassVectors, class_texts, embedded_classes

_ENCODER = "encoder"


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which model proposes, how many classes, and how they are put to the one that chooses.

    Retrieve, then rank (Liu et al. 2024, arXiv 2403.13805): `encoder`, such as `clip/openai/clip-vit-base-patch32`,
    compares the photo with the texts of each class that `templates` make (see `zero-shot`); the `k` nearest stand in
    the closed-set question, shuffled or the nearest first. How often the right class is among them is the ceiling of
    what can come of it.

    The background class is not compared, as no text says what it looks like: it always stands beside the `k` others.
    """

    encoder: str
    k: Annotated[int, Ge(2)] = 10
    templates: str | tuple[str, ...] = field(default="single")
    template: str = CLOSED_SET
    image: Side = "first"
    order: Literal["shuffled", "similarity"] = "shuffled"

    def __post_init__(self) -> None:
        check_slot(self.template)
        if self.templates not in ("single", "published"):
            object.__setattr__(self, "templates", templates_of(self.templates))

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate})

    @property
    def roles(self) -> Mapping[str, Role]:
        return {_ENCODER: Role(self.encoder, frozenset({Embed, EmbedText}))}

    def lint(self, classes: Classes) -> Iterator[str]:
        """Warns of names that an answer cannot hold."""
        return lint_listed(classes)

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The encoder's vectors of the classes."""
        texts = class_texts(classes.foreground, templates_of(self.templates), {})
        return (yield from embedded_classes(texts, to=_ENCODER))

    def inquire(self, classes: Classes, known: ClassVectors, rng: Random) -> Inquiry:
        """The photo's vector, then the question; `shortlist` are the names that stood in it, the nearest first."""
        (vector,) = yield [Embed(to=_ENCODER)]
        nearest = known.nearest(cast(Vector, vector), self.k)
        listed = (*nearest, classes.background) if classes.background is not None else nearest
        order = listed if self.order == "similarity" else tuple(rng.sample(listed, len(listed)))
        (answer,) = yield [list_question(order, self.template, self.image)]
        reading = read_listed(answer, order, classes)
        return Prediction(reading.label, reading.outcome, details={"shortlist": list(listed)})
