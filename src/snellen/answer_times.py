"""The speed of a hosted model's rows, derived from the times of their answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from snellen.folder import RunFolder
from snellen.images import Image
from snellen.recall import Recall
from snellen.rows import Row
from snellen.stored_times import Times, attempts, times, timing

_REPLAYED = 1000  # images whose answers tell the latencies


def keep_timing(
    folder: RunFolder,
    number: int,
    row: Row,
    models: Mapping[str, int],
    selection: int,
    answers: int,
    in_flight: float | None,
) -> None:
    """Keeps how fast a row was; its run got so many `answers`, of which so many were in flight on average.

    That is known of the run with the most answers.
    """
    earlier = folder.store.timing(number) or {}
    if answers <= earlier.get("answers", 0) or in_flight is None:
        answers, in_flight = earlier.get("answers", 0), earlier.get("in_flight")
    replayed = list(_times(folder, number, row, models, selection))
    found = {**dataclasses.asdict(timing(replayed, in_flight)), "attempts_per_question": attempts(replayed)}
    with folder.database.commit():
        folder.store.set_timing(number, {**found, "answers": answers, "in_flight": in_flight, "batch_size": None})


def _times(folder: RunFolder, number: int, row: Row, models: Mapping[str, int], selection: int) -> Iterator[Times]:
    """The times of some images that the row has settled."""
    settled = (
        Image(Path(), digest=digest)
        for page in folder.catalogue.digests(selection)
        for example, digest in page
        if folder.store.settled([number], example)
    )
    for image in islice(settled, _REPLAYED):
        if found := times(row.inquire(image), image, Recall(folder.store, models, image)):
            yield found
