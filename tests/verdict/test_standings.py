"""Ranks leave open what the images leave open, and ties say how many images would do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from snellen.metrics.comparison import images_to_tell_apart
from snellen.metrics.intervals import wilson
from snellen.result_row import ResultRow
from snellen.verdict.sittings import Entrant, Sitting
from snellen.verdict.standings import Standings

CLASSES = ("cat", "dog", "bird")


def standings_of(labels: list[int], *predictions: list[int]) -> Standings:
    """Rows that said this; the most right one has to come first."""
    rows = [
        cast(ResultRow, SimpleNamespace(number=n, model=f"model {n}", strategy="s", interval="wilson"))
        for n in range(len(predictions))
    ]
    said = tuple(np.array(each, dtype=np.int32) for each in predictions)
    entrants = tuple(Entrant(0, row, {}) for row in rows)
    return Standings(Sitting(CLASSES, entrants, np.array(labels, dtype=np.int32), said, {0: 0}, 0))


def wrong_on(count: int, first: int = 0, of: int = 60) -> list[int]:
    """Answers to `of` cats that are wrong on so many from the first on."""
    return [1 if first <= place < first + count else 0 for place in range(of)]


def test_figures_equal_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 80)
    said = np.where(rng.random(80) < 0.8, labels, rng.integers(0, 4, 80))
    said[:5] = -1
    (row,) = standings_of(labels.tolist(), said.tolist()).rows
    labels, said = labels[5:], said[5:]
    assert (row.images, row.best, row.worst) == (75, 1, 1)
    assert row.accuracy == pytest.approx(accuracy_score(labels, said))
    assert (row.accuracy_low, row.accuracy_high) == wilson(int((labels == said).sum()), 75)
    assert row.macro_f1 == pytest.approx(f1_score(labels, said, labels=range(3), average="macro", zero_division=0))
    assert row.macro_f1_low is not None and row.macro_f1_high is not None
    assert row.macro_f1_low < row.macro_f1 < row.macro_f1_high


def test_a_chain_of_ties_overlaps_where_its_ends_are_told_apart() -> None:
    standings = standings_of([0] * 60, wrong_on(0), wrong_on(5), wrong_on(15))
    assert [(row.best, row.worst) for row in standings.rows] == [(1, 2), (1, 2), (3, 3)]
    (tie,) = standings.ties
    assert (tie.places, tie.images, tie.as_often_right) == ((0, 1), 60, ())
    assert tie.images_needed == images_to_tell_apart(5, 0, 60, 0.05 / 3)
    standings = standings_of([0] * 60, wrong_on(0), wrong_on(6), wrong_on(9, 3))
    assert [(row.best, row.worst) for row in standings.rows] == [(1, 2), (1, 3), (2, 3)]
    assert [tie.places for tie in standings.ties] == [(0, 1), (1, 2)]


def test_those_that_are_right_as_often_need_what_nobody_knows() -> None:
    (tie,) = standings_of([0] * 60, wrong_on(4), wrong_on(4, 4), wrong_on(6, 1)).ties
    assert (tie.places, tie.as_often_right) == ((0, 1, 2), (1,))
    assert tie.images_needed == images_to_tell_apart(3, 1, 60, 0.05 / 3)
    (tie,) = standings_of([0] * 60, wrong_on(4), wrong_on(4, 4)).ties
    assert (tie.images_needed, tie.as_often_right) == (None, (1,))


def test_rows_without_an_answer_have_no_rank_and_take_none_away() -> None:
    mute = [-1] * 60
    standings = standings_of([0] * 60, wrong_on(0), wrong_on(30), mute)
    assert [(row.best, row.worst, row.images) for row in standings.rows] == [(1, 1, 60), (2, 2, 60), (None, None, 0)]
    assert standings.ties == ()
    assert standings.rows[2].accuracy is standings.rows[2].macro_f1 is None


def test_rows_that_never_met_are_not_told_apart_and_no_number_is_made_up() -> None:
    early, late = [0] * 30 + [-1] * 30, [-1] * 30 + [1] * 30
    standings = standings_of([0] * 60, early, late)
    assert [(row.best, row.worst) for row in standings.rows] == [(1, 2), (1, 2)]
    (tie,) = standings.ties
    assert (tie.images, tie.images_needed, tie.as_often_right) == (0, None, ())


def test_data_counts_places_from_one() -> None:
    data: dict[str, Any] = standings_of([0] * 60, wrong_on(0), wrong_on(30)).as_data(["runs/a"])
    assert [(row["place"], row["run"], row["row"], row["best"]) for row in data["rows"]] == [
        (1, "runs/a", 0, 1),
        (2, "runs/a", 1, 2),
    ]
    (pair,) = data["comparisons"]
    assert (pair["a"]["place"], pair["b"]["place"], pair["only_a_right"]) == (1, 2, 30)
    tie = standings_of([0], [0], [0]).as_data(["runs/a"])["ties"]
    assert tie == [{"places": [1, 2], "images": 1, "images_needed": None, "as_often_right": [2]}]
