"""Questions that wait for their batch."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from snellen.images import Image
from snellen.types import Choose, Generate


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its ticket and image."""

    ticket: int
    image: Image | None
    question: Generate | Choose

    @property
    def kind(self) -> Hashable:
        """Equal for questions whose full prompts can share a batch: the same work, pictures and limit."""
        pictures = sum(not isinstance(part, str) for part in self.question.prompt)
        if isinstance(self.question, Generate) and not self.question.choices:
            return pictures, self.question.max_tokens
        return pictures, None


class Waiting:
    """Questions in the order they came, taken image by image; the oldest question is always among the next taken."""

    def __init__(self) -> None:
        self._asked: dict[str | None, list[Asked]] = {}

    def __len__(self) -> int:
        """The number of images that wait."""
        return len(self._asked)

    def add(self, asked: Asked) -> None:
        self._asked.setdefault(None if asked.image is None else asked.image.digest, []).append(asked)

    def take(self, images: int) -> list[Asked]:
        """All questions about the images that have waited longest."""
        digests = list(self._asked)[:images]
        return [asked for digest in digests for asked in self._asked.pop(digest)]

    def clear(self) -> None:
        self._asked.clear()
