"""What a run says, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snellen.metrics.comparison import holm
from snellen.results import ResultRow, Results

_LEVEL = 0.05


def conclusion(results: Results) -> str | None:
    """Which model is right most often, which others are not told apart from it, and what the way of asking does.

    Of each model its best row counts, on the images of the best row of all. Two are told apart where McNemar's test,
    corrected by Holm's method over the models, gives p < 0.05. None without an answer.
    """
    shown = [row for row in results.rows if row.accuracy is not None and not row.superseded]
    if not shown:
        return None
    best = shown[0]
    alike = [row for row in shown if row.selection == best.selection and row.classes == best.classes]
    firsts = list({row.model: row for row in reversed(alike)}.values())[::-1]
    others = sorted((row for row in firsts if row.model != best.model), key=lambda row: -(row.accuracy or 0))
    sentence = (
        f"Right most often is {_called(best)}: {_share(best)} of {best.images} images "
        f"(95 % interval {_percent(best.accuracy_low)} to {_percent(best.accuracy_high)})"
    )
    parts = [sentence, _compared(best, others, results.comparisons), _asked(alike)]
    return "; ".join(part for part in parts if part) + "."


def _compared(best: ResultRow, others: Sequence[ResultRow], comparisons: Sequence[Mapping[str, Any]]) -> str:
    found = {frozenset((each["a"]["row"], each["b"]["row"])): each["mcnemar_p"] for each in comparisons}
    values = [found.get(frozenset((best.number, row.number))) for row in others]
    tested = [(row, value) for row, value in zip(others, values, strict=True) if value is not None]
    corrected = holm([value for _, value in tested])
    groups: dict[bool, list[str]] = {True: [], False: []}
    for (row, _), value in zip(tested, corrected, strict=True):
        groups[value < _LEVEL].append(f"{_called(row)} with {_share(row)}")
    said = []
    if groups[True]:
        said.append(f"more than chance explains it is ahead of {' and of '.join(groups[True])}")
    if groups[False]:
        said.append(f"so few images do not tell it from {' or '.join(groups[False])}")
    return "; ".join(said)


def _asked(rows: Sequence[ResultRow]) -> str:
    """How much the way of asking changed for the model where it changed most; nothing below a tenth."""
    ways: dict[str, list[ResultRow]] = {}
    for row in rows:
        ways.setdefault(row.model, []).append(row)
    spread = {model: (each[0].accuracy or 0) - (each[-1].accuracy or 0) for model, each in ways.items()}
    widest = max(spread, key=spread.__getitem__)
    if spread[widest] < 0.1:
        return ""
    first, last = ways[widest][0], ways[widest][-1]
    return f"how one asks matters too: {widest} has {_share(first)} by {first.strategy} and {_share(last)} by {last.strategy}"


def _called(row: ResultRow) -> str:
    return f"{row.model} by {row.strategy}"


def _share(row: ResultRow) -> str:
    return _percent(row.accuracy)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
