"""`open-set`: no list is given; the model says what it sees, and the class is read out of that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, cast

from annotated_types import Ge, Le

from snellen.class_list import Side, beside
from snellen.labels import Reading, contained, read_label, recorded
from snellen.types import (
    PHOTO,
    Classes,
    EmbedText,
    Example,
    Finish,
    Generate,
    Inquiry,
    Outcome,
    Prediction,
    Preparation,
    Role,
    Text,
    Vector,
)
from snellen.vectors import ClassVectors, embedded_classes

OPEN_SET = "What type of object is in this photo?"  # arXiv 2405.18415 and 2503.21851, to the letter
_PLACES = re.compile(r"((?:(?!<loc_\d+>).)*)((?:<loc_\d+>)+)", re.DOTALL)
_ALONE = (Outcome.EXACT, Outcome.NORMALISED)
_SAYS_NOTHING = (Outcome.EMPTY, Outcome.REFUSED)
_ENCODER = "encoder"


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is asked of a photo, of a chat model, a captioner or a model with tasks (`-s 'open-set,prompt=<CAPTION>'`).

    The `prompt` is sent as it is: a question, a task of Florence-2, `Question: … Answer:` for BLIP-2, `a photo of` for
    BLIP and GIT to go on from; an empty one shows the photo alone, for which a captioner writes its caption.
    A class is read where it is the only one that the answer names, by whole names; two are ambiguous.
    Where the answer says where things are (`<OD>`, `<DENSE_REGION_CAPTION>`: `car<loc_52><loc_333><loc_932><loc_774>`),
    the main object is the one with the largest box, and its label alone is read.
    The background class is predicted only where the answer is its name and no more: any photo has a background.
    `max_tokens` leaves room for a caption or a few boxes; models that answer in a word end by themselves.

    With an `encoder` (`text/minishlab/potion-base-8M`, or `clip/…`) an answer in which no class can be read is mapped
    to the class whose name is nearest to it, by the cosine of their vectors; the background class is none of these.
    Where the cosine is below `threshold` it stays unread. `raw` in a record is what the answer alone gave: the results
    tell both accuracies, as what is read by force may flatter a model as much as what is dropped belittles it.
    """

    prompt: str = OPEN_SET
    image: Side = "first"
    max_tokens: Annotated[int, Ge(1)] = 50
    encoder: str | None = None
    threshold: Annotated[float, Ge(-1), Le(1)] | None = None

    def __post_init__(self) -> None:
        if self.encoder is None and self.threshold is not None:
            raise ValueError(f"threshold={self.threshold} is for an encoder, such as encoder=text/FOLDER")

    @property
    def asks(self) -> frozenset[type]:
        return frozenset({Generate})

    @property
    def roles(self) -> Mapping[str, Role]:
        return {_ENCODER: Role(self.encoder, frozenset({EmbedText}))} if self.encoder else {}

    def prepare(self, classes: Classes, shots: Sequence[Example]) -> Preparation:
        """The encoder's vectors of the class names; nothing without an encoder."""
        if self.encoder is None or not classes.foreground:
            return None
        return (yield from embedded_classes({name: [name] for name in classes.foreground}, to=_ENCODER))

    def inquire(self, classes: Classes, known: ClassVectors | None, rng: Random) -> Inquiry:
        """One question and, where its answer names no class and there is an encoder, the vector of the answer."""
        prompt = beside(PHOTO, self.prompt, self.image) if self.prompt else (PHOTO,)
        (answer,) = yield [Generate(prompt, self.max_tokens)]
        said = _heard(cast(Text, answer))
        reading = _read(said, classes)
        details = _told(said, classes)
        if known is None:
            return Prediction(reading.label, reading.outcome, details=details)
        details["raw"] = reading.label
        if reading.label is not None or reading.outcome in _SAYS_NOTHING:
            return Prediction(reading.label, reading.outcome, details=details)
        (answer,) = yield [EmbedText(said.text.strip(), _ENCODER)]
        vector = cast(Vector, answer)
        cosine = float(known.cosines(vector).max())
        details |= {"unread": str(reading.outcome), "similarity": round(cosine, 4)}
        # a vector of nothing but zeros is of words that the encoder does not know: it is near to none
        if not vector.values.any() or (self.threshold is not None and cosine < self.threshold):
            return Prediction(None, reading.outcome, details=details)
        return Prediction(known.nearest(vector, 1)[0], Outcome.MAPPED, details=details)


@dataclass(frozen=True, slots=True)
class _Said:
    """What names the main object: all of an answer, or the label of its largest box (left, top, right, bottom)."""

    text: str
    finish: Finish
    box: tuple[int, int, int, int] | None = None


def _heard(answer: Text) -> _Said:
    boxes = list(_boxes(answer.text))
    if not boxes:
        return _Said(answer.text, answer.finish)
    label, box = max(boxes, key=lambda each: _area(each[1]))
    refused = answer.finish is Finish.REFUSED
    return _Said(label, answer.finish if refused else Finish.STOP, box)  # a label before its box is whole


def _boxes(text: str) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Labels, each with the boxes that follow it, in thousandths of the photo's width and height; cut ones left out."""
    for label, places in _PLACES.findall(text):
        corners = [int(number) for number in re.findall(r"\d+", places)]
        for left, top, right, bottom in zip(*(corners[start::4] for start in range(4)), strict=False):
            yield label.strip(), (left, top, right, bottom)


def _area(box: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = box
    return max(0, right - left) * max(0, bottom - top)


def _read(said: _Said, classes: Classes) -> Reading:
    whole = read_label(said.text, classes, said.finish)
    if classes.background is None or (whole.label == classes.background and whole.outcome in _ALONE):
        return whole
    return read_label(said.text, Classes(classes.foreground), said.finish)


def _told(said: _Said, classes: Classes) -> dict[str, Any]:
    """What was said, for the record."""
    details: dict[str, Any] = {"said": recorded(said.text), "contains": contained(said.text, classes)}
    if said.box is not None:
        details["box"] = list(said.box)
    return details
