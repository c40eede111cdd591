"""A run's report as it is remade while the run goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from snellen.child import Child, ChildDied
from snellen.viewer.snapshot import stamp_of

_LEAST = 5.0  # seconds between two makings
_REST = 5  # times what making takes
_THUMBNAILS = 48


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run as HTML: its sections by name and title, their bodies, and their charts as JSON."""

    sections: Sequence[tuple[str, str]]
    body: str
    charts: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no report."""

    reason: str


class LiveReport:
    """Makes the report anew when the run has changed, but not more often than it costs; the last one is at hand."""

    def __init__(self, run: Path, base: str) -> None:
        self._run, self._base = run, base
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._thread: threading.Thread | None = None
        self._stamp: tuple[int, ...] | None = None
        self._ended = 0.0
        self._closed = False
        self.made: Report | None = None
        self.edition = ""  # another one with each that is made
        self.trouble: str | None = None
        self.evidence: Mapping[str, float] = {}
        self.suggested: Mapping[str, str] = {}

    @property
    def making(self) -> bool:
        """Whether a new one is being made."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def current(self) -> bool:
        """Whether the last one is of the run as it is now."""
        return self._stamp == stamp_of(self._run)

    def want(self, going: bool) -> None:
        """Has it made where the run has changed since, or there is none; returns at once.

        A run that is still `going` changes all the time: then making has its rest.
        """
        with self._lock:
            if self._closed or self.making or self.current:
                return
            seconds = self.made.seconds if self.made else 0.0
            rest = max(_LEAST, _REST * seconds) if going else 0.5
            if self._stamp is not None and time.monotonic() - self._ended < rest:
                return
            self._thread = threading.Thread(target=self._make, name="report", daemon=True)
            self._thread.start()

    def _make(self) -> None:
        stamp = stamp_of(self._run)
        try:
            with self._lock:
                if self._closed:
                    return
                child = self._child = Child("snellen.viewer.making")
            child.send((self._run.resolve(), self._base, _THUMBNAILS))
            told: Report | Trouble = child.receive(None)
            if isinstance(told, Trouble):
                self.trouble = told.reason
            else:
                self.made, self.trouble, self.edition = told, None, str(time.time_ns())
            self._stamp, self._ended = stamp, time.monotonic()
            found = child.receive(None)
            self.suggested = {id: suggested for id, (_, suggested) in found.items()}
            self.evidence = {id: weight for id, (weight, _) in found.items()}
        except ChildDied as error:
            if not self._closed and self._stamp != stamp:
                self.trouble = f"the process that makes the report {error}"
                self._stamp, self._ended = stamp, time.monotonic()
        finally:
            self._child = None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            child.kill()
        if self._thread is not None:
            self._thread.join(5)
