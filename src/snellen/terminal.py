"""How far a study is: bars on a terminal that can draw them, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from snellen.console import one_line
from snellen.short_names import short_models
from snellen.summary import rate_text

_PLAIN_SECONDS = 10.0


class TerminalProgress:
    """Bars on a terminal, plain lines from time to time elsewhere; both on standard error."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._task, self._total, self._done, self._failed = "", 0, 0, 0
        self._began = self._told = 0.0
        self.errors: set[str] = set()  # those that were told, so that none is told twice

    def say(self, line: str) -> None:
        """Prints a line; when quiet, only an error's."""
        if line.startswith("error"):
            self.errors.add(line)
        elif self._quiet:
            return
        self._console.print(one_line(line), markup=False, highlight=False, soft_wrap=True, emoji=False)

    def begin(self, task: str, total: int) -> None:
        self.end()
        self._task, self._total, self._done, self._failed = one_line(task), total, 0, 0
        self._began = self._told = time.monotonic()
        if self._console.is_terminal and not self._console.is_dumb_terminal and not self._quiet:
            self._begin_bar()

    def _begin_bar(self) -> None:
        room = max(self._console.width - 46, 12)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}", markup=False, style="red"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        shown = short_models([self._task], room)[self._task]
        self._bar = self._bars.add_task(shown, total=self._total or None, rate="", failed="")
        self._bars.start()

    def advance(self, done: int, failed: int = 0) -> None:
        self._done += done
        self._failed += failed
        if self._bars is not None and self._bar is not None:
            fields: dict[str, Any] = {"rate": f"{rate_text(self._per_second())}/s"}
            if self._failed:
                fields["failed"] = f"{self._failed} failed"
            self._bars.update(self._bar, advance=done, **fields)
        elif 0 < self._done != self._total and time.monotonic() - self._told > _PLAIN_SECONDS:
            self._told = time.monotonic()
            self.say(self._line())

    def _per_second(self) -> float:
        return self._done / max(time.monotonic() - self._began, 1e-3)

    def _line(self) -> str:
        rate = self._per_second()
        of = f"/{self._total}" if self._total else ""  # of some tasks nobody knows the end
        line = f"{self._task}: {self._done}{of}, {rate_text(rate)}/s"
        if self._failed:
            line += f", {self._failed} failed"
        if 0 < self._done < self._total:
            line += f", {(self._total - self._done) / rate:.0f} s left"
        return line

    def end(self, quietly: bool = False) -> None:
        if self._bars is not None:
            self._bars.stop()
        if self._task and self._done and not quietly:
            self.say(self._line())
        self._bars = self._bar = None
        self._task = ""
