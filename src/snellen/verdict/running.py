"""How a planned cascade is really run, as an option of the command line or for a study file, and whether it was."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snellen.errors import SnellenError
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.specs import strategy_plan
from snellen.stored_rows import strategy_of
from snellen.study_file import read_study
from snellen.verdict.candidates import Candidate
from snellen.verdict.cascades import Cascade

_DEFAULT = "closed-set"


def strategy_text(results: Results, cascade: Cascade) -> str | None:
    """The cascade as `-s` takes it; None where one of its strategies has options that the titles do not spell out."""
    titles = [_title(results, each) for each in (cascade.first, cascade.second)]
    if None in titles or " #" in cascade.first.row.model:
        return None
    by, then = map(_in_parentheses, map(str, titles))
    text = f"cascade,first={_in_parentheses(cascade.first.row.model)},threshold={cascade.threshold!r},by={by}"
    return text if then == _DEFAULT else f"{text},then={then}"


def command(results: Results, cascade: Cascade, folder: Path | None = None) -> str:
    """The command that runs the cascade on the images of the run; with what is to stand in a study file if need be.

    `folder` is where the run is said to be.
    """
    file = results.path / "study.yaml"
    start = (
        f"snellen run {shlex.quote(str((folder or results.path) / file.name))}"
        if _is_about(file, results, cascade)
        else "snellen run STUDY.yaml"
    )
    model = f"-m {shlex.quote(cascade.second.row.model)}"
    if text := strategy_text(results, cascade):
        return f"{start} {model} -s {shlex.quote(text)}"
    written = json.dumps(strategy_data(results, cascade))
    return f"{start} {model}, with this under 'strategies' in the study file: {written}"


def strategy_data(results: Results, cascade: Cascade) -> dict[str, Any]:
    """The cascade as a study file takes it, with all options of both strategies."""
    by, then = (
        {"strategy": asked["name"], **{key: value for key, value in asked["options"].items() if value is not None}}
        for asked in (results.spec(each.row)["strategy"] for each in (cascade.first, cascade.second))
    )
    first = cascade.first.row.model
    return {"strategy": "cascade", "first": first, "threshold": cascade.threshold, "by": by, "then": then}


def already_run(results: Results, cascade: Cascade, rows: Iterable[ResultRow]) -> ResultRow | None:
    """The row among these of the same two models and strategies, at whatever threshold; the one nearest to it."""
    wanted = _stripped({key: value for key, value in strategy_data(results, cascade).items() if key != "strategy"})
    found = []
    for row in rows:
        asked = results.spec(row)["strategy"]
        if asked["name"] == "cascade" and row.model == cascade.second.row.model:
            threshold = asked["options"]["threshold"]
            if _stripped({**asked["options"], "threshold": cascade.threshold}) == wanted:
                found.append((abs(threshold - cascade.threshold), row))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _stripped(options: Any) -> Any:
    """The options that are given a value, also those within."""
    if not isinstance(options, dict):
        return options
    return {key: _stripped(value) for key, value in options.items() if value is not None}


def _title(results: Results, candidate: Candidate) -> str | None:
    """The title of a row's strategy where that says all of it."""
    title = candidate.row.strategy
    try:
        says_all = strategy_plan(title).strategy == strategy_of(results.spec(candidate.row))
    except SnellenError:
        return None
    return title if says_all else None


def _in_parentheses(spec: str) -> str:
    return f"({spec})" if "," in spec else spec


def _is_about(file: Path, results: Results, cascade: Cascade) -> bool:
    """Whether the last section of a run's study file is about the classes of the cascade's rows."""
    try:
        dataset = read_study(file).get("dataset")
    except SnellenError:
        return False
    names = results.spec(cascade.first.row)["classes"]["names"]
    return isinstance(dataset, dict) and list(dataset.get("classes") or ()) == list(names)
