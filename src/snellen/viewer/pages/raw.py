"""What was asked and answered as plain text, whole, however long."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from snellen.viewer.desk import Books
from snellen.viewer.layout import problem
from snellen.viewer.pages.exchanges import as_text
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Line, Snapshot


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """All exchanges of a row about an image; without an image those of its preparation."""
    row = _row(snapshot, request.query_params.get("row", ""))
    id = request.query_params.get("id")
    found = snapshot.example(id) if id is not None else None
    if row is None or (id is not None and found is None):
        return problem("There is no such row or image in this run.", "Look for it among the images.", 404, run)
    digest = None if found is None else found[0].images.digests[found[1]]

    def read(books: Books) -> str:
        transcripts = books.transcripts(row)
        return "".join(as_text(transcripts.preparation() if digest is None else transcripts.of(digest)))

    text = run.desk.ask(snapshot.stamp, read) or "nothing was asked here yet\n"
    return PlainTextResponse(text.encode("utf-8", "backslashreplace"))


def _row(snapshot: Snapshot, number: str) -> Line | None:
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return next((row for images in snapshot.sets if (row := images.row(int(number)))), None)
