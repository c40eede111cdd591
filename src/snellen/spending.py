"""The money of one model's interview: set aside before a job is handed out, counted as its answers come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from pathlib import Path

from snellen.budget import Budget
from snellen.errors import SnellenError
from snellen.forecast import Asked, forecast
from snellen.images import Image
from snellen.remote.prices import Tally
from snellen.remote.tariff import Demand, Size, Tariff, tally_of, tally_of_usage
from snellen.rows import Row
from snellen.runner import Answered, Event, Lost
from snellen.worker import Job

_PROBES = 4  # images whose shuffles are tried: what is asked at most hardly depends on them


class LimitReached(SnellenError):
    """Asking on could cost more than is allowed."""

    exit_code = 4


class Spending:
    """What the rows of an interview may cost; `tariffs` are those of its roles that have a price.

    `size_of` tells the size of the image of a job by its number, `at_once` is how many questions are in flight at most,
    and `keep` keeps what those may cost, before they are asked, and what of it was lost. `unasked` are the rows that
    were not asked all.
    """

    def __init__(
        self,
        budget: Budget,
        tariffs: Mapping[str, Tariff],
        rows: Mapping[int, Row],
        size_of: Callable[[int], Size | None],
        at_once: int = 1,
        keep: Callable[[float, float], None] = lambda in_flight, lost: None,
    ) -> None:
        self._budget = budget
        self._tariffs = tariffs
        self._rows = rows
        self._size_of = size_of
        self._at_once = at_once
        self._keep = keep
        self._kept = 0.0
        self._dearest = 0.0  # question
        self._most: dict[int, Most] = {}
        self.unasked: set[int] = set()

    def affordable(self, jobs: Iterator[Job]) -> Iterator[Job | None]:
        """The jobs as long as there is money for all that they may ask; None where that of others may become free.

        What comes after the end is not handed out any more, but looked through: stored answers may settle it.
        """
        for job in jobs:
            while not self._budget.reserve(job.number, self._most_of(job)):
                if self._budget.idle:
                    self.unasked |= job.rows
                    for other in jobs:
                        self.unasked |= other.rows
                    return
                yield None
            self._dearest = max(self._dearest, self._most_of(job, single=True))
            self._keep_in_flight()
            yield job

    def _keep_in_flight(self) -> None:
        if (usd := self._in_flight) > self._kept:  # a write for each doubling
            self._kept = min(2 * usd, self._at_once * self._dearest)
            self._keep(self._kept, 0.0)

    @property
    def _in_flight(self) -> float:
        """The most that what is in flight now may cost."""
        return min(self._budget.reserved, self._at_once * self._dearest)

    def died(self) -> None:
        """A model's process ended in mid-work: what was in flight counts as spent.

        Raises LimitReached where what is still in hand could pass the limit, as its answers may be paid again.
        """
        cost = self._in_flight
        self._budget.lose(cost)
        self._keep(self._kept, cost)
        if self._budget.passed:
            self._budget.release_all()
            raise self.trouble()

    def check(self) -> None:
        """Raises LimitReached where all is spent: each further attempt for what is in hand could cost as much again."""
        if self._budget.exhausted:
            raise self.trouble()

    def not_begun(self) -> None:
        """The model could not be had, such as for want of a key: what was to be sent to it first was not."""
        self._budget.release_all()
        if self._kept:
            self._kept = 0.0
            self._keep(0.0, 0.0)

    def end(self) -> None:
        """Nothing is in hand any more; what was in flight until now counts as spent."""
        cost = self._in_flight
        self._budget.release_all()
        self._budget.lose(cost)
        if self._kept or cost:
            self._keep(0.0, cost)

    def note(self, events: Sequence[Event], done: Callable[[int], bool]) -> None:
        """Counts what new answers cost and frees what the jobs that are `done` did not need."""
        for event in events:
            if isinstance(event, Answered):
                self._pay(event)
            elif isinstance(event, Lost):
                self._lose(event)
            elif done(event.task):
                self._budget.release(event.task)

    def _pay(self, event: Answered) -> None:
        tariff = self._tariffs.get(event.asked.role)
        if tariff is None or tariff.price is None:
            return
        most = most_usd(tariff, event, self._size_of)
        cost = tariff.price.usd(tally_of(event.answer))
        self._budget.spend(event.task, most if cost is None else cost, most)

    def _lose(self, event: Lost) -> None:
        tariff = self._tariffs.get(event.asked.role)
        if tariff is None or tariff.price is None:
            return
        cost = tariff.price.usd(tally_of_usage(event.usage))
        self._budget.lose(most_usd(tariff, event, self._size_of) if cost is None else cost, event.task)

    def _most_of(self, job: Job, single: bool = False) -> float:
        """The most that a job may cost: an image for some rows, or what these rows ask first; or one question of it."""
        size = self._size_of(job.number) if job.image else None
        demands = [self._demands(row, first=job.image is None) for row in job.rows]
        if single:
            each = (self._tariffs[role].usd_most(one, size) for found in demands for role, one in found.single.items())
            return max(each, default=0.0)
        return sum(self._tariffs[role].usd_most(each, size) for found in demands for role, each in found.all.items())

    def _demands(self, row: int, first: bool) -> Most:
        """The most that a row asks of each role about one image, or before the first."""
        key = -row if first else row
        if key not in self._most:
            self._most[key] = most_demands(self._rows[row], self._tariffs, first)
        return self._most[key]

    def trouble(self) -> LimitReached:
        """What is told where the rows could not be asked all."""
        return LimitReached(
            f"stopped before the limit of {self._budget.limit:g} USD (max_cost) could be passed, "
            f"with {self._budget.spent:.4g} USD spent; the same command with a higher limit asks the rest"
        )


@dataclass(frozen=True, slots=True)
class Most:
    """What a row takes of each priced role at most: of all questions about one image, and of a single one."""

    all: Mapping[str, Demand] = field(default_factory=dict)
    single: Mapping[str, Demand] = field(default_factory=dict)


def most_usd(tariff: Tariff, event: Answered | Lost, size_of: Callable[[int], Size | None]) -> float:
    """The most that was expected of a question."""
    return tariff.usd_most(tariff.most(event.asked.question), _size(event, size_of))


def most_tally(tariff: Tariff, event: Answered | Lost, size_of: Callable[[int], Size | None]) -> Tally:
    """The most that a question takes."""
    return tariff.tally(tariff.most(event.asked.question), _size(event, size_of), most=True)


def _size(event: Answered | Lost, size_of: Callable[[int], Size | None]) -> Size | None:
    """The size of the photo; the tasks of preparations, which show none, have numbers below 0."""
    return size_of(event.task) if event.asked.image is not None and event.task > 0 else None


def most_demands(row: Row, tariffs: Mapping[str, Tariff], first: bool) -> Most:
    """The most that a row asks of each priced role about one image, or before the `first` one."""
    found = forecast(row)
    if found is None:  # nothing is known of it: its answers are counted as they come
        return Most()
    if first:
        return Most(*_of_roles(found.first, tariffs))
    probes = [Image(Path(), digest=sha256(bytes([number])).hexdigest()) for number in range(_PROBES)]
    courses = [_of_roles(course, tariffs) for probe in probes for course in found.longest(probe)]
    sums = max((sums for sums, _ in courses), key=lambda demands: _usd(demands, tariffs), default={})
    single: dict[str, Demand] = {}
    for _, dearest in courses:
        for role, demand in dearest.items():
            single[role] = _larger(demand, single.get(role, Demand()))
    return Most(sums, single)


def _of_roles(asked: Asked, tariffs: Mapping[str, Tariff]) -> tuple[dict[str, Demand], dict[str, Demand]]:
    """The sum of what is asked, and a bound of a single question."""
    sums: dict[str, Demand] = {}
    single: dict[str, Demand] = {}
    for question, _ in asked:
        if tariff := tariffs.get(question.to):
            demand = tariff.most(question)
            sums[question.to] = sums.get(question.to, Demand()) + demand
            single[question.to] = _larger(demand, single.get(question.to, Demand()))
    return sums, single


def _larger(one: Demand, other: Demand) -> Demand:
    return Demand(*map(max, astuple(one), astuple(other)))


def _usd(demands: Mapping[str, Demand], tariffs: Mapping[str, Tariff]) -> float:
    return sum(tariffs[role].usd_most(demand, (1024, 1024)) for role, demand in demands.items())
