"""Models for tests, as functions: `scripted/…/models.py:NAME`."""

from __future__ import annotations

import os
from pathlib import Path

from snellen.images import Image
from snellen.types import Failure, Finish, Question, Recognise, Scores, Text


def circle(question: Question, image: Image | None) -> str | Scores:
    """Sees a circle in everything; leaves a line in the file `asked` for each question."""
    if place := os.environ.get("ASKED"):
        with Path(place).open("a") as file:
            file.write("asked\n")
    return Scores(("circle", "ring"), (0.9, 0.1)) if isinstance(question, Recognise) else "circle"


def star(question: Question, image: Image | None) -> str:
    """Sees a star in everything."""
    return "star"


def mute(question: Question, image: Image | None) -> Failure:
    """Fails, with a reason that would colour a terminal."""
    return Failure("[bold]no \x1b[31mvoice[/bold]\nat all")


def half(question: Question, image: Image | None) -> str | Failure:
    """Fails for about half of the images."""
    assert image is not None
    return "circle" if int(image.digest, 16) % 2 else Failure("too dark")


def rude(question: Question, image: Image | None) -> str:
    """Answers in what would colour a terminal and is not even Unicode."""
    return "\x1b[31m[red]none of them[/red]\ud800"


def nowhere(question: Question, image: Image | None) -> Scores:
    """Answers with scores that are no numbers."""
    return Scores(("circle", "star"), (float("nan"), float("nan")))


def crash(question: Question, image: Image | None) -> str:
    """Ends its process."""
    os._exit(3)


def prude(question: Question, image: Image | None) -> Text:
    """Refuses to answer anything."""
    return Text("I cannot help with that.", Finish.REFUSED)
