"""A run as its report sees it: the rows that are compared, and what several sections need of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from snellen.console import one_line
from snellen.photographs import Photographs
from snellen.report.ahead import Ahead
from snellen.report.links import InPage, Links
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import Sheet
from snellen.short_names import short_models, short_strategies
from snellen.transcripts import Transcripts
from snellen.verdict.candidates import image_sets
from snellen.verdict.diagnosing import Diagnosis, diagnose
from snellen.verdict.sittings import Sitting, sittings
from snellen.verdict.standings import Standings
from snellen.verdict.suspects import Suspects, suspects
from snellen.verdict.sweeps import SweepResults, sweep_of

MOST_ROWS = 12  # of which there are charts of their own
SUSPECTS = 24  # labels that are shown as suspect
READ_AGAIN, SCORES_READ = 1000, 100_000  # images of a row, and scores of classes, that are read of answers again
_MODEL, _STRATEGY = 30, 34  # characters of names in charts


def _read_again(row: ResultRow) -> int:
    """How many images' answers are read again for what records do not keep: fewer, the more classes have scores."""
    return min(READ_AGAIN, SCORES_READ // row.classes)


class ReportedRun:
    """A run and what is made of it once for all sections.

    `rows` are those of the largest set of rows about the same images and classes, the most accurate first; `others` are
    the further sets. `thumbnails` is how many pictures the page may hold; `prefix` stands before all anchors.
    """

    def __init__(
        self, results: Results, links: Links | None = None, thumbnails: int = 48, prefix: str = "", title: str = ""
    ) -> None:
        self.results = results
        self.prefix = prefix
        self.links = links or InPage(f"{prefix}mistakes")
        self.thumbnails = thumbnails
        self.photographs = Photographs(results)
        self.title = title or results.path.name or str(results.path)
        self._sheets: dict[int, Sheet] = {}
        self._diagnoses: dict[int, Diagnosis] = {}
        self._ahead: Ahead | None = None
        self._transcripts: dict[int, Transcripts] = {}

    @cached_property
    def sets(self) -> list[list[ResultRow]]:
        """The rows in sets about the same images and classes, the largest first; without those of earlier models."""
        return image_sets(self.results, [row for row in self.results.rows if not row.superseded])

    @cached_property
    def rows(self) -> tuple[ResultRow, ...]:
        """The rows of the largest set, without blind controls."""
        return tuple(row for row in self.sets[0] if not row.blind) if self.sets else ()

    @property
    def unfinished(self) -> int:
        """How many images of the rows are still to be asked about; not those that a run need not ask any more."""
        return sum(row.pending for row in self.rows if row.interval != "anytime")

    @property
    def answered(self) -> tuple[ResultRow, ...]:
        """Those of the rows that have an answer."""
        return tuple(row for row in self.rows if row.accuracy is not None)

    @cached_property
    def shown(self) -> tuple[ResultRow, ...]:
        """The rows that have charts of their own: the best of each model, then the others, up to twelve."""
        firsts = {row.model: row for row in reversed(self.answered)}
        chosen = [row for row in self.answered if firsts[row.model] is row]
        chosen += [row for row in self.answered if firsts[row.model] is not row]
        numbers = {row.number for row in chosen[:MOST_ROWS]}
        return tuple(row for row in self.answered if row.number in numbers)

    @property
    def stopped(self) -> list[str]:
        """The names of the shown rows that stopped for what they answered: of these only accuracies have intervals."""
        return [self.labels[row.number] for row in self.shown if row.interval == "anytime"]

    @cached_property
    def labels(self) -> dict[int, str]:
        """What each row is called in charts and lists, by number; different rows have different names."""
        models = short_models((one_line(row.model) for row in self.results.rows), _MODEL)
        strategies = short_strategies((one_line(row.strategy) for row in self.results.rows), _STRATEGY)
        found: dict[int, str] = {}
        rows = {row.number: row for row in (*self.rows, *self.results.rows)}  # those of the page have the plain names
        for row in rows.values():
            name = f"{models[one_line(row.model)]} · {strategies[one_line(row.strategy)]}"
            found[row.number] = name if name not in found.values() else f"{name} (row {row.number})"
        return found

    @cached_property
    def models(self) -> dict[str, str]:
        """What each model is called in charts, by its name."""
        return short_models((one_line(row.model) for row in self.results.rows), _MODEL)

    @cached_property
    def sitting(self) -> Sitting | None:
        """The rows of the report as they are compared; None where there are none."""
        numbers = {row.number for row in self.rows}
        for each in sittings([self.results]):
            if numbers & {entrant.row.number for entrant in each.entrants}:
                return each
        return None

    @cached_property
    def standings(self) -> Standings | None:
        return Standings(self.sitting, macro_f1=False) if self.sitting else None

    @cached_property
    def sweep(self) -> SweepResults | None:
        return sweep_of(self.results)

    @cached_property
    def suspects(self) -> Suspects | None:
        """The first images whose labels models contradict; None without an answer."""
        return suspects(self.results, SUSPECTS) if self.answered else None

    def sheet(self, row: ResultRow) -> Sheet:
        """What a row predicted, read once."""
        if row.number not in self._sheets:
            self._sheets[row.number] = self.results.sheet(row)
        return self._sheets[row.number]

    def diagnosis(self, row: ResultRow) -> Diagnosis:
        """What goes wrong in a row, made once."""
        if row.number not in self._diagnoses and self._ahead is not None:
            self._diagnoses |= self._ahead.take()
            self._ahead = None
        return self._diagnosed(row)

    def _diagnosed(self, row: ResultRow) -> Diagnosis:
        if row.number not in self._diagnoses:
            self._diagnoses[row.number] = diagnose(
                self.results, row, read_again=_read_again(row), sheet=self.sheet(row)
            )
        return self._diagnoses[row.number]

    def begin(self) -> None:
        """Begins in a process of its own what takes long of a large run."""
        if not self.results.is_large or self._diagnoses or self._ahead or not self.shown:
            return
        theirs = self.shown[: -(-len(self.shown) * 2 // 3)]
        self._ahead = Ahead(self.results.path, theirs, _read_again(self.shown[0]))
        _ = self.suspects  # this and the other rows take as long, so they are made meanwhile
        for row in self.shown[len(theirs) :]:
            self._diagnosed(row)

    def close(self) -> None:
        """Ends what was begun and not needed."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def transcripts(self, row: ResultRow) -> Transcripts:
        """What a row asked and was answered."""
        if row.number not in self._transcripts:
            self._transcripts[row.number] = Transcripts(self.results, row)
        return self._transcripts[row.number]

    def files(self) -> Sequence[tuple[str, str | None]]:
        """Id and path of each image of the rows, in the order of their sheets."""
        return self._files

    @cached_property
    def _files(self) -> list[tuple[str, str | None]]:
        return self.results.files(self.rows[0]) if self.rows else []
