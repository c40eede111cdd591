"""A limit of money that is never passed: what may be spent is reserved before it is, and counted when it was."""

from __future__ import annotations

_ROUNDING = 1e-9  # USD


class Budget:
    """What is spent and what is reserved for jobs in hand, by their numbers; all in USD.

    Spent and reserved together stay within the limit as long as no answer costs more than was reserved for it. Where
    one does, the most that it exceeded it by is expected of all others from then on.
    """

    def __init__(self, limit: float, spent: float = 0.0) -> None:
        self.limit = limit
        self.spent = spent
        self._reserved: dict[int, float] = {}
        self._set_aside: dict[int, float] = {}  # in the beginning
        self._lost: dict[int, float] = {}
        self._excess = 1.0

    @property
    def reserved(self) -> float:
        """The most that the jobs in hand may still cost."""
        return self._excess * sum(self._reserved.values())

    @property
    def idle(self) -> bool:
        """Whether no job is in hand, so that nothing can become free any more."""
        return not self._reserved

    @property
    def exhausted(self) -> bool:
        """Whether all of it is spent, so that nothing more may be sent for what is in hand either."""
        return self.spent > self.limit + _ROUNDING

    @property
    def passed(self) -> bool:
        """Whether what is in hand could cost more than is left."""
        return self.spent + self.reserved > self.limit + _ROUNDING

    def reserve(self, job: int, most: float) -> bool:
        """Sets aside what a job may cost at most; False, with nothing set aside, where that would pass the limit."""
        if self.spent + self.reserved + self._excess * most > self.limit + _ROUNDING:
            return False
        self._reserved[job] = self._reserved.get(job, 0.0) + most
        self._set_aside[job] = self._set_aside.get(job, 0.0) + most
        return True

    def spend(self, job: int, cost: float, most: float) -> None:
        """An answer of a job came: it cost so much, and at most `most` was expected of it."""
        self.spent += cost
        if job in self._reserved:
            self._reserved[job] = max(0.0, self._reserved[job] - most)
        if cost > most * self._excess:
            self._excess = cost / most if most > 0 else self._excess

    def lose(self, cost: float, job: int | None = None) -> None:
        """Something cost so much, or may have, and gave no answer: all that was reserved, for the `job`, too, stays.

        What a job loses so is part of what others are expected to exceed theirs by.
        """
        self.spent += cost
        if job is not None and (most := self._set_aside.get(job)):
            self._lost[job] = self._lost.get(job, 0.0) + cost
            self._excess = max(self._excess, 1 + self._lost[job] / most)

    def release(self, job: int) -> None:
        """The job has ended; what is left of its reserve is free."""
        for kept in (self._reserved, self._set_aside, self._lost):
            kept.pop(job, None)

    def release_all(self) -> None:
        """No job is in hand any more."""
        for job in list(self._reserved):
            self.release(job)
