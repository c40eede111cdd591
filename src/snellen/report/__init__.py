"""What people look at: the report of a run as one HTML file, and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from snellen.errors import Missing

if TYPE_CHECKING:
    from snellen.report.reported import ReportedRun
    from snellen.results import Results

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
    check()
    with _opened(runs) as results:
        return write_report_of(results, place, thumbnails)


def write_report_of(results: Sequence[Results], place: Path, thumbnails: int = THUMBNAILS) -> Path:
    """The same of run folders that are open."""
    check()
    from snellen.exports import whole_file
    from snellen.report.page import page

    written = page(_reported(results, thumbnails))
    with whole_file(place) as file:
        file.write(written)
    return place


def write_figures(runs: Sequence[Path], folder: Path) -> list[Path]:
    """Writes all charts of the report as SVG and PNG into a folder. Raises as `write_report`."""
    check()
    from snellen.report.figures import write_all

    with _opened(runs) as results:
        return write_all(_reported(results, thumbnails=0), folder)


def check() -> None:
    """Raises Missing where a package is."""
    if reason := missing():
        raise Missing(reason)


@contextmanager
def _opened(runs: Sequence[Path]) -> Iterator[list[Results]]:
    from snellen.results import Results

    with ExitStack() as opened:
        folders = {run.resolve(): run for run in runs}.values()
        yield [opened.enter_context(closing(Results(run))) for run in folders]


def _reported(results: Sequence[Results], thumbnails: int) -> list[ReportedRun]:
    """The runs as the page sees them; pictures are shared among them."""
    from snellen.report.reported import ReportedRun

    prefixes = [""] if len(results) == 1 else [f"run{number}-" for number in range(1, len(results) + 1)]
    return [
        ReportedRun(each, thumbnails=thumbnails // len(results), prefix=prefix)
        for each, prefix in zip(results, prefixes, strict=True)
    ]
