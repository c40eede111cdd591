"""What a run says, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snellen.metrics.comparison import holm
from snellen.results import ResultRow, Results

_LEVEL = 0.05


def conclusion(results: Results) -> str | None:
    """Which model is right most often, which others are not told apart from it, and what the way of asking does.

    Of each model its best row counts, on the images of the best row of all. Two are told apart where McNemar's test,
    corrected by Holm's method over the models, gives p < 0.05 on the images that both answered. None without an answer.
    """
    rows = [row for row in results.rows if row.accuracy is not None and not row.superseded]
    rows = [row for row in rows if row.number in results.asked] or rows
    if not rows:
        return None
    most = max(row.images for row in rows)
    best = next(row for row in rows if row.images == most)
    differences = _differences(best, results.comparisons)
    alike = [row for row in rows if row.number in (best.number, *differences) and row.seed == best.seed]
    sentence = (
        f"Right most often is {_called(best)}: {_share(best)} of {best.answered + best.unparsed} images "
        f"(95 % interval {_percent(best.accuracy_low)} to {_percent(best.accuracy_high)})"
    )
    parts = [sentence, *_compared(best, alike, differences), _asked(alike)]
    return "; ".join(part for part in parts if part) + "."


def _differences(best: ResultRow, comparisons: Sequence[Mapping[str, Any]]) -> dict[int, tuple[float, float]]:
    """For each row that is compared with the best: by how much the best is ahead, and McNemar's p-value."""
    found = {}
    for each in comparisons:
        numbers = (each["a"]["row"], each["b"]["row"])
        if best.number in numbers and each["mcnemar_p"] is not None:
            first = numbers[0] == best.number
            found[numbers[first]] = (each["difference"] if first else -each["difference"], each["mcnemar_p"])
    return found


def _compared(
    best: ResultRow, rows: Sequence[ResultRow], differences: Mapping[int, tuple[float, float]]
) -> Iterator[str]:
    firsts = {row.model: row for row in reversed(rows) if row.model != best.model}
    others = sorted(firsts.values(), key=lambda row: -(row.accuracy or 0))
    ahead: list[str] = []
    open_: list[str] = []
    corrected = holm([differences[row.number][1] for row in others])
    for row, value in zip(others, corrected, strict=True):
        told_apart = value < _LEVEL and differences[row.number][0] > 0
        (ahead if told_apart else open_).append(f"{_called(row)} with {_share(row)}")
    if ahead:
        yield f"it is ahead of {' and of '.join(ahead)}, more than chance explains"
    if open_:
        yield f"these images do not tell it from {' or '.join(open_)}"


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
    ways_of = f"{_share(first)} by {first.strategy} and {_share(last)} by {last.strategy}"
    return f"how one asks matters too: {widest} has {ways_of}"


def _called(row: ResultRow) -> str:
    return f"{row.model} by {row.strategy}"


def _share(row: ResultRow) -> str:
    return _percent(row.accuracy)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
