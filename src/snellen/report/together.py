"""Several runs in one page: their rows on the images that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snellen.errors import WrongUse
from snellen.report.elements import Section
from snellen.report.reported import ReportedRun
from snellen.verdict.sittings import Entrant, Sitting, sittings
from snellen.verdict.standings import Standing, Standings
from snellen.verdict.standings_text import sentences


def section(runs: Sequence[ReportedRun]) -> Section:
    """The standings of each set of images that rows of these runs share; none where one run shares none."""
    try:
        found = sittings([run.results for run in runs])
    except WrongUse:  # each run has its own part of the page all the same
        found = ()
    shared = [each for each in found if len(each.left_out) > 1] or list(found)
    return Section("together", "Together", "together.html", {"tables": [_table(runs, each) for each in shared]})


def _table(runs: Sequence[ReportedRun], sitting: Sitting) -> dict[str, Any]:
    standings = Standings(sitting, macro_f1=False)
    return {
        "images": len(sitting.labels),
        "classes": len(sitting.classes),
        "left_out": [(runs[run].title, count) for run, count in sorted(sitting.left_out.items()) if count],
        "relabelled": sitting.relabelled,
        "sentences": list(sentences(standings)),
        "rows": [
            _line(runs, place, entrant, standing)
            for place, (entrant, standing) in enumerate(zip(sitting.entrants, standings.rows, strict=True), start=1)
        ],
    }


def _line(runs: Sequence[ReportedRun], place: int, entrant: Entrant, standing: Standing) -> dict[str, Any]:
    return {
        "place": place,
        "runs": [(runs[each.run].title, runs[each.run].prefix) for each in entrant.everywhere],
        "row": entrant.row,
        "standing": standing,
    }
