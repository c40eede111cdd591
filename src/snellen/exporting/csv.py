"""`csv`: all records as a table."""

from __future__ import annotations

from pathlib import Path

from snellen.exporting import Written, place_of
from snellen.exports import write_csv
from snellen.progress import Progress
from snellen.results import Results


def write(results: Results, out: Path | None, _: Progress) -> Written:
    """A record a line; nested values are JSON, and what has no prediction has an empty one."""
    place = place_of("csv", results, out)
    write_csv(results, place)
    return Written((str(place),))
