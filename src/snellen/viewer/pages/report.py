"""The report, live: the last one that was made, or what is known while the first is being made."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from snellen.viewer.layout import respond, waiting
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import ImageSet


def page(run: ServedRun, request: Request) -> Response:
    """Has the report made anew where the run has changed, and shows what there is at once."""
    run.report.want(run.beat is not None)
    told = []
    if run.report.trouble is not None:
        told.append(f"The report could not be made: {run.report.trouble}")
    edition = run.report.edition  # before what was made: a page never says that it is newer than it is
    if (made := run.report.made) is not None:
        context = {
            "sections": made.sections,
            "body": Markup(made.body),
            "charts": Markup(made.charts),
            "stale": not run.report.current,
            "edition": edition,
            "told": told,
        }
        return respond("report.html", context, run, "")
    snapshot = run.ready(0.05)
    if snapshot is None:
        return waiting(run, "")
    context = {"boards": [_board(images) for images in snapshot.sets[:4]], "told": told, "making": not told}
    return respond("light.html", context, run, "", reload=not told)


def _board(images: ImageSet) -> dict[str, object]:
    """What is known of a set without a report: for each row how many it answered, and how many rightly."""
    rows = []
    for row in images.rows:
        answered, right = int(row.answered.sum()), int(images.right(row).sum())
        rows.append(
            {"row": row, "answered": answered, "right": right, "accuracy": right / answered if answered else None}
        )
    return {"images": len(images), "classes": len(images.classes), "rows": rows}
