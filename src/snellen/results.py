"""A run folder read back: its rows, records and comparisons as one value."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from snellen import plugins
from snellen.codec import question_key, read_choices
from snellen.database import DATABASE, Database
from snellen.errors import Missing, WrongUse
from snellen.metrics.classification import Classification, Confusion, classify
from snellen.metrics.comparison import mcnemar
from snellen.metrics.intervals import wilson
from snellen.types import Classes, Recognise, State


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the results: a model asked by a strategy. What was not measured is None, never 0."""

    number: int
    dataset: str
    model: str
    parameters: int | None
    strategy: str
    classes: int
    images: int
    answered: int
    unparsed: int
    failed: int
    pending: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    macro_precision: float | None
    macro_recall: float | None
    macro_f1: float | None
    weighted_precision: float | None
    weighted_recall: float | None
    weighted_f1: float | None
    balanced_accuracy: float | None
    outcomes: Mapping[str, int]
    per_class: tuple[Mapping[str, Any], ...]
    classes_covered: int | None
    classes_uncovered: tuple[str, ...] | None
    questions_per_image: float | None
    images_per_second: float | None
    timed_images: int | None
    latency_p50: float | None
    latency_p90: float | None
    latency_p99: float | None
    batch_size: int | None
    peak_gpu_gb: float | None
    peak_rss_gb: float | None
    load_seconds: float | None
    device: str | None
    dtype: str | None
    trouble: str | None


_AVERAGES = (
    "accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "weighted_precision",
    "weighted_recall",
    "weighted_f1",
    "balanced_accuracy",
)
_TIMING = ("images_per_second", "timed_images", "latency_p50", "latency_p90", "latency_p99")
_FACTS = ("parameters", "batch_size", "peak_gpu_gb", "peak_rss_gb", "load_seconds", "device", "dtype")
_RECORDS = """
    SELECT e.id, e.path, s.label, m.name AS model, w.spec, r.state, r.prediction, r.outcome, r.scores, r.details,
        r.failure, r.questions, w.number
    FROM rows w
    JOIN models m ON m.number = w.model
    JOIN selected s ON s.selection = w.selection
    JOIN examples e ON e.number = s.example
    LEFT JOIN records r ON r.row = w.number AND r.example = s.example
    ORDER BY w.number, s.example
"""


_RECORDS_OF_ROW = """rows w
    JOIN selected s ON s.selection = w.selection
    JOIN records r ON r.row = w.number AND r.example = s.example
    WHERE w.number = ?"""


class Results:
    """The results of a run folder, computed from its database when they are asked for."""

    def __init__(self, path: Path | str) -> None:
        """Raises WrongUse where the folder is not a run's."""
        self.path = Path(path)
        if not (self.path / DATABASE).is_file():
            raise WrongUse(f"{self.path} is not a run folder: it has no {DATABASE} ('snellen ls runs' lists the runs)")
        self._database = Database(self.path / DATABASE, read_only=True)

    @cached_property
    def rows(self) -> tuple[ResultRow, ...]:
        """All rows, the most accurate first; rows without an answer last."""
        found = self._database.execute("SELECT number FROM rows ORDER BY number").fetchall()
        rows = [self._row(number) for (number,) in found]
        return tuple(sorted(rows, key=lambda row: -1.0 if row.accuracy is None else row.accuracy, reverse=True))

    @cached_property
    def comparisons(self) -> tuple[Mapping[str, Any], ...]:
        """For each pair of rows about the same examples and classes, on the images that both answered: McNemar's test.

        The p-values are exact, two-sided, and not corrected for the number of pairs.
        """
        return tuple(self._compare(a, b) for a, b in combinations(self.rows, 2) if self._comparable(a, b))

    def records(self) -> Iterator[dict[str, Any]]:
        """One mapping for each example of each row, streamed; a pending one has the state `pending`."""
        for id, path, label, model, spec_text, state, *rest, row in self._database.execute(_RECORDS):
            prediction, outcome, scores, details, failure, questions = rest
            spec = json.loads(spec_text)
            yield {
                "example": id,
                "label": label,
                "model": model,
                "strategy": spec["title"],
                "classes": len(spec["classes"]["names"]),
                "state": state or State.PENDING.value,
                "prediction": prediction,
                "outcome": outcome,
                "scores": json.loads(scores) if scores else None,
                "details": json.loads(details) if details else None,
                "failure": failure,
                "questions": questions,
                "path": os.fsdecode(path) if path else None,
                "row": row,
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
        }

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

    def close(self) -> None:
        self._database.close()

    def _row(self, number: int) -> ResultRow:
        model, spec_text, selection, timing, trouble, facts_text = self._database.execute(
            "SELECT model, spec, selection, timing, trouble, facts FROM rows JOIN models m ON m.number = model "
            "WHERE rows.number = ?",
            number,
        ).fetchone()
        spec, facts = json.loads(spec_text), json.loads(facts_text)
        speed = json.loads(timing) if timing else {}
        names = tuple(spec["classes"]["names"])
        images = self._database.value("SELECT count(*) FROM selected WHERE selection = ?", selection)
        states = self._count(number, "state")
        measured = self._measure(number, names)
        uncovered = self._uncovered(model, spec, names)
        low, high = wilson(measured.correct, measured.answered) if measured else (None, None)
        values: dict[str, Any] = {name: getattr(measured, name, None) for name in _AVERAGES}
        values |= {name: speed.get(name) for name in _TIMING} | {name: facts.get(name) for name in _FACTS}
        return ResultRow(
            number=number,
            dataset=spec["dataset"],
            model=spec["model"],
            strategy=spec["title"],
            classes=len(names),
            images=images,
            answered=states.get(State.ANSWERED, 0),
            unparsed=states.get(State.UNPARSED, 0),
            failed=states.get(State.FAILED, 0),
            pending=images - sum(states.values()),
            accuracy_low=low,
            accuracy_high=high,
            outcomes=self._count(number, "outcome"),
            per_class=tuple(dataclasses.asdict(each) for each in measured.per_class) if measured else (),
            classes_covered=None if uncovered is None else len(names) - len(uncovered),
            classes_uncovered=None if uncovered is None else tuple(uncovered),
            questions_per_image=self._database.value(
                f"SELECT avg(questions) FROM {_RECORDS_OF_ROW} AND state IN ('answered', 'unparsed')", number
            ),
            trouble=trouble,
            **values,
        )

    def _count(self, row: int, column: str) -> dict[str, int]:
        """How often each value of a column of the records occurs in a row."""
        found = self._database.execute(
            f"SELECT {column}, count(*) FROM {_RECORDS_OF_ROW} AND {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
            row,
        )
        return dict(found.fetchall())

    def _measure(self, row: int, names: tuple[str, ...]) -> Classification | None:
        """The classification figures of a row; None where nothing was answered."""
        places = {name: place for place, name in enumerate(names)}
        counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
        for label, prediction, count in self._database.execute(
            f"SELECT label, prediction, count(*) FROM {_RECORDS_OF_ROW} "
            "AND state IN ('answered', 'unparsed') GROUP BY 1, 2",
            row,
        ):
            counts[places[label], places.get(prediction, len(names))] += count
        return classify(Confusion(names, counts)) if counts.any() else None

    def _uncovered(self, model: int, spec: Mapping[str, Any], names: tuple[str, ...]) -> list[str] | None:
        """The classes that the model's own vocabulary does not cover; None where the strategy knows no coverage."""
        asked = spec["strategy"]
        strategy = plugins.load("strategies", asked["name"]).Strategy
        if not hasattr(strategy, "coverage"):
            return None
        vocabulary = self._database.value(
            "SELECT texts.body FROM answers JOIN texts ON key = choices WHERE model = ? AND question = ? LIMIT 1",
            model,
            question_key(Recognise()),
        )
        if vocabulary is None:
            return None
        classes = Classes(names, spec["classes"]["background"])
        made = plugins.configure(strategy, asked["options"], asked["name"])
        return list(made.coverage(classes, tuple(read_choices(vocabulary))).uncovered)

    def _comparable(self, a: ResultRow, b: ResultRow) -> bool:
        same = "SELECT count(DISTINCT selection || json_extract(spec, '$.classes')) FROM rows WHERE number IN (?, ?)"
        return bool(self._database.value(same, a.number, b.number) == 1)

    def _compare(self, a: ResultRow, b: ResultRow) -> dict[str, Any]:
        both, only_a, only_b = self._database.execute(
            "SELECT count(*), coalesce(sum(x.prediction IS label AND y.prediction IS NOT label), 0), "
            "coalesce(sum(y.prediction IS label AND x.prediction IS NOT label), 0) "
            "FROM rows w JOIN selected s ON s.selection = w.selection "
            "JOIN records x ON x.row = w.number AND x.example = s.example AND x.state IN ('answered', 'unparsed') "
            "JOIN records y ON y.row = ? AND y.example = s.example AND y.state IN ('answered', 'unparsed') "
            "WHERE w.number = ?",
            b.number,
            a.number,
        ).fetchone()
        return {
            "a": {"model": a.model, "strategy": a.strategy},
            "b": {"model": b.model, "strategy": b.strategy},
            "images": both,
            "only_a_right": only_a,
            "only_b_right": only_b,
            "difference": (only_a - only_b) / both if both else None,
            "mcnemar_p": mcnemar(only_a, only_b) if both else None,
        }
