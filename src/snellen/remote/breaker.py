"""When a server is given up: it answers nothing any more, or denies every request."""

from __future__ import annotations

import re
from collections.abc import Callable

DENIALS = 8  # in a row, of requests that no other try can mend
CROWDED_OUT = 3  # questions, while none was answered
GIVEN_UP = 20  # questions for other reasons, which may lie in their images
ALIKE = 50  # requests in a row that are found wrong in the same way, before any was answered
TOLD_AFTER = 0.5  # seconds; a single broken connection is not worth a line
_NUMBERED = re.compile(r"\S*\d\S*")  # such as a request's own number
_DENIED = {301, 302, 307, 308, 401, 402, 403, 404, 405}


class Breaker:
    """What is known of a server's state, and the lines that the user is told of it.

    `open` says why nothing more is asked; until then it is None.
    """

    def __init__(self, host: str, clock: Callable[[], float]) -> None:
        self._host = host
        self._clock = clock
        self._denials = 0
        self._crowded_out = self._given_up = 0  # since the last answer
        self._wrong, self._alike = "", 0
        self.answered = 0
        self._gone_since: float | None = None
        self._told = self._connects = False
        self.open: str | None = None
        self.lines: list[str] = []

    def replied(self, status: int, denial: str | None) -> None:
        """The server replied, with a reason where that is no answer."""
        if self._gone_since is not None and self._told:
            self.lines.append(f"{self._host} answers again after {self._clock() - self._gone_since:.0f} s")
        self._gone_since, self._told = None, False
        if denial is None:
            self.answered += 1
            self._crowded_out = self._given_up = self._denials = self._alike = 0
            return
        self._denials = self._denials + 1 if status in _DENIED else 0
        if self._denials >= DENIALS:
            self._give_up(f"{self._host}: {denial}; {DENIALS} requests in a row were denied")
        self._compare(status, denial)

    def _compare(self, status: int, denial: str) -> None:
        """Counts requests that are wrong in the same way: it is what all have in common, not their images."""
        wrong = _NUMBERED.sub("", denial) if 400 <= status < 500 and status not in (408, 409, 425, 429) else ""
        self._alike = self._alike + 1 if wrong and wrong == self._wrong else int(bool(wrong))
        self._wrong = wrong
        if self._alike >= ALIKE and not self.answered:
            self._give_up(f"{self._host}: {denial}; so were the first {ALIKE} requests")

    def unreachable(self, reason: str, connects: bool = False) -> None:
        """There was no reply; `connects` says whether there was a connection at least."""
        self._connects = connects
        if self._gone_since is None:
            self._gone_since = self._clock()
        if not self._told and self._clock() - self._gone_since >= TOLD_AFTER:
            self._told = True
            self.lines.append(f"{self._host} gives no answer ({reason}); waiting for it")

    def gave_up(self, answered: int, reason: str, crowded: bool = False) -> None:
        """A question was asked as often as may be; `answered` is what this was when it was asked first.

        Where there is no connection, the next question has none either; where the server said that it is crowded, the
        next may be luckier; any other fault may be that of an image, so that more have to be tried.
        """
        if self.answered > answered:
            return
        self._crowded_out += crowded
        self._given_up += 1
        if self._gone_since is not None and not self._connects:
            self._give_up(f"{self._host} was gone for {self._clock() - self._gone_since:.0f} s: {reason}")
        elif self._crowded_out >= CROWDED_OUT or self._given_up >= GIVEN_UP:
            self._give_up(f"{self._host} answered none of {self._given_up} questions: {reason}")

    def _give_up(self, reason: str) -> None:
        if self.open is None:
            self.open = reason
            self.lines.append(f"{reason}; what is left fails without being asked, the same command again asks it")
