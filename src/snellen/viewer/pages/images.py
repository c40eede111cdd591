"""The grid of images, filtered and in order."""

from __future__ import annotations

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from snellen.viewer.filters import ANSWERS, DISAGREEMENTS, SORTS, chosen, read_filter
from snellen.viewer.layout import respond
from snellen.viewer.pages.tiles import tiles
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot

_A_PAGE = 60


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """Sixty images of those that the address asks for."""
    asked, images, told = read_filter(request.query_params, snapshot)
    if asked.sort == "suspect":
        run.report.want(run.beat is not None)
        if not run.report.evidence:
            told.append("Which labels are suspect is found with the report; it is being made, reload in a while.")
    found = chosen(snapshot, images, asked, run.report.evidence)
    pages = max(1, -(-len(found) // _A_PAGE))
    number = _number(request.query_params.get("page", ""), pages)
    row = images.row(asked.row) or images.rows[0]
    by_score = (asked.low, asked.high) != (None, None) or asked.sort in ("sure", "unsure")
    if by_score and np.isnan(row.confidences).all():
        told.append("This row has no scores, so nothing is known of how sure it is.")
    context = {
        "asked": asked,
        "images": images,
        "sets": snapshot.sets,
        "row": row,
        "count": len(found),
        "page": number,
        "pages_count": pages,
        "first": (number - 1) * _A_PAGE + 1,
        "tiles": tiles(run, images, row, found[(number - 1) * _A_PAGE : number * _A_PAGE].tolist()),
        "outcomes": images.outcomes,
        "answers": ANSWERS,
        "disagreements": DISAGREEMENTS,
        "sorts": SORTS,
        "told": told,
    }
    return respond("images.html", context, run, "images")


def _number(text: str, most: int) -> int:
    """The number of a page, the nearest that there is."""
    return min(most, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 10 else 1
