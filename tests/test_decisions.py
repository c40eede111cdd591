"""Decisions are kept with the folder, in place of earlier ones about the same rows, until these are asked the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from snellen.database import Database
from snellen.decisions import Decision, decisions, forget, keep


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Two rows about one example, which the first has answered."""
    with closing(Database(tmp_path / "answers.sqlite")) as opened:
        with opened.commit():
            for row in (1, 2):
                opened.execute(
                    "INSERT INTO rows (number, key, model, spec, selection) VALUES (?, ?, 1, '', 1)", row, row
                )
            opened.execute("INSERT INTO selected VALUES (1, 1, 'cat')")
            opened.execute("INSERT INTO records (row, example, state, questions) VALUES (1, 1, 'answered', 1)")
        yield opened


def made(*rows: int, best: int | None = None) -> Decision:
    return Decision(0.95, 0.01, 48, 100, dict.fromkeys(rows), best)


def test_a_decision_is_read_as_it_was_kept(database: Database) -> None:
    assert decisions(database) == ()
    keep(database, Decision(0.9, 0.0, 72, 100, {1: None, 2: 48}, 1))
    (found,) = decisions(database)
    assert found == Decision(0.9, 0.0, 72, 100, {1: None, 2: 48}, 1, frozenset({1, 2}))
    assert not found.open
    assert made(1, 2).open and not Decision(0.9, 0.0, 100, 100, {1: None, 2: None}).open


def test_a_later_decision_about_the_same_rows_takes_the_place_of_an_earlier_one(database: Database) -> None:
    keep(database, made(1, 2))
    keep(database, made(1, 2, best=1))
    assert [each.best for each in decisions(database)] == [1]
    keep(database, made(2, 3))
    assert [sorted(each.adaptive) for each in decisions(database)] == [[1], [2, 3]]
    keep(database, made(1, 4))
    assert [sorted(each.adaptive) for each in decisions(database)] == [[2, 3], [1, 4]]


def test_only_rows_that_are_complete_let_go_of_it(database: Database) -> None:
    forget(database, [1, 2])
    keep(database, made(1, 2))
    forget(database, [1, 2])
    (left,) = decisions(database)
    assert left.adaptive == {2} and set(left.stopped) == {1, 2}
    database.execute("INSERT INTO records (row, example, state, questions) VALUES (2, 1, 'failed', 1)")
    forget(database, [1, 2])
    assert decisions(database) == ()
