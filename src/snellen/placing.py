"""Where a question belongs: who answers it, and about which image, if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from snellen.codec import question_key
from snellen.images import Image
from snellen.types import PHOTO, Answer, Choose, Embed, Generate, Question, Recognise

Key: TypeAlias = tuple[str, str, bytes]  # role, digest of the image or "", key of the question


@dataclass(frozen=True, slots=True)
class Placed:
    """A question as it is put and kept: to a role, about an image or about none."""

    role: str
    image: Image | None
    question: Question
    key: Key


Lookup: TypeAlias = Callable[[Placed], Answer | None]


def place(question: Question, photo: Image | None) -> Placed:
    """The question with its image.

    One that does not show the photo is about none, so that its answer serves all photos. To embed an image is the same
    as to embed the photo of an example that consists of it. Raises ValueError where there is no photo to show.
    """
    if isinstance(question, Embed) and isinstance(question.image, Image):
        photo, question = question.image, Embed(to=question.to)
    elif not shows_photo(question):
        photo = None
    elif photo is None:
        raise ValueError(f"the question is about the photo, and here is none: {question}")
    digest = "" if photo is None else photo.digest
    return Placed(question.to, photo, question, (question.to, digest, question_key(question)))


def shows_photo(question: Question) -> bool:
    """Whether the answer depends on the example's own image."""
    if isinstance(question, (Generate, Choose)):
        return any(part is PHOTO for part in question.prompt)
    return isinstance(question, Recognise) or (isinstance(question, Embed) and question.image is PHOTO)
