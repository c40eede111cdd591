"""What a run says, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snellen.comparisons import LEVEL
from snellen.result_row import ResultRow
from snellen.results import Results


def conclusion(results: Results) -> str | None:
    """The `findings` in one sentence; None where there are none."""
    return f"{'; '.join(parts)}." if (parts := findings(results, results.asked)) else None


def findings(results: Results, asked: frozenset[int] = frozenset()) -> list[str]:
    """Which model is right most often, which others are not told apart from it, and what the way of asking does.

    Rows are compared by McNemar's test on the images that both answered, corrected by Holm's method for all pairs of
    rows about the same images and classes: which row is the best is itself seen in them. Told apart are those with
    p < 0.05. Of each model its best row is named, which may be its best by chance. It is about the images of the rows
    `asked`, by number, if any are, as after a run; whichever run asked about them. Nothing without an answer, and where
    rows stopped for what they answered: the test does not hold of them, and what was decided says more.
    """
    rows = [row for row in results.rows if row.accuracy is not None and not row.superseded and not row.blind]
    selections = {row.selection for row in rows if row.number in asked}
    rows = [row for row in rows if row.selection in selections] or rows
    if not rows or any(row.interval == "anytime" for row in rows):
        return []
    most = max(row.images for row in rows)
    best = next(row for row in rows if row.images == most)
    tests = _tests(results.paired_tests)
    alike = [row for row in rows if (best.number, row.number) in tests and row.seed == best.seed]
    sentence = (
        f"Right most often is {_called(best)}: {_share(best)} of {best.answered + best.unparsed} images "
        f"(95 % interval {_percent(best.accuracy_low)} to {_percent(best.accuracy_high)})"
    )
    parts = [sentence, *_compared(best, alike, tests), _by_strategy([best, *alike], tests)]
    return [part for part in parts if part]


def _tests(comparisons: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], tuple[float, float]]:
    """For each two rows, in both orders: by how much the first is right more often, and the corrected p-value."""
    found = {}
    for each in comparisons:
        if each["images"]:
            a, b = each["a"]["row"], each["b"]["row"]
            found[a, b] = each["difference"], each["mcnemar_p_holm"]
            found[b, a] = -each["difference"], each["mcnemar_p_holm"]
    return found


def _compared(
    best: ResultRow, rows: Sequence[ResultRow], tests: Mapping[tuple[int, int], tuple[float, float]]
) -> Iterator[str]:
    groups: dict[str, list[str]] = {"ahead": [], "even": [], "behind": []}
    seen = {best.model}
    for row in rows:  # the most accurate first
        if row.model in seen:
            continue
        seen.add(row.model)
        difference, p = tests[best.number, row.number]
        difference = difference if p < LEVEL else 0
        group = "ahead" if difference > 0 else "behind" if difference < 0 else "even"
        groups[group].append(f"{_called(row)} with {_share(row)}")
    if groups["ahead"]:
        yield f"it is ahead of {' and of '.join(groups['ahead'])}, more than chance explains"
    if groups["even"]:
        yield f"these images do not tell it from {' or '.join(groups['even'])}"
    if groups["behind"]:
        yield f"on the images that both answered it is behind {' and '.join(groups['behind'])}"


def _by_strategy(rows: Sequence[ResultRow], tests: Mapping[tuple[int, int], tuple[float, float]]) -> str:
    """How much the way of asking changed for the model where it changed most, if by more than chance explains."""
    ways: dict[str, list[ResultRow]] = {}
    for row in rows:
        ways.setdefault(row.model, []).append(row)
    spread = {model: (each[0].accuracy or 0) - (each[-1].accuracy or 0) for model, each in ways.items()}
    widest = max(spread, key=spread.__getitem__)
    first, last = ways[widest][0], ways[widest][-1]
    difference, p = tests.get((first.number, last.number), (0.0, 1.0))
    if difference <= 0 or p >= LEVEL:
        return ""
    shares = f"{_share(first)} by {first.strategy} and {_share(last)} by {last.strategy}"
    return f"how one asks matters too: {widest} has {shares}"


def _called(row: ResultRow) -> str:
    return f"{row.model} by {row.strategy}"


def _share(row: ResultRow) -> str:
    return _percent(row.accuracy)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
