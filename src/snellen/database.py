"""`answers.sqlite` of a run folder: its schema, its transactions, and what its errors mean to a user.

SQLite in WAL mode: a killed process loses nothing that was committed, and others may read while one writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snellen.errors import NoSpace, WrongUse

DATABASE = "answers.sqlite"
VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE texts (key BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE models (
    number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, name TEXT NOT NULL, facts TEXT NOT NULL DEFAULT '{}');
CREATE TABLE answers (
    model INTEGER NOT NULL, image BLOB NOT NULL, question BLOB NOT NULL,
    body TEXT NOT NULL, choices BLOB, time REAL NOT NULL,
    PRIMARY KEY (model, image, question)) WITHOUT ROWID;
CREATE TABLE examples (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, path BLOB, stamp TEXT NOT NULL,
    digest BLOB NOT NULL, width INTEGER, height INTEGER, unreadable TEXT);
CREATE INDEX examples_by_digest ON examples (digest, number);
CREATE TABLE selections (number INTEGER PRIMARY KEY, key TEXT UNIQUE);
CREATE TABLE selected (
    selection INTEGER NOT NULL, example INTEGER NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY (selection, example)) WITHOUT ROWID;
CREATE TABLE rows (
    number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, model INTEGER NOT NULL, spec TEXT NOT NULL,
    selection INTEGER NOT NULL, timing TEXT, trouble TEXT);
CREATE TABLE records (
    row INTEGER NOT NULL, example INTEGER NOT NULL, state TEXT NOT NULL, prediction TEXT, outcome TEXT,
    scores TEXT, details TEXT, failure TEXT, questions INTEGER NOT NULL,
    PRIMARY KEY (row, example)) WITHOUT ROWID;
"""


class Database:
    """A connection to `answers.sqlite`. All writing happens inside `with database.commit():`."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """Raises WrongUse where the file is not a database of this version."""
        self.path = path
        try:
            if read_only:
                self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
            else:
                self._connection = sqlite3.connect(path, isolation_level=None)
            version = self.value("PRAGMA user_version")
            if not version and not read_only:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={VERSION};COMMIT;")
                version = VERSION
            self._connection.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as error:
            raise self._explain(error) from error
        if version != VERSION:
            raise WrongUse(f"{path} has format {version}, this version of snellen reads {VERSION}; use another --out")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """A transaction: all of it is durable at the end, or none of it. Raises Missing where the disk is full."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """One statement of SQL with its parameters."""
        return self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
        self._connection.executemany(sql, parameters)

    def value(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row, or None."""
        found = self._connection.execute(sql, parameters).fetchone()
        return found[0] if found else None

    def fact(self, name: str) -> str | None:
        """A fact of the folder by its name."""
        found: str | None = self.value("SELECT value FROM facts WHERE name = ?", name)
        return found

    def set_fact(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    def _explain(self, error: sqlite3.Error) -> Exception:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            return NoSpace(self.path, text)
        if "not a database" in text or "malformed" in text:
            return WrongUse(f"{self.path} is not a database of snellen ({text}); choose another --out")
        if "readonly" in text or "unable to open" in text:
            return WrongUse(f"cannot open {self.path} ({text}); check that the folder exists and may be written to")
        if "locked" in text:
            return WrongUse(f"{self.path} is in use by another process; wait for it, or choose another --out")
        return error
