"""A run that is served: what is known of it, kept up to date in the background."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

from snellen.costs import spent
from snellen.database import DATABASE, Database
from snellen.errors import SnellenError, WrongUse
from snellen.heartbeat import Heartbeat, heartbeat
from snellen.photographs import Photographs
from snellen.results import Results
from snellen.viewer.desk import Desk
from snellen.viewer.live_report import LiveReport
from snellen.viewer.pictures import Pictures
from snellen.viewer.snapshot import Snapshot, load, stamp_of

_LEAST = 2.0  # seconds between two readings of a run that changes
_REST = 8  # times what reading takes


class ServedRun:
    """Run `number` of those that are served, from its folder. Raises WrongUse where that is not a run's."""

    def __init__(self, number: int, path: Path) -> None:
        self.number, self.path = number, path
        self.base = f"/runs/{number}"
        self.title = path.resolve().name or str(path)
        with closing(Results(path)) as results:
            self.pictures = Pictures(Photographs(results))
        self.report = LiveReport(path, self.base)
        self.desk, self.searching = Desk(path), Desk(path)
        self.snapshot: Snapshot | None = None
        self.trouble: str | None = None
        self.spent: float | None = None
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._read = 0.0
        self._took = 0.0

    def refresh(self) -> None:
        """Has the run read again where it has changed; returns at once."""
        with self._lock:
            if self._reading is not None and self._reading.is_alive():
                return
            stamp = stamp_of(self.path)
            if self.snapshot is not None and self.snapshot.stamp == stamp:
                return
            same = self.snapshot is None or self.snapshot.stamp[0] == stamp[0]
            rest = max(_LEAST, _REST * self._took) if same and self.beat else 0.5
            if self._read and time.monotonic() - self._read < rest:
                return
            self._reading = threading.Thread(target=self._load, name="snapshot", daemon=True)
            self._reading.start()

    def _load(self) -> None:
        began = time.monotonic()
        try:
            self.snapshot, self.trouble = load(self.path), None
            _ = self.snapshot.uncorrected  # so that no page waits for it
            with closing(Database(self.path / DATABASE, read_only=True)) as database:
                self.spent = spent(database)
        except SnellenError as error:
            self.trouble = str(error)
        except Exception as error:  # what a damaged or hostile database leads to has no limits
            self.trouble = f"{self.path} cannot be read as a run: {type(error).__name__}: {error}"
        finally:
            self._read = time.monotonic()
            self._took = self._read - began

    def ready(self, seconds: float) -> Snapshot | None:
        """The run as it was last read; waits so long for the first time. Raises WrongUse where it cannot be read."""
        self.refresh()
        if self.snapshot is None and self._reading is not None:
            self._reading.join(seconds)
        if self.snapshot is None and self.trouble is not None:
            raise WrongUse(self.trouble)
        return self.snapshot

    @property
    def beat(self) -> Heartbeat | None:
        """What the run that goes on says of itself; None where none does."""
        return heartbeat(self.path)

    @property
    def pending(self) -> tuple[int, int] | None:
        """How many images are pending, of how many; None where the run has changed since it was read."""
        snapshot = self.snapshot
        return snapshot.pending if snapshot is not None and snapshot.stamp == stamp_of(self.path) else None

    def close(self) -> None:
        self.report.close()
        self.desk.close()
        self.searching.close()
