"""A process that makes the diagnoses of a large run's rows while the page is begun, so that both cores work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from snellen.child import Child, ChildDied, Parent
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.verdict.diagnosing import Diagnosis, diagnose


class Ahead:
    """The diagnoses of some rows, begun at once and taken when they are needed."""

    def __init__(self, run: Path, rows: Sequence[ResultRow], read_again: int) -> None:
        self._child = Child("snellen.report.ahead")
        self._child.send((run.resolve(), tuple(rows), read_again))

    def take(self) -> Mapping[int, Diagnosis]:
        """Waits for them; they are by the rows' numbers, and none where the process has ended before."""
        try:
            found: Mapping[int, Diagnosis] = self._child.receive(None)
        except ChildDied:  # such as for want of memory: they are made here then
            return {}
        finally:
            self.close()
        return found

    def close(self) -> None:
        """Ends the process."""
        self._child.kill()


def main() -> None:
    """Makes the diagnoses that the parent asks for, and ends."""
    parent = Parent()
    run, rows, read_again = parent.receive()
    with closing(Results(run)) as results:
        parent.send({row.number: diagnose(results, row, read_again=read_again) for row in rows})
