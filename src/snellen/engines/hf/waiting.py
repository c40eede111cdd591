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
    def rows(self) -> int:
        """How many rows of a batch it takes: a choice each, or one for a text."""
        return len(self.question.choices) or 1

    @property
    def kind(self) -> Hashable:
        """Equal for questions that can share a batch: the same work, as many pictures, texts of the same limit."""
        pictures = sum(not isinstance(part, str) for part in self.question.prompt)
        if isinstance(self.question, Generate) and not self.question.choices:
            return pictures, self.question.max_tokens
        return pictures, None


class Waiting:
    """Questions in the order they came, taken kind by kind; the oldest question is always among the next taken."""

    def __init__(self) -> None:
        self._asked: dict[int, Asked] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def add(self, asked: Asked) -> None:
        self._asked[asked.ticket] = asked

    def take(self, rows: int) -> list[Asked]:
        """Questions of one kind that fill up to `rows` rows, at least one if any waits."""
        taken: list[Asked] = []
        for asked in self._asked.values():
            if taken and asked.kind != taken[0].kind:
                continue
            if taken and asked.rows > rows:
                break
            taken.append(asked)
            rows -= asked.rows
        for asked in taken:
            del self._asked[asked.ticket]
        return taken

    def clear(self) -> None:
        self._asked.clear()
