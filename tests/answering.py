"""What an engine answers, asked without a study."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.images import Image
from snellen.types import Answer, Engine, Failure, Question


def answers(engine: Engine, asked: Sequence[tuple[Image | None, Question]]) -> list[Answer | Failure]:
    """Each answer in the place of its question; the images are released at the end."""
    got: dict[int, Answer | Failure] = {}
    for ticket, (image, question) in enumerate(asked):
        engine.add(ticket, image, question)
    while len(got) < len(asked):
        for ticket, answer in engine.step(1.0):
            assert ticket not in got
            got[ticket] = answer
    for image, _ in asked:
        if image is not None:
            engine.release(image)
    return [got[ticket] for ticket in range(len(asked))]
