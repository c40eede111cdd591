"""`wandb`: a run of Weights & Biases for each row. What it reads of the environment, such as keys, wandb reads."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from snellen.console import one_line
from snellen.errors import Missing, cannot_write
from snellen.exporting import Written, place_of
from snellen.exporting.tracked import COLUMNS, asked, asked_with, figures, identity, table_row, tracked_rows
from snellen.naming import slug
from snellen.progress import Progress
from snellen.results import Results

RECORDS = 10_000  # of a row's table; wandb shows no more
_NAME = 128  # characters
_QUIET = {  # says nothing of this machine, which need not be the one that was measured
    **{"silent": True, "console": "off", "disable_git": True, "save_code": False},
    **{"x_disable_stats": True, "x_disable_meta": True, "x_save_requirements": False},
}


def write(results: Results, out: Path | None, progress: Progress) -> Written:
    """Logs each row; one that was logged before goes on under its id. Raises Missing: no wandb, no key, no server."""
    try:
        import wandb
    except ImportError:
        raise Missing("the format wandb needs the package wandb: pip install wandb") from None
    place = place_of("wandb", results, out)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    rows = [row for row in results.rows if not row.superseded]
    progress.begin("logging rows", len(rows))
    try:
        return _logged(wandb, results, place, progress)
    except wandb.errors.Error as error:
        told = one_line(str(error)).rstrip(".")
        raise Missing(f"wandb: {told}; with WANDB_MODE=offline the runs are kept in {place / 'wandb'}") from error
    finally:
        progress.end(quietly=True)


def _logged(wandb: Any, results: Results, place: Path, progress: Progress) -> Written:
    name = results.path.resolve().name
    project = wandb.setup().settings.project or slug(name)
    quiet = {key: value for key, value in _QUIET.items() if key in wandb.Settings.model_fields}
    places, notes, kept = [], [], False
    for row, records in tracked_rows(results):
        title = one_line(f"{row.model} · {row.strategy}")
        run = wandb.init(
            project=project,
            group=one_line(name)[:_NAME],
            name=title[:_NAME],
            id=identity(results, row),
            resume="allow",
            dir=str(place),
            job_type="snellen",
            config={**asked(results, row), **asked_with(row)},
            allow_val_change=True,
            settings=wandb.Settings(**quiet),
        )
        with run:
            table = wandb.Table(columns=list(COLUMNS), data=[*map(table_row, islice(records, RECORDS))])
            run.log({"records": table})
            run.summary.update(figures(row))
            kept = kept or bool(run.offline)
            places.append(str(Path(run.dir).parent) if run.offline else str(run.url))
        progress.advance(1)
    if any(row.images > RECORDS for row in results.rows):
        notes.append(f"a table holds the first {RECORDS:,} records of its row")
    if kept:
        notes.append(f"kept on this machine; 'wandb sync' sends them: wandb sync {place / 'wandb'}/offline-run-*")
    notes.append("a row has the same id every time: exporting again updates its run, it does not make another")
    return Written(tuple(places), tuple(notes))
