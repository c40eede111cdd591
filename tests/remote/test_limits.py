"""How many requests are in flight, and how many begin in a minute; on an event loop whose clock is turned by hand."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from snellen.remote.limits import AdaptiveLimit, RateLimit


class _Jump(selectors.DefaultSelector):
    """Does not wait: it tells its loop that the time has passed."""

    loop: Turned

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self.loop.now += timeout
        return super().select(0)


class Turned(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run(work: Any) -> Any:
    """What a coroutine function returns that is given the clock."""
    loop = Turned()
    try:
        made: Coroutine[Any, Any, Any] = work(loop.time)
        return loop.run_until_complete(made)
    finally:
        loop.close()


async def served(
    limit: AdaptiveLimit, clock: Any, count: int, capacity: int, wait: float | None = None
) -> tuple[list[int], int]:
    """Has a server answer that takes a second and refuses above its capacity.

    Returns how many were in flight when, and how often it refused.
    """
    running, seen, refused = 0, [], 0

    async def ask() -> None:
        nonlocal running, refused
        again = False
        while True:
            begun = await limit.acquire(again)
            if running < capacity:
                running += 1
                seen.append(running)
                await asyncio.sleep(1.0)
                running -= 1
                limit.succeeded()
                return
            refused += 1
            limit.crowded(begun, wait)
            await asyncio.sleep(wait or 0.5)
            again = True

    await asyncio.gather(*(ask() for _ in range(count)))
    assert limit.in_flight == 0
    return seen, refused


def test_a_server_without_a_limit_is_soon_asked_as_much_as_may_be() -> None:
    async def work(clock: Any) -> None:
        limit = AdaptiveLimit(64, clock)
        seen, refused = await served(limit, clock, 1000, 10_000)
        assert (limit.size, limit.largest, refused) == (64, 64, 0)
        assert 1000 / clock() > 0.75 * 64
        assert max(seen) == 64

    run(work)


@pytest.mark.parametrize("capacity", [1, 3, 20, 50])
@pytest.mark.parametrize("wait", [None, 1.0])
def test_a_server_with_a_limit_is_used_to_nine_tenths(capacity: int, wait: float | None) -> None:
    async def work(clock: Any) -> None:
        limit = AdaptiveLimit(64, clock)
        _, refused = await served(limit, clock, 30 * capacity, capacity, wait)
        assert 30 <= clock() < 30 / 0.9 + 4  # the first rounds and the last are not full
        assert refused < 2 * capacity + 30

    run(work)


def test_a_burst_of_refusals_is_one() -> None:
    async def work(clock: Any) -> None:
        limit = AdaptiveLimit(64, clock)
        for _ in range(8):
            await limit.acquire()
        for _ in range(3):
            limit.crowded(clock(), None)
        assert (limit.in_flight, limit.size) == (5, 5)

    run(work)


def test_where_all_are_refused_all_wait_as_long_as_the_server_asks() -> None:
    async def work(clock: Any) -> None:
        limit = AdaptiveLimit(64, clock)
        begun = [await limit.acquire() for _ in range(8)]
        for each in begun:
            limit.crowded(each, 7.0)
        await limit.acquire()
        assert clock() == pytest.approx(7.0, abs=0.1)

    run(work)


def test_one_that_asks_again_goes_first_and_one_that_is_given_up_leaves_its_place() -> None:
    async def work(clock: Any) -> None:
        limit, order = AdaptiveLimit(1, clock), []

        async def ask(name: str, again: bool) -> None:
            await limit.acquire(again)
            order.append(name)
            limit.release()

        await limit.acquire()
        tasks = [asyncio.ensure_future(ask(name, name == "again")) for name in ("a", "gone", "b", "again")]
        await asyncio.sleep(0)
        tasks[1].cancel()
        limit.release()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == ["again", "a", "b"]
        assert limit.in_flight == 0

    run(work)


def test_a_rate_is_kept_evenly_after_a_second_at_once() -> None:
    async def work(clock: Any) -> None:
        await asyncio.sleep(100)
        rate, begun, start = RateLimit(600, clock), [], clock()
        for _ in range(100):
            await rate.take()
            begun.append(clock() - start)
        assert sum(each == 0 for each in begun) in (10, 11), "a second's worth"
        assert begun[-1] == pytest.approx(9.0, abs=0.2)
        assert max(sum(at <= each < at + 60 for each in begun) for at in begun) <= 611

    run(work)


def test_what_was_taken_is_corrected() -> None:
    async def work(clock: Any) -> None:
        await asyncio.sleep(100)
        rate, start = RateLimit(60_000, clock), clock()
        for _ in range(20):
            await rate.take(1000)
            rate.correct(-500)  # it was only half as much
        assert clock() - start == pytest.approx(8.5, abs=0.6)

    run(work)


def test_without_a_rate_nothing_waits() -> None:
    async def work(clock: Any) -> None:
        rate = RateLimit(None, clock)
        for _ in range(1000):
            await rate.take(1e9)
        assert clock() == 0

    run(work)
