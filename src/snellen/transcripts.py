"""What a row asked about an image and what it was answered, word for word, from the stored answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.images import Image
from snellen.placing import Placed, place
from snellen.recall import Recall
from snellen.result_row import Numbered
from snellen.results import Results
from snellen.rows import Row
from snellen.runner import refusal
from snellen.stored_rows import row_of
from snellen.types import Answer, Question
from snellen.verdict.replays import prepared_row


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, None where that is not stored; `round` counts from 1, `role` is who answers.

    `about_photo` is whether the question shows the image; the answer to another one serves all images.
    """

    round: int
    role: str
    question: Question
    answer: Answer | None
    about_photo: bool


class Transcripts:
    """The exchanges of a row; its preparation is replayed once for all images."""

    def __init__(self, results: Results, row: Numbered) -> None:
        self._store = results.store
        self._models = results.spec(row)["models"]
        self._asked = row_of(results.spec(row))
        self._prepared: Row | None = prepared_row(results, row)

    def of(self, digest: bytes) -> tuple[Exchange, ...]:
        """What was asked about the image with this digest, up to where an answer is not stored.

        Nothing where the row's preparation is not complete.
        """
        if self._prepared is None:
            return ()
        image = Image(Path(), digest=digest.hex())
        return tuple(_exchanges(self._prepared.inquire(image), image, Recall(self._store, self._models, image)))

    def preparation(self) -> tuple[Exchange, ...]:
        """What was asked once, before all images; nothing where the strategy has no preparation."""
        if not self._asked.prepares:
            return ()
        return tuple(_exchanges(self._asked.prepare(), None, Recall(self._store, self._models, None)))


def _exchanges(rounds: Any, photo: Image | None, recall: Recall) -> Iterator[Exchange]:
    """Each question of each round with its answer; ends where one is missing, as what follows is not known."""
    number = 0
    try:
        questions = next(rounds)
        while True:
            number += 1
            asked: list[Placed] = [place(question, photo) for question in questions]
            found = [recall(placed) for placed in asked]
            for placed, answer in zip(asked, found, strict=True):
                yield Exchange(number, placed.role, placed.question, answer, placed.image is not None)
            answers = [answer for answer in found if answer is not None]
            if len(answers) < len(found) or refusal(asked, answers, photo):
                return
            questions = rounds.send(answers)
    except StopIteration:
        return
    finally:
        rounds.close()
