"""How long is waited between attempts, and when a question is given up."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from snellen.remote.retrying import Backoff, Retries
from snellen.remote.wire import Fault

AGAIN = Fault("HTTP 500", again=True)
CROWDED = Fault("HTTP 429", again=True, crowded=True)


@given(st.integers(0, 10), st.integers(0, 1000))
def test_waits_double_up_to_the_longest_and_end_with_the_retries(retries: int, seed: int) -> None:
    backoff = Backoff(retries, first=1.0, longest=16.0, patience=1e9)
    asked = Retries(backoff, Random(seed))
    waits = [asked.wait(AGAIN) for _ in range(retries + 1)]
    assert waits.pop() is None
    for number, wait in enumerate(waits):
        full = min(16.0, 2.0**number)
        assert wait is not None and full / 2 <= wait <= full


def test_what_no_other_try_mends_is_not_asked_again() -> None:
    assert Retries(Backoff(), Random(0)).wait(Fault("HTTP 401", again=False)) is None


def test_to_be_one_too_many_is_no_fault_while_others_are_answered() -> None:
    backoff = Backoff(retries=2, first=1.0, longest=1.0, patience=50.0)
    asked = Retries(backoff, Random(0))
    waits = []
    while (wait := asked.wait(CROWDED, others=True)) is not None:
        waits.append(wait)
    assert 50 <= len(waits) <= 100, "its patience ends"
    alone = Retries(backoff, Random(0))
    assert [alone.wait(CROWDED) is None for _ in range(3)] == [False, False, True]


@given(st.floats(0, 100), st.integers(0, 1000))
def test_what_the_server_asks_is_waited_at_least_and_not_by_all_at_once(wait: float, seed: int) -> None:
    asked = Retries(Backoff(), Random(seed))
    waited = asked.wait(Fault("HTTP 429", True, wait, crowded=True))
    assert waited is not None
    assert wait <= waited <= wait * 1.25 + 0.1


def test_a_server_that_asks_for_hours_is_not_waited_for_and_the_reason_says_so() -> None:
    asked = Retries(Backoff(), Random(0))
    asked.attempts = 1
    fault = Fault("HTTP 429: daily limit", True, 7200.0, crowded=True)
    assert asked.wait(fault) is None
    assert asked.given_up(fault) == "HTTP 429: daily limit (it asks to wait 7200 s, longer than is waited)"


def test_the_reason_says_how_often_it_was_asked() -> None:
    asked = Retries(Backoff(), Random(0))
    asked.attempts = 3
    assert asked.given_up(AGAIN) == "HTTP 500 (asked 3 times)"
