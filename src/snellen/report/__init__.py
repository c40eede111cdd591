"""What people look at: the report of a run as one HTML file, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path

from snellen.errors import Missing

PAGE = "report.html"
THUMBNAILS = 48
_NEEDED = {"jinja2": "jinja2", "altair": "altair", "vl_convert": "vl-convert-python"}


def missing() -> str | None:
    """What to do to get a report, in one line; None where nothing is missing."""
    absent = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if not absent:
        return None
    return f"the report needs {', '.join(absent)}; install it with: pip install 'snellen[report]'"


def write_report(runs: Sequence[Path], place: Path, thumbnails: int = THUMBNAILS) -> Path:
    """Writes the report of these run folders into a file, which it returns.

    Raises Missing (a package, no space), WrongUse (no run folder).
    """
    if reason := missing():
        raise Missing(reason)
    from snellen.exports import whole_file
    from snellen.report.page import page
    from snellen.report.reported import ReportedRun
    from snellen.results import Results

    with ExitStack() as opened:
        results = [opened.enter_context(closing(Results(run))) for run in runs]
        prefixes = [""] if len(runs) == 1 else [f"run{number}-" for number in range(1, len(runs) + 1)]
        reported = [
            ReportedRun(each, thumbnails=thumbnails, prefix=prefix)
            for each, prefix in zip(results, prefixes, strict=True)
        ]
        written = page(reported)
    with whole_file(place) as file:
        file.write(written)
    return place
