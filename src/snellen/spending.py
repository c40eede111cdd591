"""The money of one model's interview: set aside before a job is handed out, counted as its answers come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from snellen.budget import Budget
from snellen.errors import SnellenError
from snellen.forecast import Asked, forecast
from snellen.images import Image
from snellen.remote.tariff import Demand, Size, Tariff, tally_of
from snellen.rows import Row
from snellen.runner import Answered, Event
from snellen.worker import Job

_PROBES = 4  # images whose shuffles are tried: what is asked at most hardly depends on them


class LimitReached(SnellenError):
    """Asking on could cost more than is allowed."""

    exit_code = 4


class Spending:
    """What the rows of an interview may cost; `tariffs` are those of its roles that have a price.

    `size_of` tells the size of the image of a job by its number. `unasked` are the rows that were not asked all.
    """

    def __init__(
        self,
        budget: Budget,
        tariffs: Mapping[str, Tariff],
        rows: Mapping[int, Row],
        size_of: Callable[[int], Size | None],
    ) -> None:
        self._budget = budget
        self._tariffs = tariffs
        self._rows = rows
        self._size_of = size_of
        self._most: dict[int, Mapping[str, Demand]] = {}
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
            yield job

    def note(self, events: Sequence[Event], done: Callable[[int], bool]) -> None:
        """Counts what new answers cost and frees what the jobs that are `done` did not need."""
        for event in events:
            if isinstance(event, Answered):
                self._pay(event)
            elif done(event.task):
                self._budget.release(event.task)

    def _pay(self, event: Answered) -> None:
        tariff = self._tariffs.get(event.asked.role)
        if tariff is None or tariff.price is None:
            return
        size = self._size_of(event.task) if event.asked.image is not None else None
        most = tariff.usd_most(tariff.most(event.asked.question), size)
        cost = tariff.price.usd(tally_of(event.answer))
        self._budget.spend(event.task, most if cost is None else cost, most)

    def _most_of(self, job: Job) -> float:
        """The most that a job may cost: an image for some rows, or what these rows ask first."""
        size = self._size_of(job.number) if job.image else None
        demands = [self._demands(row, first=job.image is None) for row in job.rows]
        return sum(self._tariffs[role].usd_most(each, size) for found in demands for role, each in found.items())

    def _demands(self, row: int, first: bool) -> Mapping[str, Demand]:
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


def most_demands(row: Row, tariffs: Mapping[str, Tariff], first: bool) -> Mapping[str, Demand]:
    """The most that a row asks of each priced role about one image, or before the `first` one."""
    found = forecast(row)
    if found is None:  # nothing is known of it: its answers are counted as they come
        return {}
    if first:
        return _of_roles(found.first, tariffs)
    probes = [Image(Path(), digest=sha256(bytes([number])).hexdigest()) for number in range(_PROBES)]
    courses = [_of_roles(course, tariffs) for probe in probes for course in found.longest(probe)]
    return max(courses, key=lambda demands: _usd(demands, tariffs), default={})


def _of_roles(asked: Asked, tariffs: Mapping[str, Tariff]) -> dict[str, Demand]:
    sums: dict[str, Demand] = {}
    for question, _ in asked:
        if tariff := tariffs.get(question.to):
            sums[question.to] = sums.get(question.to, Demand()) + tariff.most(question)
    return sums


def _usd(demands: Mapping[str, Demand], tariffs: Mapping[str, Tariff]) -> float:
    return sum(tariffs[role].usd_most(demand, (1024, 1024)) for role, demand in demands.items())
