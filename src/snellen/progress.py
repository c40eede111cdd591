"""How long work tells how it goes on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how a study goes on."""

    def say(self, line: str) -> None:
        """A line worth reading once."""
        ...

    def begin(self, task: str, total: int) -> None:
        """A task of `total` steps begins; the one before it has ended."""
        ...

    def advance(self, done: int, failed: int = 0) -> None: ...

    def end(self, quietly: bool = False) -> None:
        """The task has ended; it is not told how it went where that is done otherwise."""
        ...


class Silence:
    """No progress is shown."""

    def say(self, line: str) -> None: ...
    def begin(self, task: str, total: int) -> None: ...
    def advance(self, done: int, failed: int = 0) -> None: ...
    def end(self, quietly: bool = False) -> None: ...
