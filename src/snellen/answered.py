"""Which images a row has answered in its run folder already, found without a change there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from snellen.database import DATABASE, Database
from snellen.images import Image
from snellen.recall import Recall, prepared
from snellen.rows import Row
from snellen.runner import replay
from snellen.specs import ModelPlan
from snellen.store import Store
from snellen.types import Failure

Answered: TypeAlias = Callable[[Image], bool]


def _nothing(image: Image) -> bool:
    return False


@contextmanager
def answered(folder: Path, row: Row, models: Mapping[str, ModelPlan]) -> Iterator[Answered | None]:
    """Tells of images whether stored answers settle the row; None where even its preparation is to be asked."""
    if not (folder / DATABASE).exists():
        yield None if row.prepares else _nothing
        return
    with closing(Database(folder / DATABASE, read_only=True)) as database:
        store = Store(database)
        numbers = {role: store.number_of(model.identity) for role, model in models.items()}
        known = {role: number for role, number in numbers.items() if number is not None}
        ready = prepared(row, Recall(store, known, None)) if len(known) == len(numbers) else None
        if ready is None:
            yield None if row.prepares else _nothing
            return
        asked = ready

        def settles(image: Image) -> bool:
            done = replay(asked.inquire(image), image, Recall(store, known, image))
            return done is not None and not isinstance(done[0], Failure)

        yield settles
