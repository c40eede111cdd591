"""A recommendation as it is shown: lines and a table for a terminal, and as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from snellen.console import one_line
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.summary import not_shown, results_table
from snellen.verdict.candidates import Candidate
from snellen.verdict.cascades import Cascade, Point, compared, points
from snellen.verdict.limits import Limits
from snellen.verdict.recommending import Recommendation, percent, taken
from snellen.verdict.running import already_run, command, strategy_data

CASCADE_FIGURES = (
    "Accuracies are cross-validated, on images without a say in the threshold; speed and price are computed from "
    "those of both rows, and memory is at most that of both together."
)
_COMMAND = "   snellen "
_COLUMNS = ("Accuracy", "95 %", "img/s", "GPU GB", "USD/1000", "RAM GB", "p50", "Pending", "Failed")


@dataclasses.dataclass(frozen=True, slots=True)
class ToldCascade:
    """A cascade in a sentence, the command that runs it, and what was measured where it was run already."""

    sentence: str
    command: str
    measured: str | None


def told_cascades(results: Results, found: Recommendation, folder: Path | None = None) -> list[ToldCascade]:
    """The recommended cascades in words; `folder` is where their commands say that the run is."""
    rows = [*(each.row for each in found.front), *(row for row, _ in found.dropped)]
    told = []
    for cascade in found.planned.cascades:
        row = already_run(results, cascade, rows)
        sentence = _cascade_sentence(cascade, None if row else cascade.doubt)
        told.append(ToldCascade(sentence, command(results, cascade, folder), _measured(row) if row else None))
    return told


def _measured(row: ResultRow) -> str:
    counted = f"right on {percent(row.accuracy)} of {row.answered + row.unparsed} images"
    memory = "" if row.peak_rss_gb is None else f", {row.peak_rss_gb:.3g} GB of memory"
    return f"measured already as {row.model} by {row.strategy}: {counted}{memory}"


def print_advice(results: Results, found: Recommendation, console: Console) -> None:
    """Prints what to take, what else is worth having, why the other rows are not, and the cascades."""
    _print(console, found.sentence)
    if found.front:
        _print(console, "\nWorth having:")
        rows = [each.row for each in found.front]
        fitted = results_table(rows, console.width, coloured=not console.no_color, titles=_COLUMNS)
        console.width = max(console.width, fitted.width)
        console.print(fitted.table)
        if fitted.left_out:
            _print(console, not_shown(fitted.left_out))
    if found.dropped:
        _print(console, "\nLeft out:")
        for row, reason in found.dropped:
            _print(console, f"- {row.model} by {row.strategy}: {reason}")
    _print(console, "\nCascades, in which a model hands over what it is not sure of:")
    for line in _cascade_lines(results, found):
        _print(console, line)


def _print(console: Console, line: str) -> None:
    """A line of prose, which a terminal shows on lines that end with a word; a command as it is, to be copied."""
    start = line[: len(line) - len(line.lstrip())]
    prose = console.is_terminal and not line.startswith(_COMMAND)
    console.print(Text(start + one_line(line)), soft_wrap=not prose)


def _cascade_lines(results: Results, found: Recommendation) -> Iterator[str]:
    if found.planned.none_because:
        yield f"none is worth having: {found.planned.none_because}."
        return
    for number, told in enumerate(told_cascades(results, found), start=1):
        yield f"{number}. {told.sentence}"
        yield f"   {told.command}"
        if told.measured:
            yield f"   {told.measured}"
    if found.planned.more:
        yield f"and {found.planned.more} more that are less accurate"
    yield CASCADE_FIGURES


def _cascade_sentence(cascade: Cascade, doubt: str | None) -> str:
    point, first, second = cascade.estimate, cascade.first, cascade.second
    alone = f"{_against_second(cascade)} {second.name} alone ({percent(cascade.second_alone)})"
    unsure = f"its score is below {cascade.threshold:g}" if cascade.threshold else "it names no class"
    return (
        f"{first.name}, then {second.name} where {unsure} ({percent(point.handed_over)} of the images): "
        f"right on {percent(point.accuracy)} of {cascade.images} "
        f"(95 % interval {percent(point.accuracy_low)} to {percent(point.accuracy_high)}), "
        f"{alone}{_saved(cascade)}{taken(point.measures, 'at most ')}{f'; {doubt}' if doubt else ''}."
    )


def _against_second(cascade: Cascade) -> str:
    """How its accuracy goes together with that of the second row; where chance may explain it, it is said so."""
    word = compared(cascade.right, cascade.second.right)
    if word != "as":
        return f"{word} accurate than"
    ahead = cascade.estimate.accuracy - cascade.second_alone
    return "as accurate as" if not ahead else f"not surely {'more' if ahead > 0 else 'less'} accurate than"


def _saved(cascade: Cascade) -> str:
    """What it takes of the time and the price of the second row alone."""
    mine, its = cascade.estimate.measures, cascade.second.measures
    told = []
    if mine.images_per_second and its.images_per_second:
        told.append(f"in {100 * its.images_per_second / mine.images_per_second:.0f} % of its time")
    if mine.cost_per_1000_usd is not None and its.cost_per_1000_usd:
        told.append(f"at {100 * mine.cost_per_1000_usd / its.cost_per_1000_usd:.0f} % of its price")
    return f" {' and '.join(told)}" if told else ""


# As data


def as_data(results: Results, found: Recommendation, limits: Limits, seed: int) -> dict[str, Any]:
    """The recommendation as JSON can hold it; with each cascade comes its curve."""
    return {
        "recommendation": found.sentence,
        "notes": list(found.notes),
        "limits": dataclasses.asdict(limits),
        "choice": found.choice.row.number if found.choice else None,
        "front": [_candidate_data(each) for each in found.front],
        "dropped": [
            {"row": row.number, "model": row.model, "strategy": row.strategy, "reason": reason}
            for row, reason in found.dropped
        ],
        "cascades": [_cascade_data(results, each, seed) for each in found.planned.cascades],
        "more_cascades": found.planned.more,
        "no_cascade_because": found.planned.none_because,
    }


def _candidate_data(candidate: Candidate) -> dict[str, Any]:
    row = candidate.row
    return {
        **_row_data(candidate),
        "images": row.answered + row.unparsed,
        "accuracy": row.accuracy,
        "accuracy_low": row.accuracy_low,
        "accuracy_high": row.accuracy_high,
        **dataclasses.asdict(candidate.measures),
    }


def _row_data(candidate: Candidate) -> dict[str, Any]:
    return {"row": candidate.row.number, "model": candidate.row.model, "strategy": candidate.row.strategy}


def _cascade_data(results: Results, cascade: Cascade, seed: int) -> dict[str, Any]:
    return {
        "first": {**_row_data(cascade.first), "accuracy": cascade.first_alone},
        "second": {**_row_data(cascade.second), "accuracy": cascade.second_alone},
        "threshold": cascade.threshold,
        "images": cascade.images,
        **_point_data(cascade.estimate),
        "doubt": cascade.doubt,
        "against_second": compared(cascade.right, cascade.second.right),
        "command": command(results, cascade),
        "strategy": strategy_data(results, cascade),
        "curve": [_point_data(point) for point in points(results, cascade, seed)],
    }


def _point_data(point: Point) -> dict[str, Any]:
    data = dataclasses.asdict(point)
    measures = data.pop("measures")
    return {**data, **measures}
