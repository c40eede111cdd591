"""`openai-batch`: what a run has left to ask, as files for a batch API."""

from __future__ import annotations

from pathlib import Path

from snellen.batch_export import export_batch
from snellen.exporting import Written
from snellen.progress import Progress
from snellen.results import Results


def write(results: Results, out: Path | None, progress: Progress) -> Written:
    """The files, and what is not in them."""
    done = export_batch(results.path, out, progress)
    notes = [*done.left_out]
    if done.unreadable:
        notes.append(f"{done.unreadable} images cannot be sent and are left out; 'snellen run' tells why")
    if not done.files:
        return Written((), (*notes, "nothing is left to ask"))
    pictures = ", ".join(f"{count} {how.replace('_', ' ')}" for how, count in sorted(done.pictures.items()))
    return Written(tuple(map(str, done.files)), (*notes, f"{done.requests} requests, pictures {pictures or 'none'}"))
