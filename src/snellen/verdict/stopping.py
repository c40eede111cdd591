"""What is told of runs that stop by themselves: which row is best, how sure that is, and what was saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snellen.deciding import points
from snellen.decisions import Decision
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.summary import dollars


def told(results: Results) -> Iterator[str]:
    """A sentence for each decision, and one about what holds of rows that stopped for what they answered."""
    rows = {row.number: row for row in results.rows}
    for decision in results.decisions:
        yield f"{decided(decision, rows)}{_saved(decision, rows)}"
    if results.decisions:
        yield (
            "answers had a say in when to stop: accuracy intervals of these rows and p-values between them are those "
            "that hold whenever one stops; their other figures have no interval"
        )


def settled(results: Results) -> frozenset[int]:
    """The rows that nothing more is to be asked of: those of a decision that was made, or that are out of it."""
    return frozenset().union(*(decision.settled for decision in results.decisions))


def decided(decision: Decision, rows: Mapping[int, ResultRow]) -> str:
    """Which row is best and how sure that is, or which may be."""
    sure = f"{100 * decision.confidence:g} % confidence"
    of = f"{decision.images} of {decision.of} images"
    if decision.best is not None:
        best = f"the best of {len(decision.stopped)} rows"
        within = f" or at most {points(decision.margin)} behind the best" if decision.margin else ""
        return f"decided with {sure}: {_called(rows[decision.best])} is {best}{within}, after {of}"
    left = [_called(rows[row]) for row, after in decision.stopped.items() if after is None]
    may = f"the best of {len(decision.stopped)} rows may be {', '.join(left[:-1])} or {left[-1]}"
    if decision.open:
        return f"not decided yet after {of}: {may}; the same command goes on"
    return f"not decided with {sure} after all {decision.images} images: {may}"


def _saved(decision: Decision, rows: Mapping[int, ResultRow]) -> str:
    """How many questions were not asked as it was decided without them, estimated by those that were."""
    left = [rows[row] for row, after in decision.stopped.items() if decision.best is not None or after is not None]
    questions = sum(row.pending * (row.questions_per_image or 0) for row in left)
    usd = sum(row.pending * (row.cost_per_1000_usd or 0) / 1000 for row in left)
    if round(questions) < 1:
        return ""
    return f"; that saved about {questions:,.0f} questions{f' and {dollars(usd)} USD' if usd else ''}"


def _called(row: ResultRow) -> str:
    return f"{row.model} · {row.strategy}"
