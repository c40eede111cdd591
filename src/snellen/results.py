"""A run folder read back: its rows, records and comparisons as one value."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen import comparisons
from snellen.database import DATABASE, Database
from snellen.decisions import Decision, decisions
from snellen.errors import Missing, WrongUse
from snellen.result_row import Numbered, ResultRow
from snellen.row_figures import figures_of
from snellen.shares import RECORDS_OF_ROW
from snellen.sheets import (
    Selected,
    Sheet,
    best_scored,
    conclusions,
    confidences,
    files,
    pixels,
    selected_of,
    sheet_of,
    unread,
)
from snellen.store import Store, with_models
from snellen.stored_rows import strategy_of
from snellen.types import Choose, State

_SELECTIONS, _SHEETS, _SCORED = 4, 64, 1_000_000  # selections, sheets and images with scores that stay in memory
_MANY = 100_000  # records
_RECORDS = """
    SELECT e.id, e.path, s.label, r.state, r.prediction, r.outcome, r.scores, r.details, r.failure, r.questions
    FROM rows w
    JOIN selected s ON s.selection = w.selection
    JOIN examples e ON e.number = s.example
    LEFT JOIN records r ON r.row = w.number AND r.example = s.example
    WHERE w.number = ?
    ORDER BY s.example
"""


class Results:
    """The results of a run folder, computed from its database when they are asked for."""

    def __init__(self, path: Path | str) -> None:
        """Raises WrongUse where the folder is not a run's."""
        self.path = Path(path)
        if not (self.path / DATABASE).is_file():
            raise WrongUse(f"{self.path} is not a run folder: it has no {DATABASE} ('snellen ls runs' lists the runs)")
        self._database = Database(self.path / DATABASE, read_only=True)
        self._selected: dict[int, Selected] = {}
        self._sheets: dict[int, Sheet] = {}
        self._pixels: dict[int, NDArray[np.float64]] = {}  # of one selection
        self._best_scored: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self.asked: frozenset[int] = frozenset()  # the numbers of the rows that the run just ended was about

    @cached_property
    def rows(self) -> tuple[ResultRow, ...]:
        """All rows, the most accurate first; rows without an answer last, and blind ones behind all others."""
        numbers = list(self._specs)
        adaptive = frozenset(number for decision in self.decisions for number in decision.adaptive)
        if self.is_large:  # two at a time: SQLite does most of it
            with ThreadPoolExecutor(2) as pool:
                found = list(pool.map(self._figures, (numbers[::2], numbers[1::2]), (adaptive, adaptive)))
            rows = sorted((row for each in found for row in each), key=lambda row: row.number)
        else:
            rows = self._figures(numbers, adaptive)
        newest = {self._names(row): row.number for row in rows}
        marked = [dataclasses.replace(row, superseded=newest[self._names(row)] != row.number) for row in rows]
        return tuple(sorted(marked, key=lambda row: (row.blind, 1.0 if row.accuracy is None else -row.accuracy)))

    @cached_property
    def is_large(self) -> bool:
        """Whether there are so many records that what is made of them takes seconds."""
        return bool(self._database.value(f"SELECT count(*) > {_MANY} FROM records"))

    @property
    def asks_blind(self) -> bool:
        """Whether there is a blind row."""
        return any(spec.get("blind") for spec in self._specs.values())

    def _figures(self, numbers: Sequence[int], adaptive: frozenset[int]) -> list[ResultRow]:
        """The figures of some rows, by a connection of its own."""
        with closing(Database(self.path / DATABASE, read_only=True)) as database:
            return [figures_of(database, number, self._specs[number], number in adaptive) for number in numbers]

    @cached_property
    def _specs(self) -> dict[int, Mapping[str, Any]]:
        """What each row asks, by number."""
        found = self._database.execute("SELECT number, model, spec FROM rows ORDER BY number")
        return {number: with_models(json.loads(spec), model) for number, model, spec in found}

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """What runs came to that stopped by themselves."""
        return decisions(self._database)

    def spec(self, row: Numbered) -> Mapping[str, Any]:
        """What a row asks: its strategy with options, classes, seed, and the numbers of its models by role."""
        return self._specs[row.number]

    def sheet(self, row: ResultRow) -> Sheet:
        """What a row predicted for each of its examples."""
        if row.number not in self._sheets:
            spec = self._specs[row.number]
            self._sheets[row.number] = sheet_of(self._database, row.number, spec, self._examples(row.selection))
            if len(self._sheets) > _SHEETS:
                del self._sheets[next(iter(self._sheets))]
        return self._sheets[row.number]

    def _examples(self, selection: int) -> Selected:
        """The examples of a selection, which rows share; a sweep has many."""
        if selection not in self._selected:
            self._selected[selection] = selected_of(self._database, selection)
            if len(self._selected) > _SELECTIONS:
                del self._selected[next(iter(self._selected))]
        return self._selected[selection]

    def best_scored(self, row: ResultRow) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The five best classes of each example of a row's sheet, as places, and their scores."""
        if row.number not in self._best_scored:
            classes, examples = tuple(self._specs[row.number]["classes"]["names"]), self._examples(row.selection)
            self._best_scored[row.number] = best_scored(self._database, row.number, classes, examples.examples)
            while sum(len(ranked) for ranked, _ in self._best_scored.values()) > _SCORED and len(self._best_scored) > 1:
                del self._best_scored[next(iter(self._best_scored))]
        return self._best_scored[row.number]

    def files(self, row: ResultRow) -> list[tuple[str, str | None]]:
        """Id and path of each example of a row's sheet."""
        return files(self._database, row.number)

    def confidences(self, row: ResultRow) -> NDArray[np.float64]:
        """The score of what was predicted for each example, in the order of the row's sheet; nan without one."""
        return confidences(self.sheet(row), *self.best_scored(row))

    def pixels(self, row: ResultRow) -> NDArray[np.float64]:
        """The number of pixels of each example's image, in the order of the row's sheet; nan where unreadable."""
        if row.selection not in self._pixels:
            self._pixels = {row.selection: pixels(self._database, row.number)}
        return self._pixels[row.selection]

    def conclusions(self, row: ResultRow, sheet: Sheet) -> Iterator[tuple[int, str | None, Mapping[str, Any]]]:
        """Of each example that is answered on this sheet of the row, its place there, the outcome, and the details."""
        return conclusions(self._database, row.number, sheet)

    def unread(self, row: ResultRow) -> list[tuple[str | None, int]]:
        """The outcomes of a row's answers that named none of the classes, and how often each occurs."""
        return unread(self._database, row.number, tuple(self._specs[row.number]["classes"]["names"]))

    def facts(self, row: ResultRow) -> Mapping[str, Any]:
        """What was measured of a row's models as they were loaded, such as `sends_to`; `providers` are theirs."""
        query = "SELECT facts FROM rows JOIN models m ON m.number = model WHERE rows.number = ?"
        facts: Mapping[str, Any] = json.loads(self._database.value(query, row.number))
        models = self._specs[row.number]["models"].values()
        keys = [self._database.value("SELECT key FROM models WHERE number = ?", model) for model in models]
        return {**facts, "providers": [json.loads(key)["provider"] for key in keys]}

    @cached_property
    def store(self) -> Store:
        """The answers, to replay strategies against; nothing can be written."""
        return Store(self._database)

    def fact(self, name: str) -> str | None:
        """A fact of the folder by its name."""
        return self._database.fact(name)

    def _names(self, row: ResultRow) -> tuple[str, str, str, int]:
        """What a row is called: two rows that share it differ in what stands behind the names."""
        return row.model, row.strategy, json.dumps(self._specs[row.number]["classes"]), row.seed

    @cached_property
    def comparisons(self) -> tuple[Mapping[str, Any], ...]:
        """For each pair of rows about the same examples and classes: how they differ on the images that both answered.

        Blind rows are no candidates and are left out. What each figure means is said of `comparisons.Comparison`;
        p-values and images needed are corrected for all pairs about the same examples and classes.
        """
        return self._comparisons(macro_f1=True)

    @cached_property
    def paired_tests(self) -> tuple[Mapping[str, Any], ...]:
        """The comparisons without what is about macro-F1, which takes long for many images."""
        return self.__dict__.get("comparisons") or self._comparisons(macro_f1=False)

    def _comparisons(self, macro_f1: bool) -> tuple[Mapping[str, Any], ...]:
        alike = (rows for rows in self.alike() if len(rows) > 1)
        return tuple(each for rows in alike for each in self._compared(rows, macro_f1))

    def alike(self) -> Iterator[list[ResultRow]]:
        """Rows that can be compared: each list is about the same examples and classes, the most accurate first."""
        groups: dict[tuple[int, str], list[ResultRow]] = {}
        for row in self.rows:
            if not row.superseded and not row.blind:
                groups.setdefault((row.selection, json.dumps(self._specs[row.number]["classes"])), []).append(row)
        return iter(groups.values())

    def _compared(self, rows: Sequence[ResultRow], macro_f1: bool) -> Iterator[Mapping[str, Any]]:
        sheets = [self.sheet(row) for row in rows]
        anytime = [place for place, row in enumerate(rows) if row.interval == "anytime"]
        said = [each.predictions for each in sheets]
        found = comparisons.compare(sheets[0].labels, said, rows[0].classes, anytime, macro_f1)
        named = [{"row": row.number, "model": row.model, "strategy": row.strategy} for row in rows]
        return (comparisons.as_data(each, named[a], named[b]) for (a, b), each in found.items())

    def records(self) -> Iterator[dict[str, Any]]:
        """One mapping for each example of each row, streamed; a pending one has the state `pending`."""
        for number, spec in self._specs.items():
            named = {
                "row": number,
                "model": spec["model"],
                "strategy": spec["title"],
                "classes": len(spec["classes"]["names"]),
                "seed": spec["seed"],
            }
            for id, path, label, state, *rest in self._database.execute(_RECORDS, number):
                prediction, outcome, scores, details, failure, questions = rest
                yield {
                    **named,
                    "example": id,
                    "path": os.fsdecode(path) if path else None,
                    "label": label,
                    "state": state or State.PENDING.value,
                    "prediction": prediction,
                    "outcome": outcome,
                    "scores": json.loads(scores) if scores else None,
                    "details": json.loads(details) if details else None,
                    "failure": failure,
                    "questions": questions,
                }

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame. Raises Missing where pandas is not installed."""
        try:
            import pandas
        except ModuleNotFoundError:
            raise Missing("pandas is not installed; install it with: pip install pandas") from None
        return pandas.DataFrame([dataclasses.asdict(row) for row in self.rows])

    def as_data(self) -> dict[str, Any]:
        """The content of `results.json`."""
        return {
            "study": {"name": self.rows[0].dataset if self.rows else None, "source": self._database.fact("source")},
            "rows": [dataclasses.asdict(row) for row in self.rows],
            "comparisons": list(self.comparisons),
            "decisions": [self._decision(each) for each in self.decisions],
        }

    def _decision(self, decision: Decision) -> dict[str, Any]:
        rows = {row: {"row": row, **self._titles(row)} for row in decision.stopped}
        return {
            "confidence": decision.confidence,
            "margin": decision.margin,
            "images": decision.images,
            "of": decision.of,
            "best": None if decision.best is None else rows[decision.best],
            "rows": [{**rows[row], "stopped_after": after} for row, after in decision.stopped.items()],
        }

    def _titles(self, row: int) -> dict[str, str]:
        return {"model": self._specs[row]["model"], "strategy": self._specs[row]["title"]}

    def unreadable(self) -> list[tuple[str, str]]:
        """Id and reason of each example of any row whose file is no readable image."""
        return self._database.execute(
            "SELECT DISTINCT e.id, e.unreadable FROM rows w JOIN selected s ON s.selection = w.selection "
            "JOIN examples e ON e.number = s.example WHERE e.unreadable IS NOT NULL ORDER BY e.id"
        ).fetchall()

    def failures(self) -> list[tuple[str, int]]:
        """Each reason for which readable examples failed, and how often, the most frequent first."""
        return self._database.execute(
            "SELECT r.failure, count(*) FROM rows w JOIN selected s ON s.selection = w.selection "
            "JOIN examples e ON e.number = s.example JOIN records r ON r.row = w.number AND r.example = s.example "
            "WHERE r.failure IS NOT NULL AND e.unreadable IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()

    def times(self) -> tuple[float, float] | None:
        """When the first and the last of the answers came, in seconds since 1970; None where there is none."""
        first, last = self._database.execute("SELECT min(time), max(time) FROM answers").fetchone()
        return None if first is None else (first, last)

    def out_of_list(self, row: ResultRow) -> list[tuple[str, int]]:
        """What a fixed vocabulary recognised where that stands for no class, and how often, the most frequent first."""
        return self._database.execute(
            f"SELECT json_extract(details, '$.concept') concept, count(*) FROM {RECORDS_OF_ROW} "
            "AND outcome = 'out-of-list' AND concept IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
            row.number,
        ).fetchall()

    def mixed_scores(self) -> Iterator[Mapping[str, list[ResultRow]]]:
        """For each comparison in which scores of choices were had in several ways: the rows by `scores_by`.

        What a local model answers is its own log-probabilities.
        """
        for rows in self.alike():
            ways: dict[str, list[ResultRow]] = {}
            for row in rows:
                own = "logprobs" if Choose in strategy_of(self._specs[row.number]).asks else None
                if (way := row.scores_by or own) and row.answered + row.unparsed:
                    ways.setdefault(way, []).append(row)
            if len(ways) > 1:
                yield ways

    def __repr__(self) -> str:
        rows = "".join(f"\n  {row.model} · {row.strategy}: {row.accuracy} of {row.images} images" for row in self.rows)
        return f"Results({str(self.path)!r}){rows}"

    def close(self) -> None:
        self._database.close()
