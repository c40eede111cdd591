"""A run folder read back: its rows, records and comparisons as one value."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen import comparisons
from snellen.codec import question_key, read_choices
from snellen.costs import row_costs
from snellen.database import DATABASE, Database
from snellen.decisions import Decision, decisions
from snellen.errors import Missing, WrongUse
from snellen.metrics.bootstrap import intervals_of_counts
from snellen.metrics.classification import Confusion, classify
from snellen.metrics.intervals import wilson
from snellen.metrics.sequential import accuracy_bounds
from snellen.result_row import Numbered, ResultRow
from snellen.shares import OF_ANSWERS, RECORDS_OF_ROW, covered, shares_of
from snellen.sheets import Sheet, best_scored, conclusions, confidences, files, pixels, sheet_of
from snellen.store import Store, with_models
from snellen.stored_rows import strategy_of
from snellen.types import MODEL, Choose, Classes, Recognise, State

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
_BOUNDED = ("macro_f1", "weighted_f1", "balanced_accuracy")
_TIMING = ("images_per_second", "timed_images", "latency_p50", "latency_p90", "latency_p99", "attempts_per_question")
_FACTS = (
    *("parameters", "batch_size", "peak_gpu_gb", "peak_rss_gb", "load_seconds"),
    *("device", "dtype", "prefix_sharing"),
)
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
        self.asked: frozenset[int] = frozenset()  # the numbers of the rows that the run just ended was about

    @cached_property
    def rows(self) -> tuple[ResultRow, ...]:
        """All rows, the most accurate first; rows without an answer last, and blind ones behind all others."""
        rows = [self._row(number) for number in self._specs]
        newest = {self._names(row): row.number for row in rows}
        marked = [dataclasses.replace(row, superseded=newest[self._names(row)] != row.number) for row in rows]
        return tuple(sorted(marked, key=lambda row: (row.blind, 1.0 if row.accuracy is None else -row.accuracy)))

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
        return sheet_of(self._database, row.number, self._specs[row.number])

    def best_scored(self, row: ResultRow) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The five best classes of each example of a row's sheet, as places, and their scores."""
        return best_scored(self._database, row.number, tuple(self._specs[row.number]["classes"]["names"]))

    def files(self, row: ResultRow) -> list[tuple[str, str | None]]:
        """Id and path of each example of a row's sheet."""
        return files(self._database, row.number)

    def confidences(self, row: ResultRow) -> NDArray[np.float64]:
        """The score of what was predicted for each example, in the order of the row's sheet; nan without one."""
        return confidences(self._database, row.number)

    def pixels(self, row: ResultRow) -> NDArray[np.float64]:
        """The number of pixels of each example's image, in the order of the row's sheet; nan where unreadable."""
        return pixels(self._database, row.number)

    def conclusions(
        self, row: ResultRow, wanted: NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
        """The outcome of each example and the details kept of it (of those `wanted`), in the order of the sheet."""
        return conclusions(self._database, row.number, wanted)

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
        return tuple(each for rows in self.alike() if len(rows) > 1 for each in self._compared(rows))

    def alike(self) -> Iterator[list[ResultRow]]:
        """Rows that can be compared: each list is about the same examples and classes, the most accurate first."""
        groups: dict[tuple[int, str], list[ResultRow]] = {}
        for row in self.rows:
            if not row.superseded and not row.blind:
                groups.setdefault((row.selection, json.dumps(self._specs[row.number]["classes"])), []).append(row)
        return iter(groups.values())

    def _compared(self, rows: Sequence[ResultRow]) -> Iterator[Mapping[str, Any]]:
        sheets = [self.sheet(row) for row in rows]
        anytime = [place for place, row in enumerate(rows) if row.interval == "anytime"]
        found = comparisons.compare(sheets[0].labels, [each.predictions for each in sheets], rows[0].classes, anytime)
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

    def _row(self, number: int) -> ResultRow:
        selection, timing, trouble, facts_text = self._database.execute(
            "SELECT selection, timing, trouble, facts FROM rows JOIN models m ON m.number = model "
            "WHERE rows.number = ?",
            number,
        ).fetchone()
        spec, facts = self._specs[number], json.loads(facts_text)
        speed = json.loads(timing) if timing else {}
        names = tuple(spec["classes"]["names"])
        images = self._database.value("SELECT count(*) FROM selected WHERE selection = ?", selection)
        states = self._count(number, "state")
        confusion = self._confusion(number, names)
        measured = classify(confusion) if confusion.counts.any() else None
        adaptive = any(number in decision.adaptive for decision in self.decisions)
        bounds = accuracy_bounds if adaptive else wilson
        low, high = bounds(measured.correct, measured.answered) if measured else (None, None)
        values: dict[str, Any] = {name: getattr(measured, name, None) for name in _AVERAGES}
        values |= _bounds(confusion)
        values |= covered(self._coverage(spec["models"][MODEL], spec, names), confusion)
        values |= shares_of(self._database, number, len(names), spec["classes"]["background"])
        if adaptive:  # as answers had a say in when to stop, none of these holds
            values |= dict.fromkeys(name for name in values if name.endswith(("_low", "_high")))
        values |= {name: speed.get(name) for name in _TIMING}
        # a row's batch size and device are those of its speed, where that was measured
        values |= {name: speed.get(name, facts.get(name)) for name in _FACTS}
        return ResultRow(
            number=number,
            selection=selection,
            superseded=False,
            blind=spec.get("blind", False),
            dataset=spec["dataset"],
            model=spec["model"],
            strategy=spec["title"],
            classes=len(names),
            seed=spec["seed"],
            images=images,
            answered=states.get(State.ANSWERED, 0),
            unparsed=states.get(State.UNPARSED, 0),
            failed=states.get(State.FAILED, 0),
            pending=images - sum(states.values()),
            accuracy_low=low,
            accuracy_high=high,
            interval="anytime" if adaptive else "wilson",
            outcomes=self._count(number, "outcome"),
            per_class=tuple(dataclasses.asdict(each) for each in measured.per_class) if measured else (),
            questions_per_image=self._database.value(
                f"SELECT avg(questions) FROM {RECORDS_OF_ROW} AND {OF_ANSWERS}", number
            ),
            trouble=trouble,
            **row_costs(
                self._database,
                number,
                spec["models"],
                states.get(State.ANSWERED, 0) + states.get(State.UNPARSED, 0),
            ),
            **values,
        )

    def _count(self, row: int, column: str) -> dict[str, int]:
        """How often each value of a column of the records occurs in a row."""
        found = self._database.execute(
            f"SELECT {column}, count(*) FROM {RECORDS_OF_ROW} AND {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
            row,
        )
        return dict(found.fetchall())

    def _confusion(self, row: int, names: tuple[str, ...]) -> Confusion:
        """How often each class was predicted for each, in a row; the last column is for what is none of them."""
        places = {name: place for place, name in enumerate(names)}
        counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
        for label, prediction, count in self._database.execute(
            f"SELECT label, prediction, count(*) FROM {RECORDS_OF_ROW} AND {OF_ANSWERS} GROUP BY 1, 2",
            row,
        ):
            counts[places[label], places.get(prediction, len(names))] += count
        return Confusion(names, counts)

    def _coverage(self, model: int, spec: Mapping[str, Any], names: tuple[str, ...]) -> Any:
        """How the model's own vocabulary meets the classes; None where the strategy knows no coverage."""
        strategy = strategy_of(spec)
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
        return strategy.coverage(classes, tuple(read_choices(vocabulary)))


def _bounds(confusion: Confusion) -> dict[str, float | None]:
    """The bounds of the averages over classes; the same for the same answers, whenever they are computed."""
    if not confusion.counts.any():
        return {f"{name}_{end}": None for name in _BOUNDED for end in ("low", "high")}
    found = intervals_of_counts(confusion.counts, np.random.default_rng(0))
    return {
        f"{name}_{end}": value for name in _BOUNDED for end, value in zip(("low", "high"), found[name], strict=True)
    }
