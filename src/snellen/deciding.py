"""Asking until it is decided: rows are asked about more and more images, and stop when they cannot be the best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from snellen import decisions
from snellen.catalogue import Span
from snellen.decisions import Decision
from snellen.folder import RunFolder
from snellen.metrics.sequential import accuracy_bounds, begin, go_on, looks
from snellen.sheets import OF_ANSWERS

# of copies of an image, which would not be drawn by chance, the first counts
_MARKS = f"""
    SELECT min(e.number), CASE WHEN {OF_ANSWERS} THEN r.prediction IS s.label ELSE -1 END
    FROM examples e CROSS JOIN selected s ON s.selection = ? AND s.example = e.number
    LEFT JOIN records r ON r.row = ? AND r.example = e.number
    WHERE e.digest > ? AND e.digest <= ? AND e.unreadable IS NULL GROUP BY e.digest ORDER BY e.digest
"""


class Deciding:
    """The race of some rows of a run folder about one selection, each round about more images of it.

    What is known is looked at before anything is asked for it, so that a run that goes on decides as one that was never
    stopped.
    """

    def __init__(
        self, folder: RunFolder, selection: int, rows: Iterable[int], confidence: float, margin: float
    ) -> None:
        self._folder = folder
        self._selection = selection
        self._rows = sorted(rows)
        self._titles = {row: f"{spec['model']} · {spec['title']}" for row, _, spec, _ in folder.store.rows()}
        self._race = begin(len(self._rows), confidence, margin)
        self._of = folder.catalogue.contents(selection)
        self._ends = iter(looks(self._of))
        self._until = b""
        self._stopped: dict[int, int | None] = dict.fromkeys(self._rows)
        self._lost: set[int] = set()
        self.keep()

    @property
    def asked(self) -> list[int]:
        """The rows that may be the best and can be asked."""
        contenders = zip(self._rows, self._race.contenders, strict=True)
        return [row for row, contends in contenders if contends and row not in self._lost]

    def next_span(self) -> Span | None:
        """The images that are to be asked about next; None where no more are needed, or where there are none."""
        if self._race.best is not None or len(self.asked) < 2 or (end := next(self._ends, None)) is None:
            return None
        until = self._folder.catalogue.digest_at(self._selection, end)
        span, self._until = Span(self._until, until), until
        return span

    def look(self, span: Span, lost: set[int]) -> Iterator[str]:
        """Judges by the answers about a span, too, and tells how the rows stand; `lost` are those that cannot be asked.

        What these answered of the span before does not count: another run asks the rest of it and judges by all.
        """
        self._lost |= lost
        before = self._race
        race = self._race = go_on(before, self._marks(span)) if self.asked else before
        for place, row in enumerate(self._rows):
            if before.contenders[place] and not race.contenders[place]:
                self._stopped[row] = race.images
        self.keep()
        for place in range(len(self._rows)):
            if before.contenders[place] and race.answered[place]:
                yield self._standing(place)

    def _marks(self, span: Span) -> NDArray[np.int8]:
        """What each row answered about each image: 1 right, 0 wrong, -1 nothing that counts."""
        columns = []
        for row in self._rows:
            found = self._folder.database.execute(_MARKS, self._selection, row, span.after, span.until)
            column = np.fromiter((mark for _, mark in found), dtype=np.int8)
            columns.append(np.full_like(column, -1) if row in self._lost else column)
        return np.stack(columns, axis=1)

    def _standing(self, place: int) -> str:
        right, answered = int(self._race.right[place]), int(self._race.answered[place])
        low, high = accuracy_bounds(right, answered)
        out = "" if self._race.contenders[place] else ", not among the best: out"
        title = self._titles[self._rows[place]]
        return f"{self._race.images} images: {title} {right / answered:.3f} ({low:.2f}–{high:.2f}){out}"

    @property
    def _best(self) -> int | None:
        return None if self._race.best is None else self._rows[self._race.best]

    def keep(self) -> None:
        """Keeps what is decided so far, and why rows are asked no more."""
        race = self._race
        decision = Decision(race.confidence, race.margin, race.images, self._of, self._stopped, self._best)
        with self._folder.database.commit():
            decisions.keep(self._folder.database, decision)
            for row, reason in self._reasons().items():
                self._folder.store.set_trouble(row, reason)

    def _reasons(self) -> dict[int, str]:
        """Why rows have not been asked about all images."""
        race = self._race
        sure = f"({100 * race.confidence:g} %)"
        reasons = {
            row: f"stopped after {after} images: not among the best {sure}"
            for row, after in self._stopped.items()
            if after is not None
        }
        if self._best is not None and race.images < self._of:
            for row in self.asked:
                found = f"no row is better by more than {points(race.margin)}" if race.margin else "the best"
                behind = f"not better than {self._titles[self._best]} by more than {points(race.margin)}"
                reasons[row] = f"stopped after {race.images} images: {found if row == self._best else behind} {sure}"
        return reasons


def points(margin: float) -> str:
    """A difference of accuracies, in words."""
    return "1 point" if round(100 * margin, 9) == 1 else f"{100 * margin:g} points"
