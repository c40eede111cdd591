"""How many requests are in flight and how many begin in a minute; for one event loop, not safe among threads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

_Clock: TypeAlias = Callable[[], float]
_START = 8  # in flight at first
_TO_LESS = 0.95


class AdaptiveLimit:
    """Lets as many requests be in flight as a server bears.

    One more after each success, up to `most`, until the server says that it is crowded; then as many as it did not
    refuse and a little less, and one more for each round of successes: additive increase, multiplicative decrease as in
    Chiu and Jain (1989), with the slow start of TCP. The refusals of requests that began before a decrease are of one
    burst with the one that led to it.
    """

    def __init__(self, most: int, clock: _Clock) -> None:
        self._most = most
        self._clock = clock
        self._size = float(min(most, _START))
        self._threshold = float(most)  # up to which the number doubles with each round
        self._decreased = -1.0
        self._paused_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.in_flight = 0
        self.largest = 0

    @property
    def size(self) -> int:
        """How many may be in flight now."""
        return int(self._size)

    async def acquire(self, again: bool = False) -> float:
        """Waits for a place and returns when it was taken; one that asks again goes before the others."""
        if not self._open or self._waiting:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            (self._waiting.appendleft if again else self._waiting.append)(place)
            self._wake()
            try:
                await place  # who wakes it has counted it
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._leave()
                raise
        else:
            self._enter()
        return self._clock()

    @property
    def _open(self) -> bool:
        return self.in_flight < self.size and self._clock() >= self._paused_until

    def _enter(self) -> None:
        self.in_flight += 1
        self.largest = max(self.largest, self.in_flight)

    def _leave(self) -> None:
        self.in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._open:
            place = self._waiting.popleft()
            if not place.done():
                self._enter()
                place.set_result(None)
        pause = self._paused_until - self._clock()
        if self._waiting and pause > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause + 1e-3, self._resume)

    def _resume(self) -> None:
        self._timer = None
        self._wake()

    def release(self) -> None:
        """A request ended in a way that says nothing of how much the server bears."""
        self._leave()

    def succeeded(self) -> None:
        """A request was answered."""
        if self.in_flight >= self.size:  # where the limit was not used nothing is known of a higher one
            self._size = min(self._most, self._size + (1.0 if self._size < self._threshold else 1.0 / self._size))
        self._leave()

    def crowded(self, begun: float, wait: float | None) -> None:
        """A request that began at `begun` was one too many; `wait` is how long the server asks to wait.

        Where no other is being answered, all wait as long.
        """
        borne = min(self._size, self.in_flight - 1.0)
        if begun > self._decreased:
            borne *= _TO_LESS
            self._threshold = borne / 2
            self._decreased = self._clock()
        self._size = max(1.0, borne)
        if wait and self.in_flight == 1:
            self._paused_until = max(self._paused_until, self._clock() + wait)
        self._leave()


class RateLimit:
    """Lets at most so much begin in a minute, evenly; a second's worth may come at once (a leaky bucket as a meter)."""

    def __init__(self, per_minute: float | None, clock: _Clock) -> None:
        self._second = per_minute / 60 if per_minute else None
        self._clock = clock
        self._next = 0.0

    async def take(self, amount: float = 1.0) -> None:
        """Waits until so much may begin."""
        if self._second is None:
            return
        now = self._clock()
        begin = max(self._next, now - 1.0)
        self._next = begin + amount / self._second
        if (wait := begin - now) > 0:
            await asyncio.sleep(wait)

    def correct(self, amount: float) -> None:
        """What was taken turned out to be so much more, or less where it is negative."""
        if self._second is not None:
            self._next += amount / self._second
