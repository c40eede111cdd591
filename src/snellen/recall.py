"""What was answered before, looked up for the inquiries about one image, or for a preparation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from snellen.images import Image
from snellen.placing import Key, Placed
from snellen.rows import Row
from snellen.runner import replay
from snellen.store import Store
from snellen.types import Answer, Failure


class Recall:
    """The answers of some models (their numbers by role) that are kept in a store.

    All that is known of `image` is read at once, other answers when they are looked up; `found` holds them all.
    """

    def __init__(self, store: Store, models: Mapping[str, int], image: Image | None) -> None:
        self._store = store
        self._models = models
        self._digest = image.digest if image else None
        self.found: dict[Key, Answer] = {}
        if self._digest:
            for role, model in models.items():
                known = store.known(model, self._digest)
                self.found |= {(role, self._digest, key): answer for key, answer in known.items()}

    def __call__(self, placed: Placed) -> Answer | None:
        """The answer to a question, None where it is not known."""
        role, digest, question = placed.key
        if digest == self._digest or placed.key in self.found:
            return self.found.get(placed.key)
        answer = self._store.answer(self._models[role], digest, question)
        if answer is not None:
            self.found[placed.key] = answer
        return answer


def prepared(row: Row, recall: Recall) -> Row | None:
    """The row as it is prepared by stored answers; None where one of them is missing."""
    if not row.prepares:
        return row
    done = replay(row.prepare(), None, recall)
    return None if done is None or isinstance(done[0], Failure) else dataclasses.replace(row, known=done[0])
