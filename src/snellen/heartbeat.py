"""What a run says of itself while it goes on: a small file in its folder, which is gone when it has ended."""

from __future__ import annotations

import json
import os
import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.progress import Progress

FILE = "progress.json"
_EVERY = 1.0  # seconds between two writes
_KEPT = 20  # of the last lines
_LINE = 2000  # characters of one that are kept
_LONGEST = 1 << 20  # bytes of the file


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How far a run is. Times are seconds since 1970; `total` is 0 where the end is not known."""

    pid: int
    host: str
    began: float
    told: float
    task: str = ""
    task_began: float = 0.0
    total: int = 0
    done: int = 0
    failed: int = 0
    lines: tuple[str, ...] = ()

    @property
    def per_second(self) -> float | None:
        """How many steps of the task are done a second; None at its beginning."""
        seconds = self.told - self.task_began
        return self.done / seconds if self.done and seconds > 0 else None


class Told:
    """Passes on how a study goes on, and keeps it in the run folder, at most once a second.

    A folder that cannot be written to is no reason to stop: the run itself will say so.
    """

    def __init__(self, inner: Progress, folder: Path) -> None:
        self._inner = inner
        self._file = folder / FILE
        self._state: dict[str, Any] = {"pid": os.getpid(), "host": socket.gethostname(), "began": time.time()}
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._written = 0.0
        self._set("", 0)

    def say(self, line: str) -> None:
        self._inner.say(line)
        self._lines.append(line[:_LINE])
        self._write()

    def begin(self, task: str, total: int) -> None:
        self._inner.begin(task, total)
        self._set(task, total)

    def advance(self, done: int, failed: int = 0) -> None:
        self._inner.advance(done, failed)
        self._state["done"] += done
        self._state["failed"] += failed
        if time.monotonic() - self._written >= _EVERY:
            self._write()

    def end(self, quietly: bool = False) -> None:
        self._inner.end(quietly)
        self._write()

    def over(self) -> None:
        """The run has ended, however it did."""
        with suppress(OSError):
            self._file.unlink()

    def _set(self, task: str, total: int) -> None:
        self._state |= {"task": task, "task_began": time.time(), "total": total, "done": 0, "failed": 0}
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        partial = self._file.with_name(f".{FILE}.partial")
        state = {**self._state, "told": time.time(), "lines": list(self._lines)}
        with suppress(OSError):
            partial.unlink(missing_ok=True)  # never written through a link that someone has put there
            with partial.open("xb") as file:
                file.write(json.dumps(state).encode())
            partial.replace(self._file)


def heartbeat(folder: Path) -> Heartbeat | None:
    """What the run that is going on in a folder says; None where none is, or where it was killed."""
    place = folder / FILE
    try:
        if not place.is_file() or place.stat().st_size > _LONGEST:
            return None
        found = _read(json.loads(place.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # there is none, or what is there is none
    return found if _goes_on(found) else None


def _read(kept: Mapping[str, Any]) -> Heartbeat:
    """Raises what comes of values that make no sense: the folder may be from elsewhere."""
    times = [_number(kept[name]) for name in ("began", "told", "task_began")]
    counts = [int(_number(kept[name])) for name in ("pid", "total", "done", "failed")]
    pid, total, done, failed = counts
    lines = tuple(str(line) for line in kept["lines"][-_KEPT:])
    return Heartbeat(
        pid, str(kept["host"]), times[0], times[1], str(kept["task"]), times[2], total, done, failed, lines
    )


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        raise ValueError(f"expected a number, got {value!r:.40}")
    return value


def _goes_on(beat: Heartbeat) -> bool:
    """Whether its process is there; of another machine's process nothing is known, so it is believed for an hour."""
    if beat.host != socket.gethostname():
        return time.time() - beat.told < 3600
    try:
        os.kill(beat.pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return 0 < beat.pid < 1 << 31
    return beat.pid > 0
