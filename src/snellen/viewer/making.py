"""A process that makes a run's report for the viewer, so that pages stay quick meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from snellen.child import Parent
from snellen.errors import SnellenError
from snellen.report.markup import as_json
from snellen.report.page import body, charts, sections_of
from snellen.report.reported import ReportedRun
from snellen.results import Results
from snellen.verdict.suspects import suspects
from snellen.viewer.links import ToPages
from snellen.viewer.live_report import Report, Trouble


def make_report(run: Path, base: str, thumbnails: int) -> Report:
    """The report of a run whose pages stand below `base`. Raises WrongUse where it cannot be read."""
    began = time.monotonic()
    with closing(Results(run)) as results:
        reported = ReportedRun(results, ToPages(base), thumbnails)
        sections = tuple(sections_of(reported))
        written = str(body(reported, sections))
        figures = [(reported.prefix, figure) for section in sections for figure in section.figures]
        drawn = str(as_json(charts(figures)))
    names = [(section.name, section.title) for section in sections]
    return Report(names, written, drawn, time.monotonic() - began)


def evidence_in(run: Path) -> Mapping[str, tuple[float, str]]:
    """For each image whose label is suspect the evidence against it and the class suggested, by id."""
    with closing(Results(run)) as results:
        try:
            return {each.example: (each.evidence, each.suggested) for each in suspects(results).found}
        except SnellenError:  # nobody testifies
            return {}


def main() -> None:
    """Makes the report of which the parent tells, then what is suspect, and ends."""
    parent = Parent()
    if hasattr(os, "nice"):
        os.nice(5)
    run, base, thumbnails = parent.receive()
    made: Any
    try:
        made = make_report(run, base, thumbnails)
    except SnellenError as error:
        made = Trouble(str(error))
    parent.send(made)
    parent.send({} if isinstance(made, Trouble) else evidence_in(run))
