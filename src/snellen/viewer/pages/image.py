"""The page of one image: what every row was asked about it, what it answered, and what came of that."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from snellen.marks import read_marks
from snellen.viewer.desk import Books
from snellen.viewer.filters import chosen, read_filter
from snellen.viewer.layout import problem, respond
from snellen.viewer.pages.exchanges import Bar, Shown, bars, shown
from snellen.viewer.pages.marks import form_token
from snellen.viewer.pages.tiles import Verdict, picture_of, verdict_of
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import ImageSet, Line, Snapshot

_EXCHANGES = 24  # of a row that are shown


@dataclass(frozen=True, slots=True)
class Heard:
    """All that a row said of an image, of many exchanges the first."""

    row: Line
    verdict: Verdict
    scores: tuple[Bar, ...]
    votes: Sequence[Mapping[str, Any]]
    details: Mapping[str, Any]
    failure: str | None
    questions: int
    exchanges: tuple[Shown, ...]
    more: int
    prepares: bool


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The image of the id in the address; the filter there tells which is before it and which behind."""
    id = request.query_params.get("id", "")
    asked, images, told = read_filter(request.query_params, snapshot)
    place = images.images.places.get(id)
    if place is None:
        found = snapshot.example(id)
        if found is None:
            return problem("There is no such image in this run.", "Look for it among the images.", 404, run)
        images, place = found
        asked = asked.but(set=images.key, row=images.rows[0].number, label="", prediction="", other=None)
    order = chosen(snapshot, images, asked, run.report.evidence)
    at = np.flatnonzero(order == place)
    before = after = None
    if len(at):
        before = images.images.ids[order[at[0] - 1]] if at[0] else None
        after = images.images.ids[order[at[0] + 1]] if at[0] + 1 < len(order) else None
    heard = run.desk.ask(snapshot.stamp, lambda books: _heard(books, snapshot, images, place))
    context = {
        "asked": asked,
        "images": images,
        "id": id,
        "place": place,
        "label": images.images.labels[place],
        "facts": run.desk.ask(snapshot.stamp, lambda books: _facts(books, int(images.images.numbers[place]))),
        "heard": heard,
        "before": before,
        "after": after,
        "position": int(at[0]) + 1 if len(at) else None,
        "count": len(order),
        "large": picture_of(run, images, place, 1200),
        "mark": read_marks(run.path).get(id),
        "form_token": form_token(),
        "suggested": run.report.suggested.get(id),
        "told": told,
    }
    return respond("image.html", context, run, "images")


def _facts(books: Books, number: int) -> Mapping[str, Any]:
    path, digest, width, height, unreadable = books.database.execute(
        "SELECT path, digest, width, height, unreadable FROM examples WHERE number = ?", number
    ).fetchone()
    file = os.fsdecode(path) if path else None
    return {
        "file": file,
        "digest": digest.hex(),
        "width": width,
        "height": height,
        "bytes": None if file is None else _size(Path(file)),
        "unreadable": unreadable,
    }


def _size(file: Path) -> int | None:
    """How many bytes a file has; None where it is none, or nobody may look."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    return status.st_size if S_ISREG(status.st_mode) else None


def _heard(books: Books, snapshot: Snapshot, images: ImageSet, place: int) -> list[Heard]:
    return [_said(books, snapshot, images, row, place) for row in images.rows]


def _said(books: Books, snapshot: Snapshot, images: ImageSet, row: Line, place: int) -> Heard:
    number, digest = int(images.images.numbers[place]), images.images.digests[place]
    record = books.database.execute(
        "SELECT scores, details, failure, questions FROM records WHERE row = ? AND example = ?", row.number, number
    ).fetchone()
    scores, details, failure, questions = record or (None, None, None, 0)
    exchanges = books.transcripts(row).of(digest)
    kept = json.loads(details) if details else {}
    votes = kept.pop("votes", ())
    ranked = sorted((json.loads(scores) if scores else {}).items(), key=lambda pair: -pair[1])
    return Heard(
        row,
        verdict_of(images, row, place),
        bars(ranked),
        votes if len(votes) > 1 else (),
        {key: _words(value) for key, value in kept.items() if value not in (None, [], "")},
        failure,
        questions,
        tuple(shown(each, snapshot.shots) for each in exchanges[:_EXCHANGES]),
        max(0, len(exchanges) - _EXCHANGES),
        books.prepares(row),
    )


def _words(value: Any) -> str:
    """A detail in words."""
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
