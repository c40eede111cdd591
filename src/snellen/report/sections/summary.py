"""What was asked of whom on what, and what came of it in one sentence."""

from __future__ import annotations

import datetime
from typing import Any

from snellen.conclusion import findings
from snellen.meters import read_environments
from snellen.report.elements import Section
from snellen.report.reported import ReportedRun
from snellen.summary import notes
from snellen.verdict.stopping import told

_NOTES = 20
_NAMES = 6  # classes that are named


def section(run: ReportedRun) -> Section:
    """Always there, even where nothing was answered yet."""
    results = run.results
    said = list(told(results)) or findings(results)
    found = list(notes(results, run.rows))
    return Section(
        "summary",
        "Summary",
        "summary.html",
        {
            "asked": _asked(run),
            "verdict": said[0] if said else None,
            "more": said[1:],
            "unfinished": run.unfinished,
            "wanted": sum(row.images for row in run.rows),
            "notes": found[:_NOTES],
            "notes_left": max(0, len(found) - _NOTES),
        },
    )


def _asked(run: ReportedRun) -> dict[str, Any]:
    """The facts of the first paragraph."""
    rows, results = run.rows, run.results
    names = [str(each["name"]) for each in rows[0].per_class] if rows else []
    spec = results.spec(rows[0]) if rows else {}
    classes = spec["classes"]["names"] if spec else names
    hosts = sorted({host for row in results.rows for host in _hosts(run, row)})
    machines = read_environments(results.path / "environment.json")
    return {
        "dataset": rows[0].dataset if rows else run.title,
        "models": list(dict.fromkeys(row.model for row in rows)),
        "strategies": list(dict.fromkeys(row.strategy for row in rows)),
        "rows": len(rows),
        "images": rows[0].images if rows else 0,
        "classes": classes[:_NAMES],
        "classes_count": len(classes),
        "background": spec["classes"]["background"] if spec else None,
        "seed": rows[0].seed if rows else None,
        "hosts": hosts,
        "machine": machines[-1] if machines else None,
        "days": _days(results.times()),
        "other_sets": len(run.sets) - 1,
        "spent": results.spent_usd,
        "spent_more": any(row.spent_usd is None and _hosts(run, row) for row in results.rows),
        "failed": sum(row.failed for row in rows),
        "pending": sum(row.pending for row in rows),
        "unparsed": sum(row.unparsed for row in rows),
    }


def _hosts(run: ReportedRun, row: Any) -> list[str]:
    sent = run.results.facts(row).get("sends_to")
    return str(sent).split(" and ") if sent else []


def _days(times: tuple[float, float] | None) -> str | None:
    """When answers came: a day, or the first and the last."""
    if times is None:
        return None
    first, last = (datetime.datetime.fromtimestamp(each).strftime("%Y-%m-%d") for each in times)
    return first if first == last else f"{first} to {last}"
