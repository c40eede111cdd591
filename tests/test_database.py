"""The database file: whole transactions, and errors that say what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from snellen.database import DATABASE, Database
from snellen.errors import NoSpace, WrongUse


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "answers.sqlite")) as opened:
        yield opened


def facts(path: Path) -> list[str]:
    with closing(Database(path, read_only=True)) as reader:
        return [name for (name,) in reader.execute("SELECT name FROM facts ORDER BY name")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_all_of_a_transaction_or_none_of_it(database: Database, error: type[BaseException]) -> None:
    with database.commit():
        database.set_fact("a", "1")
    with pytest.raises(error), database.commit():  # noqa: PT012
        database.set_fact("b", "1")
        raise error
    assert facts(database.path) == ["a"]
    with database.commit():
        database.set_fact("c", "1")
    assert facts(database.path) == ["a", "c"]


def test_a_killed_process_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom snellen.database import Database\n"
        "database = Database(Path(sys.argv[1]))\n"
        "for name in 'abc':\n    with database.commit():\n        database.set_fact(name, '')\n"
        "with database.commit():\n    database.set_fact('d', '')\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == -9
    assert facts(path) == ["a", "b", "c"]


def test_a_full_disk_is_told_keeps_what_was_committed_and_can_be_gone_on_from(database: Database) -> None:
    pages = database.value("PRAGMA page_count")
    database.execute(f"PRAGMA max_page_count={pages + 8}")
    kept = 0
    with pytest.raises(NoSpace, match="answers up to here are kept") as caught:  # noqa: PT012
        for kept in range(100):
            with database.commit():
                database.set_fact(f"{kept:03}", "x" * 4000)
    assert caught.value.exit_code == 3
    assert 3 < kept < 20
    assert facts(database.path) == [f"{number:03}" for number in range(kept)]
    database.execute("PRAGMA max_page_count=100000")
    with database.commit():
        database.set_fact("more", "x" * 4000)
    assert len(facts(database.path)) == kept + 1
    assert database.value("PRAGMA integrity_check") == "ok"


def test_a_file_of_something_else_or_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(WrongUse, match="not a database"):
        Database(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version=99")
    with pytest.raises(WrongUse, match="format 99"):
        Database(path)
    with pytest.raises(WrongUse, match="cannot open"):
        Database(tmp_path / "nowhere" / "answers.sqlite")


def test_one_that_was_begun_and_not_filled_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with closing(sqlite3.connect(path)) as begun:
        begun.execute("PRAGMA journal_mode=WAL")
    Database(path).close()
    assert facts(path) == []


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with closing(Database(path)) as database, database.commit():
        for number in range(200):
            database.set_fact(str(number), "x" * 1000)
    body = bytearray(path.read_bytes())
    body[8192:-4096] = b"\xff" * (len(body) - 12288)
    path.write_bytes(body)
    with closing(Database(path)) as damaged, pytest.raises(WrongUse, match="malformed"):
        damaged.execute("SELECT sum(length(value)) FROM facts")


def test_others_may_read_while_one_writes(database: Database) -> None:
    with database.commit():
        database.set_fact("a", "1")
    with database.commit():
        database.set_fact("b", "1")
        assert facts(database.path) == ["a"]
    assert facts(database.path) == ["a", "b"]


def test_the_file_alone_is_the_whole_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    writer = Database(path)
    with writer.commit():
        writer.set_fact("source", "here")
    reader = Database(path, read_only=True)  # a reader that stays would keep the log
    assert reader.fact("source") == "here"
    writer.close()
    (tmp_path / "copy").mkdir()
    shutil.copy(path, tmp_path / "copy" / DATABASE)
    copied = Database(tmp_path / "copy" / DATABASE, read_only=True)
    assert copied.fact("source") == "here"
    reader.close()
    copied.close()


def test_it_is_read_where_nobody_may_write(tmp_path: Path) -> None:
    place = Path(tempfile.mkdtemp(prefix="snellen-"))  # pytest's own folders are closed to other users
    try:
        with closing(Database(place / DATABASE)) as writer, writer.commit():
            writer.set_fact("a", "1")
        place.chmod(0o555)
        user = os.geteuid()
        if not user:  # nothing keeps root from writing
            os.seteuid(65534)
        try:
            assert facts(place / DATABASE) == ["a"]
        finally:
            os.seteuid(user)
        assert [file.name for file in place.iterdir()] == [DATABASE]
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)
