"""The timing pass over a local model's rows: which of them it is for, over which images, and what is kept of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from snellen.folder import RunFolder
from snellen.images import Image
from snellen.meters import TIMED_IMAGES
from snellen.plan import Plan
from snellen.worker import Worker


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Measures how fast the rows of a model are, whose facts are kept under `company`.

    `selections` has for each row the selection that it is about, a part of `selection` or all of it.
    """

    plan: Plan
    folder: RunFolder
    company: int
    selection: int
    selections: Mapping[int, int]
    batch_size: int | str | None  # the one that is asked for

    def untimed(self, rows: Sequence[int]) -> list[int]:
        """The rows whose speed is to be measured, also where it was at another batch size than is asked for now.

        Predictions that are only read from a file have none.
        """
        store = self.folder.store
        if not self.plan.timing or not store.model_facts(self.company).get("timed", True):
            return []
        timings = {row: store.timing(row) for row in rows}
        return [
            row for row, timing in timings.items() if not timing or timing.get("batch_size_wanted") != self.batch_size
        ]

    def passes(self, rows: Sequence[int]) -> list[tuple[Sequence[Image], Sequence[int]]]:
        """What is to be measured: rows that are about the same images, and some of these that they have settled.

        An image that fails says nothing of the speed.
        """
        groups: dict[int, list[int]] = {}
        for row in rows:
            groups.setdefault(self.selections[row], []).append(row)
        passes = ((self._images(group), group) for group in groups.values())
        return [(images, group) for images, group in passes if images]

    def _images(self, rows: Sequence[int]) -> list[Image]:
        store, wanted = self.folder.store, set(rows)
        photographs = self.folder.catalogue.photographs(self.selection, self.plan.selection)
        settled = (each.image for each in photographs if store.settled(rows, each.examples[0]) == wanted)
        return list(islice(settled, TIMED_IMAGES))

    def time(self, worker: Worker, passes: Sequence[tuple[Sequence[Image], Sequence[int]]]) -> None:
        """Makes the passes and keeps what they measure. Raises WorkerLost where the model does not survive them."""
        timings = {row: timing for each in passes for row, timing in worker.time(*each).items()}
        with self.folder.database.commit():
            for row, timing in timings.items():
                conditions = {key: worker.facts.get(key) for key in ("batch_size", "device", "dtype")}
                conditions["batch_size_wanted"] = self.batch_size
                self.folder.store.set_timing(row, {**dataclasses.asdict(timing), **conditions})
