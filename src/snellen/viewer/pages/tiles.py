"""What is shown of an image beside others: its picture, its label, and what a row made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import NO_OUTCOME, OUTCOMES, STATES, ImageSet, Line


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row made of an image: `word` is right, wrong, unparsed, failed or pending; `said` the class it named."""

    word: str
    said: str | None
    outcome: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Tile:
    """An image; `right` of the rows that see it are right, of so many that `answered`."""

    id: str
    picture: str
    label: str
    verdict: Verdict
    right: int
    answered: int


def verdict_of(images: ImageSet, row: Line, place: int) -> Verdict:
    """What a row made of the image at this place."""
    said, state = int(row.predictions[place]), str(STATES[row.states[place]])
    named = images.classes[said] if 0 <= said < len(images.classes) else None
    word = state if named is None else "right" if said == images.labels[place] else "wrong"
    how, sure = int(row.outcomes[place]), float(row.confidences[place])
    outcome = None if how == NO_OUTCOME else str(OUTCOMES[how])
    return Verdict(word, named, outcome, sure if sure == sure else None)


def picture_of(run: ServedRun, images: ImageSet, place: int, side: int) -> str:
    """The address of an image's picture."""
    return f"{run.base}/picture?d={images.images.digests[place].hex()}&side={side}"


def tiles(run: ServedRun, images: ImageSet, row: Line, places: Iterable[int]) -> list[Tile]:
    """The images at these places as a row saw them."""
    return [
        Tile(
            images.images.ids[place],
            picture_of(run, images, place, 160),
            images.images.labels[place],
            verdict_of(images, row, place),
            int(images.rights[place]),
            int(images.voices[place]),
        )
        for place in places
    ]
