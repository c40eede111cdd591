"""What a terminal shows: the table of results, and the progress of a study."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from snellen.results import ResultRow

_WIDE = 110
_PLAIN_SECONDS = 10.0


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _rate(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _interval(row: ResultRow) -> str:
    return "–" if row.accuracy_low is None else f"{row.accuracy_low:.2f}–{row.accuracy_high:.2f}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


_Column = tuple[str, Callable[[ResultRow], str]]


def _columns(rows: Sequence[ResultRow], wide: bool) -> list[_Column]:
    """The columns that fit and that say something: a state no example is in has none."""
    columns: list[_Column] = [
        ("Accuracy", lambda row: _number(row.accuracy)),
        ("95 %", _interval),
        ("F1", lambda row: _number(row.macro_f1)),
    ]
    if wide:
        columns.append(("F1 w.", lambda row: _number(row.weighted_f1)))
    columns.append(("Images", lambda row: str(row.images)))
    for state in ("unparsed", "failed", "pending"):
        if any(getattr(row, state) for row in rows):
            columns.append((state.capitalize(), lambda row, state=state: str(getattr(row, state))))  # type: ignore[misc]
    if any(row.classes_covered is not None for row in rows):
        columns.append(
            ("Covered", lambda row: "–" if row.classes_covered is None else f"{row.classes_covered}/{row.classes}")
        )
    columns.append(("img/s", lambda row: _rate(row.images_per_second)))
    if wide:
        columns += [
            ("p50", lambda row: _seconds(row.latency_p50)),
            ("RAM GB", lambda row: _number(row.peak_rss_gb, 1)),
        ]
        if any(row.peak_gpu_gb is not None for row in rows):
            columns.append(("GPU GB", lambda row: _number(row.peak_gpu_gb, 1)))
    return columns


def results_table(rows: Sequence[ResultRow], width: int) -> Table:
    """The rows as a table that is right at 80 columns and says more where there is room."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("Model", overflow="fold", min_width=10)
    table.add_column("Strategy", overflow="fold", min_width=8)
    columns = _columns(rows, width >= _WIDE)
    for title, _ in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        incomplete = bool(row.failed or row.pending)
        table.add_row(
            escape(row.model),
            escape(row.strategy),
            *(cell(row) for _, cell in columns),
            style="yellow" if incomplete else None,
        )
    return table


class TerminalProgress:
    """Bars on a terminal, plain lines from time to time elsewhere; both on standard error."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._task, self._total, self._done, self._failed = "", 0, 0, 0
        self._began = self._told = 0.0

    def say(self, line: str) -> None:
        if not self._quiet or line.startswith("error"):
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def begin(self, task: str, total: int) -> None:
        self.end()
        self._task, self._total, self._done, self._failed = task, total, 0, 0
        self._began = self._told = time.monotonic()
        if self._console.is_terminal and not self._quiet:
            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("[red]{task.fields[failed]}"),
                console=self._console,
                transient=True,
            )
            self._bar = self._bars.add_task(task, total=total or None, rate="", failed="")
            self._bars.start()

    def advance(self, done: int, failed: int = 0) -> None:
        self._done += done
        self._failed += failed
        if self._bars is not None and self._bar is not None:
            fields: dict[str, Any] = {"rate": f"{_rate(self._per_second())}/s"}
            if self._failed:
                fields["failed"] = f"{self._failed} failed"
            self._bars.update(self._bar, advance=done, **fields)
        elif time.monotonic() - self._told > _PLAIN_SECONDS:
            self._told = time.monotonic()
            self.say(self._line())

    def _per_second(self) -> float:
        return self._done / max(time.monotonic() - self._began, 1e-3)

    def _line(self) -> str:
        rate = self._per_second()
        line = f"{self._task}: {self._done}/{self._total}, {_rate(rate)}/s"
        if self._failed:
            line += f", {self._failed} failed"
        if 0 < self._done < self._total:
            line += f", {(self._total - self._done) / rate:.0f} s left"
        return line

    def end(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        if self._task and self._done:
            self.say(self._line())
        self._bars = self._bar = None
        self._task = ""
