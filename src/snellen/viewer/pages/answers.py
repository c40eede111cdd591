"""Search in the raw answers of all models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from snellen.viewer.desk import Books
from snellen.viewer.layout import fragment, respond
from snellen.viewer.pages.exchanges import prompt_of
from snellen.viewer.search import START, Found, Hit, Key, read_key, search, written_key
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import Snapshot

_LONGEST = 500  # characters that are searched for
_SECONDS = 0.1
_QUESTION = 140  # characters of a question that are shown


@dataclass(frozen=True, slots=True)
class Listed:
    """An answer that was found: who gave it, to which question, the image that it is about if known, and its pieces."""

    model: str
    example: str | None
    digest: str
    question: str
    pieces: Sequence[tuple[str, bool]]


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The first answers that hold the words of the address, or those behind a place; a script goes on from there."""
    words, after, told = _asked(request)
    found, listed = _found(run, snapshot, words, after) if words else (None, [])
    context = {
        "words": words,
        "listed": listed,
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
    found, listed = _found(run, snapshot, words, after)
    html = fragment("hits.html", {"listed": listed, "run": run})
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


def _found(run: ServedRun, snapshot: Snapshot, words: str, after: Key) -> tuple[Found, list[Listed]]:
    def look(books: Books) -> tuple[Found, list[Listed]]:
        found = search(books.database, words, after, _SECONDS)
        return found, _listed(books, snapshot, found.hits)

    return run.searching.ask(snapshot.stamp, look)


def _listed(books: Books, snapshot: Snapshot, hits: Sequence[Hit]) -> list[Listed]:
    asked = {hit.question: _question(books, hit.question) for hit in hits}
    listed = []
    for hit in hits:
        found = snapshot.find(hit.image)
        example = found[0].images.ids[found[1]] if found else None
        model = snapshot.models.get(hit.model, f"model {hit.model}")
        listed.append(Listed(model, example, hit.image.hex() if found else "", asked[hit.question], hit.pieces))
    return listed


def _question(books: Books, key: bytes) -> str:
    """The beginning of a question."""
    question = books.results.store.question(key)
    text = "" if question is None else " ".join(prompt_of(question).split())
    return text if len(text) <= _QUESTION else f"{text[:_QUESTION]}…"
