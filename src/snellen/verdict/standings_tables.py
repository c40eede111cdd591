"""Tables of a comparison of rows: their ranks, each two of them, and how often they say the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from snellen.comparisons import Comparison
from snellen.console import one_line
from snellen.short_names import model_cells, strategy_cells
from snellen.verdict.standings import Standings

_FEW = 5  # rows of which all pairs are shown
_MANY = 2000  # images from which on the bounds of a share have a digit more
_LEAST_MODEL, _LEAST_STRATEGY = 14, 11


def letter(run: int) -> str:
    """A run in a table: A, B, …, Z, then its number."""
    return chr(ord("A") + run) if run < 26 else str(run + 1)


def ranking_table(standings: Standings, width: int, by_run: bool) -> Table:
    """All rows with their ranks; the names get the room that the numbers leave."""
    rows, entrants = standings.rows, standings.sitting.entrants
    digits = 2 if len(standings.sitting.labels) < _MANY else 3
    all_answered = all(row.images == len(standings.sitting.labels) for row in rows)
    cells = [
        [
            str(place),
            "–" if row.best is None else str(row.best) if row.best == row.worst else f"{row.best}–{row.worst}",
            *([", ".join(letter(each.run) for each in entrant.everywhere)] if by_run else []),
            _share(row.accuracy),
            _interval(row.accuracy_low, row.accuracy_high, digits),
            _share(row.macro_f1),
            _interval(row.macro_f1_low, row.macro_f1_high, digits),
            *([] if all_answered else [f"{row.images:,}"]),
        ]
        for place, (row, entrant) in enumerate(zip(rows, entrants, strict=True), start=1)
    ]
    titles = ["", "Rank", *(["Run"] if by_run else []), "Accuracy", "95 %", "F1", "95 %"]
    titles += [] if all_answered else ["Images"]
    room = width - sum(max(map(cell_len, column)) + 1 for column in zip(titles, *cells, strict=True)) - 1
    names = [(one_line(entrant.row.model), one_line(entrant.row.strategy)) for entrant in entrants]
    longest_model, longest = (max(map(cell_len, column)) for column in zip(*names, strict=True))
    strategy_room = max(_LEAST_STRATEGY, min(longest, max(room * 2 // 5, room - 1 - longest_model)))
    strategies = strategy_cells((strategy for _, strategy in names), strategy_room)
    models = model_cells((model for model, _ in names), max(_LEAST_MODEL, room - 1 - strategy_room))
    before = 3 if by_run else 2
    table = _table(*titles[:before], "Model", "Strategy", *titles[before:])
    for column in table.columns:
        column.vertical = "top"
    for column in table.columns[before : before + 2]:
        column.justify, column.no_wrap, column.overflow = "left", False, "fold"
    for row, (model, strategy) in zip(cells, names, strict=True):
        table.add_row(*map(Text, (*row[:before], models[model], strategies[strategy], *row[before:])))
    return table


def _chosen(standings: Standings, every: bool) -> Iterator[tuple[int, int]]:
    """The pairs to show: those with the first row and of neighbours where there are many."""
    rows = len(standings.rows)
    for a, b in combinations(range(rows), 2):
        if every or rows <= _FEW or a == 0 or b == a + 1:
            yield a, b


def pairs_title(standings: Standings, every: bool) -> str:
    """What stands above the table of pairs."""
    shown, pairs = len(list(_chosen(standings, every))), len(standings.comparisons)
    if shown == pairs:
        return "Difference of each two rows in points; each interval is of its pair alone"
    return f"Differences from 1 and between neighbours in points (all {pairs} pairs: --all)"


def pairs_table(standings: Standings, every: bool) -> Table:
    """Each two rows on the images that both answered, differences in points."""
    table = _table(
        "Pair", "Accur.", "95 %", "Only\n1st", "Only\n2nd", "p\n(Holm)", "F1", "95 %", "Either\nright", names=1
    )
    for a, b in _chosen(standings, every):
        each = standings.comparisons[a, b]
        cells = (
            *(f"{a + 1} – {b + 1}", _points(each.difference), _range(each.difference_low, each.difference_high)),
            *((str(each.only_a_right), str(each.only_b_right)) if each.images else ("–", "–")),
            _p(each),
            _points(each.macro_f1_difference),
            _range(each.macro_f1_difference_low, each.macro_f1_difference_high),
            _share(each.either_right),
        )
        table.add_row(*map(Text, cells))
    return table


def agreement_table(standings: Standings, shown: int) -> Table:
    """How often each two of the first rows say the same."""
    table = _table("", *(str(place) for place in range(1, shown)))
    for b in range(1, shown):
        shares = (standings.comparisons[a, b].agreement for a in range(b))
        table.add_row(*map(Text, (str(b + 1), *map(_share, shares))))
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return "–" if low is None else f"{low:.{digits}f}–{high:.{digits}f}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{round(100 * value, 1) + 0.0:+.1f}"  # no -0.0


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{_points(low)} to {_points(high)}"


def _p(comparison: Comparison) -> str:
    p = comparison.mcnemar_p_holm
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _table(*titles: str, names: int = 0) -> Table:
    """A table of numbers, with so many columns of names first."""
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 1, 0, 0))
    for place, title in enumerate(titles):
        table.add_column(title, justify="left" if place < names else "right", no_wrap=place >= names, vertical="bottom")
    return table
