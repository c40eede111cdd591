"""Labels that models contradict, the most suspicious first."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.report.elements import Section
from snellen.report.pictures import Picture, picture
from snellen.report.reported import ReportedRun
from snellen.verdict.suspects import Suspect


@dataclass(frozen=True, slots=True)
class Card:
    """A suspect with its rank; `look` is whether it is one of those to look at."""

    rank: int
    suspect: Suspect
    look: bool
    picture: Picture | None


def section(run: ReportedRun) -> Section | None:
    """None where no model contradicts a label."""
    told = run.suspects
    if told is None or not told.found:
        return None
    digests = _digests(run) if pictured(run) else {}
    cards = [
        Card(
            rank,
            each,
            rank <= told.look,
            picture(run, each.example, each.path, digests[each.example]) if rank <= pictured(run) else None,
        )
        for rank, each in enumerate(told.found, 1)
    ]
    context = {"told": told, "cards": cards, "names": run.models, "pictures": run.thumbnails}
    return Section("suspects", "Suspect labels", "suspects.html", context)


def pictured(run: ReportedRun) -> int:
    """How many suspects have a picture: a third of all pictures of the page at most."""
    return min(len(run.suspects.found) if run.suspects else 0, run.thumbnails // 3)


def _digests(run: ReportedRun) -> dict[str, bytes]:
    """The digest of each image that models testified about, by the id of its example."""
    assert run.suspects
    row = run.suspects.witnesses[0].row
    files = run.files() if run.rows and row.selection == run.rows[0].selection else run.results.files(row)
    return {example: digest for (example, _), digest in zip(files, run.sheet(row).digests, strict=True)}
