"""Search in raw answers, a part at a time, so that no request takes long however many answers there are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from snellen.database import Database

_PART = 2000  # answers between two looks at the clock
_AROUND = 160  # characters on each side of what was found
_TEXT = '["text",'
Key: TypeAlias = tuple[int, bytes, bytes]  # model, image, question
START: Key = (0, b"", b"")  # models are numbered from 1


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer that holds the words: its model, its image (b"" for none), the key of the question, and pieces of its
    text, marked where they are the words."""

    model: int
    image: bytes
    question: bytes
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a part of the answers held; `after` is where to go on, None at the end; `share` is how far it is."""

    hits: tuple[Hit, ...]
    after: Key | None
    share: float


def search(database: Database, words: str, after: Key = START, seconds: float = 0.12, most: int = 100) -> Found:
    """The texts behind a key that hold the words, whatever the case, until time is up or there are enough."""
    wanted = re.compile(re.escape(words), re.IGNORECASE)
    models = [number for (number,) in database.execute("SELECT number FROM models ORDER BY number").fetchall()]
    condition, parameters = _condition(words)
    query = (
        f"SELECT model, image, question, CASE WHEN {condition} THEN body END FROM answers "
        "WHERE (model, image, question) > (?, ?, ?) ORDER BY model, image, question LIMIT ?"
    )
    hits: list[Hit] = []
    end = time.monotonic() + seconds
    part = 250
    while True:
        found = database.execute(query, *parameters, *after, part).fetchall()
        for model, image, question, body in found:
            after = (model, image, question)
            if body is not None and (pieces := _pieces(body, wanted)):
                hits.append(Hit(model, image, question, pieces))
                if len(hits) == most:
                    return Found(tuple(hits), after, _share(models, after))
        if len(found) < part:
            return Found(tuple(hits), None, 1.0)
        if time.monotonic() >= end:
            return Found(tuple(hits), after, _share(models, after))
        part = _PART


def _condition(words: str) -> tuple[str, list[str]]:
    """SQL that lets pass all texts that may hold the words; SQLite ignores the case of ASCII alone."""
    written = json.dumps(words, ensure_ascii=False)[1:-1]
    if not written.isascii():
        return "substr(body, 1, 8) = ?", [_TEXT]
    escaped = re.sub(r"([%_!])", r"!\1", written)
    escaped = re.sub(r"[iks]", "_", escaped, flags=re.IGNORECASE | re.ASCII)  # these have relatives that are not ASCII
    return "substr(body, 1, 8) = ? AND body LIKE ? ESCAPE '!'", [_TEXT, f"%{escaped}%"]


def _pieces(body: str, wanted: re.Pattern[str]) -> tuple[tuple[str, bool], ...]:
    """The text around its first matches; nothing where there is none, as in what JSON writes around it."""
    text = json.loads(body)[1]
    first = wanted.search(text)
    if first is None:
        return ()
    start, end = max(0, first.start() - _AROUND), first.end() + _AROUND
    pieces = [("…", False)] if start else []
    at = start
    for match in wanted.finditer(text, first.start(), min(end, len(text))):
        pieces += [(text[at : match.start()], False), (match[0][:_AROUND], True)]
        at = match.end()
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append((f"… ({len(text):,} characters)", False))
    return tuple(piece for piece in pieces if piece[0])


def _share(models: Sequence[int], after: Key) -> float:
    """How far a key is: the digests of images are spread evenly."""
    model, image, _ = after
    done = sum(number < model for number in models)
    return min(1.0, (done + int.from_bytes(image[:4].ljust(4, b"\0")) / 2**32) / max(1, len(models)))


def read_key(text: str) -> Key:
    """A key from an address. Raises ValueError where it is none."""
    model, image, question = text.split(".")
    if not (model.isascii() and model.isdigit() and len(model) < 10 and len(image) <= 128 and len(question) <= 128):
        raise ValueError(f"expected a place in the answers, got {text[:40]!r}")
    return int(model), bytes.fromhex(image), bytes.fromhex(question)


def written_key(key: Key) -> str:
    return f"{key[0]}.{key[1].hex()}.{key[2].hex()}"
