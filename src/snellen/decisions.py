"""What runs came to that stop by themselves, kept as facts of a run folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from snellen.database import Database

_FACT = "decisions"


@dataclass(frozen=True, slots=True)
class Decision:
    """Which of some rows is best, as far as `images` of `of` different images told.

    `stopped` has for each row, by its number, after how many images it was out, None where it never was. `best` is
    named with the confidence that is stated: no row is better by more than the margin; it is None where that was not
    decided, or not yet. `adaptive` are the rows that have still been asked as many images as what they answered said.
    """

    confidence: float
    margin: float
    images: int
    of: int
    stopped: Mapping[int, int | None]
    best: int | None = None
    adaptive: frozenset[int] = frozenset()

    @property
    def open(self) -> bool:
        """Whether more images could decide it."""
        return self.best is None and self.images < self.of

    @property
    def settled(self) -> frozenset[int]:
        """The rows that nothing more is to be asked of: all where it is made, those that are out of it where not."""
        return frozenset(row for row in self.adaptive if self.best is not None or self.stopped[row] is not None)


def decisions(database: Database) -> tuple[Decision, ...]:
    """All decisions of a run folder whose rows still rest on them, the oldest first."""
    return tuple(map(_read, json.loads(database.fact(_FACT) or "[]")))


def keep(database: Database, decision: Decision) -> None:
    """Keeps a decision about all of its rows, in place of earlier ones about them."""
    rows = frozenset(decision.stopped)
    _write(database, [*_without(decisions(database), rows), dataclasses.replace(decision, adaptive=rows)])


def forget(database: Database, rows: Iterable[int]) -> None:
    """Lets go of decisions about those of the rows that have an answer or a failure for each of their examples."""
    if not (earlier := decisions(database)):
        return
    _write(database, _without(earlier, {row for row in rows if not database.value(_PENDING, row)}))


_PENDING = """
    SELECT EXISTS (
        SELECT 1 FROM rows w JOIN selected s ON s.selection = w.selection
        LEFT JOIN records r ON r.row = w.number AND r.example = s.example
        WHERE w.number = ? AND r.row IS NULL)
"""


def _without(earlier: Iterable[Decision], rows: Iterable[int]) -> list[Decision]:
    left = [dataclasses.replace(each, adaptive=each.adaptive.difference(rows)) for each in earlier]
    return [each for each in left if each.adaptive]


def _read(kept: Mapping[str, Any]) -> Decision:
    stopped = {int(row): after for row, after in kept["stopped"].items()}
    return Decision(**{**kept, "stopped": stopped, "adaptive": frozenset(kept["adaptive"])})


def _write(database: Database, kept: Iterable[Decision]) -> None:
    data = [{**dataclasses.asdict(each), "adaptive": sorted(each.adaptive)} for each in kept]
    database.set_fact(_FACT, json.dumps(data))
