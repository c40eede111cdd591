"""When a server is given up: it answers nothing any more, or denies every request."""

from __future__ import annotations

from collections.abc import Callable

DENIALS = 8  # in a row, of requests that no other try can mend
GIVEN_UP = 3  # questions, while none was answered
_DENIED = {301, 302, 307, 308, 401, 402, 403, 404, 405}


class Breaker:
    """What is known of a server's state, and the lines that the user is told of it.

    `open` says why nothing more is asked; until then it is None.
    """

    def __init__(self, host: str, clock: Callable[[], float]) -> None:
        self._host = host
        self._clock = clock
        self._denials = 0
        self._given_up = 0  # since the last answer
        self.answered = 0
        self._gone_since: float | None = None
        self.open: str | None = None
        self.lines: list[str] = []

    def replied(self, status: int, denial: str | None) -> None:
        """The server replied, with a reason where that is no answer."""
        if self._gone_since is not None:
            self.lines.append(f"{self._host} answers again after {self._clock() - self._gone_since:.0f} s")
            self._gone_since = None
        if denial is None:
            self.answered += 1
            self._given_up = 0
        self._denials = self._denials + 1 if denial and status in _DENIED else 0
        if denial and self._denials >= DENIALS:
            self._give_up(f"{self._host}: {denial}; {DENIALS} requests in a row were denied")

    def unreachable(self, reason: str) -> None:
        """There was no reply."""
        if self._gone_since is None:
            self._gone_since = self._clock()
            self.lines.append(f"{self._host} gives no answer ({reason}); waiting for it")

    def gave_up(self, answered: int, reason: str) -> None:
        """A question was asked as often as may be; `answered` is what this was when it was asked first."""
        if self.answered > answered:
            return
        self._given_up += 1
        if self._gone_since is not None:
            self._give_up(f"{self._host} was gone for {self._clock() - self._gone_since:.0f} s: {reason}")
        elif self._given_up >= GIVEN_UP:
            self._give_up(f"{self._host} answered none of {GIVEN_UP} questions: {reason}")

    def _give_up(self, reason: str) -> None:
        if self.open is None:
            self.open = reason
            self.lines.append(f"{reason}; what is left fails without being asked, the same command again asks it")
