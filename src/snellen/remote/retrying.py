"""How often and how long a question is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from snellen.remote.wire import Fault


@dataclass(frozen=True, slots=True)
class Backoff:
    """The waits between attempts, each twice the one before, up to half less by chance; all in seconds.

    A question is given up after `retries` faults. To be one too many (429, overload) is none of them while others are
    answered; but a question is given up, too, that has waited `patience` in all, or would have to.
    """

    retries: int = 8
    first: float = 0.5
    longest: float = 30.0
    patience: float = 300.0


class Retries:
    """The attempts of one question; `wait` says how long until the next."""

    def __init__(self, backoff: Backoff, rng: Random) -> None:
        self._backoff = backoff
        self._rng = rng
        self._faults = 0
        self._crowded = 0
        self._waited = 0.0
        self.attempts = 0

    def wait(self, fault: Fault, others: bool = False) -> float | None:
        """Seconds to wait before asking again; None where the question is to be given up.

        `others` says whether others were answered since the attempt began.
        """
        if not fault.again:
            return None
        if fault.crowded and others:
            self._crowded += 1
        else:
            self._faults += 1
        if self._faults > self._backoff.retries:
            return None
        doublings = min(self._faults + self._crowded - 1, 30)
        seconds = min(self._backoff.longest, self._backoff.first * 2.0**doublings)
        seconds *= self._rng.uniform(0.5, 1.0)
        if fault.wait is not None:  # never earlier than asked for, and not all at the same time
            seconds = fault.wait + self._rng.uniform(0.0, min(seconds, 0.1 + fault.wait / 4))
        self._waited += seconds
        return seconds if self._waited <= self._backoff.patience else None

    def given_up(self, fault: Fault) -> str:
        """Why the question has no answer."""
        if fault.again and fault.wait is not None and fault.wait > self._backoff.patience:
            return f"{fault.reason} (it asks to wait {fault.wait:.0f} s, longer than is waited)"
        return f"{fault.reason} (asked {self.attempts} times)" if self.attempts > 1 else fault.reason
