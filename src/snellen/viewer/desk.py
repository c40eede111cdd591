"""Database work in a thread of its own: SQLite connections are not for several threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from snellen.database import DATABASE, Database
from snellen.errors import WrongUse
from snellen.result_row import Numbered
from snellen.results import Results
from snellen.stored_rows import row_of
from snellen.transcripts import Transcripts
from snellen.viewer.snapshot import database_of

_Found = TypeVar("_Found")


class Books:
    """What lies on the desk: a run's results, its database, and the transcripts of its rows. For one thread."""

    def __init__(self, run: Path) -> None:
        self.results = Results(run)
        self.database = Database(run / DATABASE, read_only=True)
        self._transcripts: dict[int, Transcripts] = {}
        self._prepares: dict[int, bool] = {}

    def transcripts(self, row: Numbered) -> Transcripts:
        """What a row asked and was answered; its preparation is replayed once."""
        if row.number not in self._transcripts:
            self._transcripts[row.number] = Transcripts(self.results, row)
        return self._transcripts[row.number]

    def prepares(self, row: Numbered) -> bool:
        """Whether a row asks something once, before all images."""
        if row.number not in self._prepares:
            self._prepares[row.number] = row_of(self.results.spec(row)).prepares
        return self._prepares[row.number]

    def close(self) -> None:
        self.results.close()
        self.database.close()


class Desk:
    """Does one thing after the other; opens the run anew for each state of it (its stamp)."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self._books: Books | None = None
        self._stamp: tuple[int, ...] | None = None

    def ask(self, stamp: tuple[int, ...], work: Callable[[Books], _Found]) -> _Found:
        """What the work finds in the books; raises what it raises."""
        return self._clerk.submit(self._do, stamp, work).result()

    def _do(self, stamp: tuple[int, ...], work: Callable[[Books], _Found]) -> _Found:
        if self._books is None or stamp != self._stamp:
            self._shut()
            if stamp[0] != database_of(self._run):
                raise WrongUse("the run was begun anew or is gone since this was read; reload the page in a moment")
            self._books, self._stamp = Books(self._run), stamp
        return work(self._books)

    def _shut(self) -> None:
        if self._books is not None:
            self._books.close()
            self._books = None

    def close(self) -> None:
        self._clerk.submit(self._shut)
        self._clerk.shutdown(wait=True)
