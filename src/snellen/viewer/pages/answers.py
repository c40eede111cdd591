"""Search in the raw answers of all models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from snellen.viewer.layout import fragment, respond
from snellen.viewer.search import START, Found, Hit, Key, read_key, search, written_key
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot

_LONGEST = 500  # characters that are searched for
_SECONDS = 0.12


@dataclass(frozen=True, slots=True)
class Listed:
    """An answer that was found: who gave it, the image that it is about if that is shown, and its pieces."""

    model: str
    example: str | None
    digest: str
    pieces: Sequence[tuple[str, bool]]


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The first answers that hold the words of the address, or those behind a place; a script goes on from there."""
    words, after, told = _asked(request)
    found = _found(run, snapshot, words, after) if words else None
    context = {
        "words": words,
        "listed": _listed(snapshot, found.hits) if found else [],
        "next": written_key(found.after) if found and found.after else None,
        "share": found.share if found else 0.0,
        "begun": after != START,
        "told": told,
    }
    return respond("answers.html", context, run, "answers")


def part(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The same for a script: the answers as HTML, where to go on, and how far that is."""
    words, after, told = _asked(request)
    if not words or told:
        return JSONResponse({"html": "", "count": 0, "next": None, "share": 1.0}, 400)
    found = _found(run, snapshot, words, after)
    html = fragment("hits.html", {"listed": _listed(snapshot, found.hits), "run": run})
    following = written_key(found.after) if found.after else None
    return JSONResponse({"html": html, "count": len(found.hits), "next": following, "share": found.share})


def _asked(request: Request) -> tuple[str, Key, list[str]]:
    query = request.query_params
    told = []
    words = query.get("q", "")
    if len(words) > _LONGEST:
        words = words[:_LONGEST]
        told.append(f"At most {_LONGEST} characters are searched for.")
    after = START
    if query.get("after"):
        try:
            after = read_key(query["after"])
        except ValueError:
            told.append("The place to go on from makes no sense; the search begins anew.")
    return words, after, told


def _found(run: ServedRun, snapshot: Snapshot, words: str, after: Key) -> Found:
    return run.searching.ask(snapshot.stamp, lambda books: search(books.database, words, after, _SECONDS))


def _listed(snapshot: Snapshot, hits: Sequence[Hit]) -> list[Listed]:
    listed = []
    for hit in hits:
        found = snapshot.find(hit.image)
        example = found[0].images.ids[found[1]] if found else None
        model = snapshot.models.get(hit.model, f"model {hit.model}")
        listed.append(Listed(model, example, hit.image.hex() if found else "", hit.pieces))
    return listed
