"""What a reply that is no answer means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.remote.faults import LONGEST_REASON, fault_of, message_in, one_line, parsed, wait_in
from snellen.remote.wire import Fault, Reply


def test_success_is_no_fault() -> None:
    assert fault_of(Reply(200, {}, b"")) is None


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 524, 529, 599])
def test_what_may_pass_is_asked_again(status: int) -> None:
    fault = fault_of(Reply(status, {"retry-after": "3"}, b"{}"))
    assert fault is not None
    assert (fault.again, fault.wait, fault.crowded) == (True, 3.0, status in (429, 503, 529))


@pytest.mark.parametrize("status", [301, 307, 400, 401, 402, 403, 404, 405, 413, 415, 422, 501, 505])
def test_what_will_not_pass_is_not(status: int) -> None:
    fault = fault_of(Reply(status, {"retry-after": "3"}, b"{}"))
    assert fault is not None
    assert (fault.again, fault.wait) == (False, None)


def test_a_quota_of_a_minute_passes_and_money_that_is_spent_does_not() -> None:
    minute = Reply(
        429, {}, b'{"error": {"message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}'
    )
    told = fault_of(minute)
    assert told is not None
    assert (told.again, told.crowded) == (True, True)
    for status, body in ((429, b'{"code": "insufficient_quota"}'), (400, b"Your credit balance is too low to access")):
        told = fault_of(Reply(status, {}, body))
        assert told is not None
        assert not told.again


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "864000"}, 864000.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ],
)
def test_the_wait_a_server_asks_for_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_in(headers, now=40.0) == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "bad\\nimage", "code": 3}}', "bad image"),
        (b'{"error": "no model"}', "no model"),
        (b'{"message": "no"}', "no"),
        (b'[{"error": {"message": "in a list"}}]', "in a list"),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        (b'{"x": 1}', "{'x': 1}"),
        (b"<html><head><title>502 Bad\nGateway</title></head></html>", "502 Bad Gateway"),
        (b"<p>oops</p>", "oops"),
        (b"\xff\x00 what", "\ufffd what"),
        (b"", ""),
    ],
)
def test_the_message_is_found_in_any_body(body: bytes, said: str) -> None:
    assert message_in(body) == said


@given(st.binary(max_size=2000))
def test_any_body_has_a_short_message_on_one_line(body: bytes) -> None:
    for said in (message_in(body), one_line(body.decode("utf-8", "replace"))):
        assert len(said) <= LONGEST_REASON
        assert said.isprintable()
    got = parsed(Reply(200, {}, body))
    assert isinstance(got, Fault | dict)
