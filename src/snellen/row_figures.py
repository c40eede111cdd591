"""The figures of a row, computed from the database of its run folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from snellen.codec import question_key, read_choices
from snellen.costs import row_costs
from snellen.database import Database
from snellen.metrics.bootstrap import intervals_of_counts
from snellen.metrics.classification import Confusion, classify
from snellen.metrics.intervals import wilson
from snellen.metrics.sequential import accuracy_bounds
from snellen.result_row import ResultRow
from snellen.shares import RECORDS_OF_ROW, covered, shares_of
from snellen.stored_rows import strategy_of
from snellen.tallies import Tally
from snellen.types import MODEL, Classes, Recognise, State

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


def figures_of(database: Database, number: int, spec: Mapping[str, Any], adaptive: bool) -> ResultRow:
    """The row of this number, which asked what the spec says.

    `adaptive`: answers had a say in when to stop asking.
    """
    selection, timing, trouble, facts_text = database.execute(
        "SELECT selection, timing, trouble, facts FROM rows JOIN models m ON m.number = model WHERE rows.number = ?",
        number,
    ).fetchone()
    facts = json.loads(facts_text)
    speed = json.loads(timing) if timing else {}
    names = tuple(spec["classes"]["names"])
    images = database.value("SELECT count(*) FROM selected WHERE selection = ?", selection)
    tally = _tally(database, number)
    states, confusion = tally.states, tally.confusion(names)
    measured = classify(confusion) if confusion.counts.any() else None
    bounds = accuracy_bounds if adaptive else wilson
    low, high = bounds(measured.correct, measured.answered) if measured else (None, None)
    values: dict[str, Any] = {name: getattr(measured, name, None) for name in _AVERAGES}
    values |= _bounds(confusion)
    values |= covered(_coverage(database, spec["models"][MODEL], spec, names), confusion)
    values |= shares_of(database, number, len(names), spec["classes"]["background"])
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
        outcomes=tally.outcomes,
        per_class=tuple(dataclasses.asdict(each) for each in measured.per_class) if measured else (),
        questions_per_image=tally.questions_per_image,
        trouble=trouble,
        **row_costs(
            database,
            number,
            spec["models"],
            states.get(State.ANSWERED, 0) + states.get(State.UNPARSED, 0),
        ),
        **values,
    )


def _tally(database: Database, row: int) -> Tally:
    found = database.execute(
        f"SELECT label, prediction, state, outcome, count(*), sum(questions) FROM {RECORDS_OF_ROW} GROUP BY 1, 2, 3, 4",
        row,
    )
    return Tally(found.fetchall())


def _coverage(database: Database, model: int, spec: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """How the model's own vocabulary meets the classes; None where the strategy knows no coverage."""
    strategy = strategy_of(spec)
    if not hasattr(strategy, "coverage"):
        return None
    vocabulary = database.value(
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
