"""The examples of a run folder: each file as the survey found it, and which of them a run is about."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from snellen.database import Database
from snellen.images import Image
from snellen.survey import Examined, Survey
from snellen.types import Example

_PAGE = 2048
_LAST = (1 << 63) - 1  # the largest number that an example may have
_IN_SPAN = "unreadable IS NULL AND digest > ? AND digest <= ?"
_EXAMINED_AT_ONCE = 256  # the images of a page may be in memory


@dataclass(frozen=True, slots=True)
class Photograph:
    """One image content and the examples (by number) that consist of it, nearly always one."""

    image: Image
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a selection: the image contents whose digests come behind `after`, up to `until` itself."""

    after: bytes
    until: bytes


_EVERYTHING = Span(b"", b"\xff" * 33)  # longer than any digest


class _Fingerprints:
    """What tells a selection from others: of the whole, and of its parts by their labels."""

    def __init__(self, parts: Sequence[Collection[str]]) -> None:
        self._whole = hashlib.sha256()
        self._parts = [(frozenset(labels), hashlib.sha256()) for labels in parts]

    def update(self, label: str, text: str) -> None:
        """Adds what is said of an example with this label."""
        written = text.encode("utf-8", "surrogatepass")
        self._whole.update(written)
        for labels, fingerprint in self._parts:
            if label in labels:
                fingerprint.update(written)

    def hexdigests(self) -> list[str]:
        return [self._whole.hexdigest(), *(fingerprint.hexdigest() for _, fingerprint in self._parts)]


class Catalogue:
    """Examples and selections in the database of a run folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def select(
        self,
        examples: Iterable[Example],
        advance: Callable[[int], None] = lambda _: None,
        shots: Sequence[Example] = (),
    ) -> int:
        """Examines the files that are new or changed and returns the number of this selection of examples.

        A selection that was made before keeps its number. `advance` is told how many more examples are done. Copies of
        `shots`, whose digests are known, are left out.
        """
        return self.select_all(examples, (), advance, shots)[0]

    def select_all(
        self,
        examples: Iterable[Example],
        parts: Sequence[Collection[str]],
        advance: Callable[[int], None] = lambda _: None,
        shots: Sequence[Example] = (),
    ) -> list[int]:
        """As `select`, and behind that number those of its parts, each of the examples with some of the labels.

        A part has the number that it would have were it selected by itself.
        """
        database = self._database
        with database.commit():
            for (unfinished,) in database.execute("SELECT number FROM selections WHERE key IS NULL").fetchall():
                self._drop(unfinished)  # left behind by a run that was killed
            selection = database.execute("INSERT INTO selections (key) VALUES (NULL)").lastrowid
        fingerprints = _Fingerprints(parts)
        source = iter(examples)
        with Survey() as survey:
            while page := list(islice(source, _EXAMINED_AT_ONCE)):
                for example in page:
                    fingerprints.update(example.label, f"{example.id}\0{example.label}\0")
                self._keep(int(selection or 0), page, survey, advance)
        with database.commit():
            for copy, label in self._copies(int(selection or 0), shots):
                fingerprints.update(label, f"without {copy}\0")
                database.execute("DELETE FROM selected WHERE selection = ? AND example = ?", selection, copy)
            key, *keys = fingerprints.hexdigests()
            whole = self._known(key)
            if whole is None:
                whole = int(selection or 0)
                database.execute("UPDATE selections SET key = ? WHERE number = ?", key, whole)
            else:
                self._drop(int(selection or 0))
            return [whole, *(self._part(whole, labels, key) for labels, key in zip(parts, keys, strict=True))]

    def _known(self, key: str) -> int | None:
        """The number of the selection with this key."""
        number: int | None = self._database.value("SELECT number FROM selections WHERE key = ?", key)
        return number

    def _part(self, whole: int, labels: Collection[str], key: str) -> int:
        """The number of the selection with this key, which has the examples with these labels."""
        if (known := self._known(key)) is not None:
            return known
        part = int(self._database.execute("INSERT INTO selections (key) VALUES (?)", key).lastrowid or 0)
        self._database.execute(
            "INSERT INTO selected SELECT ?, example, label FROM selected "
            "WHERE selection = ? AND label IN (SELECT value FROM json_each(?))",
            part,
            whole,
            json.dumps(list(labels)),
        )
        return part

    def _copies(self, selection: int, shots: Sequence[Example]) -> list[tuple[int, str]]:
        """The selection's examples, with their labels, that consist of the same image as a shot."""
        copies = [
            self._database.execute(
                "SELECT number, label FROM examples JOIN selected ON example = number "
                "WHERE selection = ? AND digest = ?",
                selection,
                bytes.fromhex(shot.image.digest),
            ).fetchall()
            for shot in shots
        ]
        return sorted(copy for found in copies for copy in found)

    def _drop(self, selection: int) -> None:
        self._database.execute("DELETE FROM selected WHERE selection = ?", selection)
        self._database.execute("DELETE FROM selections WHERE number = ?", selection)

    def _keep(self, selection: int, page: Sequence[Example], survey: Survey, advance: Callable[[int], None]) -> None:
        """Brings the examples of a page up to date and puts them into the selection."""
        stamps = [_stamp(example.image) for example in page]
        unknown = [
            (position, example.image)
            for position, (example, stamp) in enumerate(zip(page, stamps, strict=True))
            if not self._is_current(example.id, stamp)
        ]
        advance(len(page) - len(unknown))
        found: dict[int, Examined] = {}
        for position, examined in survey.examine(unknown):
            found[position] = examined
            advance(1)
        with self._database.commit():
            for position in sorted(found):  # so that examples are numbered in the data set's order
                self._put(page[position], stamps[position], found[position])
            self._database.execute_many(
                "INSERT INTO selected SELECT ?, number, ? FROM examples WHERE id = ?",
                ((selection, example.label, example.id) for example in page),
            )

    def _is_current(self, id: str, stamp: str) -> bool:
        """Whether the example is known as it is now; a file that could not even be read is looked at every time."""
        known = "SELECT stamp FROM examples WHERE id = ? AND digest != x''"
        return bool(self._database.value(known, id) == stamp)

    def _put(self, example: Example, stamp: str, found: Examined) -> None:
        """Keeps what the survey found; records that rest on another content of the file are dropped."""
        database, path = self._database, example.image.path
        old = database.execute("SELECT number, digest FROM examples WHERE id = ?", example.id).fetchone()
        if old and old[1].hex() != found.digest:
            database.execute("DELETE FROM records WHERE row IN (SELECT number FROM rows) AND example = ?", old[0])
        database.execute(
            "INSERT INTO examples (id, path, stamp, digest, width, height, unreadable) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET path = excluded.path, stamp = excluded.stamp, digest = excluded.digest, "
            "width = excluded.width, height = excluded.height, unreadable = excluded.unreadable",
            example.id,
            os.fsencode(path) if path else None,
            stamp,
            bytes.fromhex(found.digest),
            found.width,
            found.height,
            found.unreadable,
        )

    def held(self, selections: Iterable[int], examples: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """Those of the examples that each of the selections has, where it has any."""
        held = "SELECT 1 FROM selected WHERE selection = ? AND example = ?"
        found = {
            selection: tuple(each for each in examples if self._database.value(held, selection, each))
            for selection in selections
        }
        return {selection: some for selection, some in found.items() if some}

    def size(self, selection: int, span: Span | None = None) -> int:
        """How many examples the selection has, or how many readable ones of a span of it."""
        if span is None:
            return int(self._database.value("SELECT count(*) FROM selected WHERE selection = ?", selection))
        counted = "SELECT count(*) FROM examples JOIN selected ON example = number WHERE selection = ? "
        return int(self._database.value(f"{counted} AND {_IN_SPAN}", selection, span.after, span.until))

    def contents(self, selection: int) -> int:
        """How many different readable images the selection has."""
        counted = "SELECT count(DISTINCT digest) FROM examples JOIN selected ON example = number "
        return int(self._database.value(f"{counted} WHERE selection = ? AND unreadable IS NULL", selection))

    def digest_at(self, selection: int, place: int) -> bytes:
        """The digest in this place of the selection's readable images, counted from 1 in the order of digests."""
        listed = "SELECT DISTINCT digest FROM examples JOIN selected ON example = number WHERE selection = ?"
        found = f"{listed} AND unreadable IS NULL ORDER BY digest LIMIT 1 OFFSET ?"
        return bytes(self._database.value(found, selection, place - 1))

    def size_of(self, example: int) -> tuple[int, int] | None:
        """Width and height of an example's image; None where it is unreadable, and where that is no example."""
        found = self._database.execute("SELECT width, height FROM examples WHERE number = ?", example).fetchone()
        return (found[0], found[1]) if found and found[0] else None

    def labels(self, selection: int) -> int:
        """How many different labels the selection's examples have."""
        return int(self._database.value("SELECT count(DISTINCT label) FROM selected WHERE selection = ?", selection))

    def unreadable(self, selection: int) -> Iterator[tuple[int, str, str]]:
        """Number, id and reason of the selection's unreadable examples."""
        yield from self._database.execute(
            "SELECT number, id, unreadable FROM selected JOIN examples ON number = example "
            "WHERE selection = ? AND unreadable IS NOT NULL ORDER BY id",
            selection,
        )

    def photographs(
        self, selection: int, examples: Iterable[Example], span: Span | None = None
    ) -> Iterator[Photograph]:
        """The selection's readable images, or those of a span of it.

        Files come in the order of their digests, which is random and always the same, so that a run that was stopped
        has seen all classes. Images that have no file of their own come in the data set's order, read from `examples`.
        """
        in_files = self._database.value(
            "SELECT count(*) = count(path) FROM selected JOIN examples ON number = example WHERE selection = ?",
            selection,
        )
        within = span or _EVERYTHING
        return self._by_digest(selection, within) if in_files else self._in_order(selection, examples, within)

    def _by_digest(self, selection: int, span: Span) -> Iterator[Photograph]:
        for digest, group in groupby(self._readable_files(selection, span), key=lambda file: file[0]):
            members = list(group)
            image = Image(Path(os.fsdecode(members[0][2])), digest=digest.hex())
            yield Photograph(image, tuple(number for _, number, _ in members))

    def _readable_files(self, selection: int, span: Span) -> Iterator[tuple[bytes, int, bytes]]:
        """Digest, number and path, in the order of the first two.

        Read in pages: a long run keeps no read transaction open, so that SQLite's log can be folded in.
        """
        page: list[tuple[bytes, int, bytes]] = [(span.after, _LAST, b"")]
        while page:
            # CROSS JOIN: the index on digests leads, and no page is sorted
            page = self._database.execute(
                "SELECT e.digest, e.number, e.path FROM examples e "
                "CROSS JOIN selected s ON s.selection = ? AND s.example = e.number "
                "WHERE (e.digest, e.number) > (?, ?) AND e.digest <= ? AND e.unreadable IS NULL "
                "ORDER BY e.digest, e.number LIMIT ?",
                selection,
                *page[-1][:2],
                span.until,
                _PAGE,
            ).fetchall()
            yield from page

    def _in_order(self, selection: int, examples: Iterable[Example], span: Span) -> Iterator[Photograph]:
        for example in examples:
            found = self._database.execute(
                "SELECT own.number, other.number FROM examples own JOIN examples other ON other.digest = own.digest "
                "JOIN selected s ON s.selection = ? AND s.example = other.number "
                "WHERE own.id = ? AND own.unreadable IS NULL AND own.digest > ? AND own.digest <= ? "
                "ORDER BY other.number",
                selection,
                example.id,
                span.after,
                span.until,
            ).fetchall()
            if found and found[0][0] == found[0][1]:  # of several with this content only the first speaks for all
                yield Photograph(example.image, tuple(other for _, other in found))

    def digest_from(self, beginning: bytes) -> str | None:
        """The digest of an example's image that begins so, None where there is none."""
        found = self._database.value("SELECT digest FROM examples WHERE digest >= ? ORDER BY digest LIMIT 1", beginning)
        return found.hex() if found and found.startswith(beginning) else None

    def digests(self, selection: int) -> Iterator[list[tuple[int, str]]]:
        """Number and digest of the selection's readable examples, in pages."""
        after = 0
        while True:
            page = self._database.execute(
                "SELECT number, digest FROM selected JOIN examples ON number = example "
                "WHERE selection = ? AND example > ? AND unreadable IS NULL ORDER BY example LIMIT ?",
                selection,
                after,
                _PAGE,
            ).fetchall()
            if not page:
                return
            yield [(number, digest.hex()) for number, digest in page]
            after = page[-1][0]

    def duplicates(self, selection: int) -> Iterator[tuple[list[str], list[str]]]:
        """Ids and labels of the examples of each image content that the selection holds more than once."""
        for (digest,) in self._database.execute(
            "SELECT digest FROM selected JOIN examples ON number = example WHERE selection = ? AND digest != x'' "
            "GROUP BY digest HAVING count(*) > 1 ORDER BY min(id)",
            selection,
        ):
            members = self._database.execute(
                "SELECT id, label FROM examples JOIN selected ON number = example "
                "WHERE selection = ? AND digest = ? ORDER BY id",
                selection,
                digest,
            ).fetchall()
            yield [id for id, _ in members], [label for _, label in members]


def _stamp(image: Image) -> str:
    """Changes when the file's content may have changed: path, size and times of a file, the digest of bytes in memory.

    The time of the last change of any kind is among them: it tells a file that was replaced under its old date.
    """
    if image.path is None:
        return image.digest
    try:
        status = image.path.stat()
    except OSError as error:
        return f"{image.path!r}: {error.strerror}"
    return f"{os.fsencode(image.path)!r} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
