"""A row as trackers of experiments know it: what was asked, what it was asked with, what came out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from snellen.console import visible
from snellen.result_row import ResultRow
from snellen.results import Results

_ASKED = ("dataset", "model", "strategy", "classes", "seed", "blind")
_ASKED_WITH = ("parameters", "device", "dtype", "batch_size", "prefix_sharing", "scores_by", "interval", "trouble")
_NO_FIGURES = ("number", "selection", "superseded", *_ASKED, *_ASKED_WITH)
_LONGEST = 500  # characters of a value, which all versions of the trackers take
COLUMNS = ("example", "label", "prediction", "outcome", "state", "score", "failure")


def tracked_rows(results: Results) -> Iterator[tuple[ResultRow, Iterator[Mapping[str, Any]]]]:
    """Each row that stands, with its records, which are to be read before the next row."""
    rows = {row.number: row for row in results.rows if not row.superseded}
    for number, records in groupby(results.records(), key=lambda record: record["row"]):
        if number in rows:
            yield rows[number], records


def identity(results: Results, row: ResultRow) -> str:
    """What tells a row from all others, also of other folders, however often and from where it is exported."""
    study = results.path / "study.yaml"
    begun = study.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if study.exists() else ""
    told = [begun, results.fact("source"), row.model, row.dataset, results.spec(row)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def asked(results: Results, row: ResultRow) -> dict[str, Any]:
    """What was asked: always the same for a row."""
    options = results.spec(row)["strategy"]["options"]
    found = {name: getattr(row, name) for name in _ASKED}
    found |= {f"strategy.{name}": value for name, value in options.items() if value is not None}
    return {name: _plain(value) for name, value in found.items()}


def asked_with(row: ResultRow) -> dict[str, Any]:
    """With what it was asked, as far as that is known: another run of the same command may have it otherwise."""
    return {name: _plain(value) for name in _ASKED_WITH if (value := getattr(row, name)) is not None}


def figures(row: ResultRow) -> dict[str, float]:
    """What came out, as numbers; what was not measured is not among them."""
    found = {field.name: getattr(row, field.name) for field in dataclasses.fields(row) if field.name not in _NO_FIGURES}
    found |= {f"outcome.{outcome}": count for outcome, count in row.outcomes.items()}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }


def table_row(record: Mapping[str, Any]) -> list[Any]:
    """A record as a line of the table with COLUMNS; `score` is that of what was predicted."""
    score = (record["scores"] or {}).get(record["prediction"])
    values = (*(record[name] for name in COLUMNS[:5]), score, record["failure"])
    return [visible(value) if isinstance(value, str) else value for value in values]


def _plain(value: Any) -> str | int | float | bool:
    if isinstance(value, (int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = visible(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
