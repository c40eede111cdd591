"""`answers.sqlite` of a run folder: its schema, its transactions, and what its errors mean to a user.

SQLite in WAL mode: a killed process loses nothing that was committed, and others may read while one writes. A power
failure may take the last seconds with it; it leaves the database whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from snellen.errors import NoSpace, WrongUse

DATABASE = "answers.sqlite"
VERSION = 1
# keys are random, so that with millions of them nearly every answer touches other pages: what SQLite takes by itself
# (2 MB of cache, 4 MB of log) would write them out over and over
_CACHE_KIB = 16 * 1024
_LOG_PAGES = 4000
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE texts (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, body TEXT NOT NULL);
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
# made in any folder that is written to: folders of this version may be older than it
_ADDED = """
CREATE TABLE IF NOT EXISTS exported (
    model INTEGER NOT NULL, image BLOB NOT NULL, question BLOB NOT NULL,
    PRIMARY KEY (model, image, question)) WITHOUT ROWID;
"""


class Database:
    """A connection to `answers.sqlite`. All writing happens inside `with database.commit():`."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """Raises WrongUse where the file is not a database of this version."""
        self.path = path
        self._read_only = read_only
        self.undone = 0  # how many transactions came to nothing: what was remembered of them is not there
        self._connection = self._connect(read_only)
        try:
            self._open(read_only)
        except BaseException:
            self._connection.close()
            raise

    def _connect(self, read_only: bool) -> sqlite3.Connection:
        try:
            if read_only:
                return self._connect_to_read(f"{self.path.resolve().as_uri()}?mode=ro")
            return sqlite3.connect(self.path, isolation_level=None)
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _connect_to_read(self, address: str) -> sqlite3.Connection:
        """SQLite writes beside a file in WAL mode even to read it; where it may not, and nobody does, it is read as it
        lies."""
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            connection.execute("PRAGMA user_version")
        except sqlite3.OperationalError:
            connection.close()
            if self.path.with_name(f"{self.path.name}-wal").exists():
                raise
            return sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
        return connection

    def _open(self, read_only: bool) -> None:
        version = self.value("PRAGMA user_version")
        if not version and not read_only:
            self.execute("PRAGMA journal_mode=WAL")
            with self.commit():
                for statement in _SCHEMA.split(";\n"):
                    self.execute(statement)
                self.execute(f"PRAGMA user_version={VERSION}")
            version = VERSION
        if version != VERSION:
            raise WrongUse(
                f"{self.path} has format {version}, this version of snellen reads {VERSION}; use another --out"
            )
        if not read_only:
            self.execute(_ADDED)
            self.execute("PRAGMA synchronous=NORMAL")
            self.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            self.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")

    def close(self) -> None:
        """Ends the connection; one that wrote folds its log into the file, so that the file alone is the whole."""
        with suppress(sqlite3.Error):  # such as a reader in the middle of it, or a full disk: nothing is lost by it
            if not self._read_only:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """A transaction: all of it is kept at the end, or none of it. Raises Missing where the disk is full."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except BaseException as error:
            self.undone += 1
            if connection.in_transaction:  # SQLite itself has rolled back where the disk is full
                with suppress(sqlite3.Error):  # the error that led here says more
                    connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._explain(error) from error
            raise

    def execute(self, sql: str, *parameters: Any, named: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """One statement of SQL with its parameters, in order or by their names."""
        try:
            return self._connection.execute(sql, parameters if named is None else named)
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def execute_many(self, sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._connection.executemany(sql, parameters)
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def value(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.execute(sql, *parameters).fetchone()
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
