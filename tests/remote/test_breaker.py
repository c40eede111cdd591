"""When a server is given up, and what the user is told of it."""

from __future__ import annotations

from snellen.remote.breaker import ALIKE, CROWDED_OUT, DENIALS, GIVEN_UP, Breaker


class Clock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_is_gone_is_told_once_and_given_up_with_the_first_question() -> None:
    clock = Clock()
    breaker = Breaker("h:1", clock)
    breaker.unreachable("no connection: refused")
    assert breaker.lines == []
    clock.now = 1.0
    for _ in range(5):
        breaker.unreachable("no connection: refused")
    assert breaker.lines == ["h:1 gives no answer (no connection: refused); waiting for it"]
    clock.now = 61.0
    breaker.gave_up(0, "no connection: refused")
    assert breaker.open == "h:1 was gone for 61 s: no connection: refused"
    assert len(breaker.lines) == 2
    breaker.gave_up(0, "no connection: refused")
    assert len(breaker.lines) == 2


def test_a_server_that_comes_back_is_told_and_asked_on() -> None:
    clock = Clock()
    breaker = Breaker("h:1", clock)
    for clock.now in (0.0, 2.0):
        breaker.unreachable("no connection")
    clock.now = 7.0
    breaker.replied(200, None)
    assert breaker.lines[1] == "h:1 answers again after 7 s"
    breaker.gave_up(0, "HTTP 500")
    assert breaker.open is None, "others were answered since it was asked first"


def test_a_connection_that_breaks_now_and_then_is_not_worth_a_line() -> None:
    clock = Clock()
    breaker = Breaker("h:1", clock)
    for clock.now in range(10):
        breaker.unreachable("the connection was closed")
        breaker.replied(200, None)
    assert breaker.lines == []


def test_denials_in_a_row_end_it_and_an_answer_between_them_does_not() -> None:
    breaker = Breaker("h:1", Clock())
    for _ in range(DENIALS - 1):
        breaker.replied(401, "HTTP 401")
    breaker.replied(200, None)
    for _ in range(DENIALS - 1):
        breaker.replied(404, "HTTP 404")
    assert breaker.open is None
    breaker.replied(404, "HTTP 404")
    assert breaker.open == f"h:1: HTTP 404; {DENIALS} requests in a row were denied"


def test_images_that_a_server_cannot_take_are_no_denial() -> None:
    breaker = Breaker("h:1", Clock())
    breaker.replied(200, None)
    for _ in range(10 * ALIKE):
        breaker.replied(400, "HTTP 400: bad image")
    assert breaker.open is None
    breaker = Breaker("h:1", Clock())
    for number in range(10 * ALIKE):
        breaker.replied(400, ("HTTP 400: bad image", "HTTP 400: too large")[number % 2])
    assert breaker.open is None


def test_requests_that_are_all_wrong_in_the_same_way_end_it() -> None:
    breaker = Breaker("h:1", Clock())
    for number in range(ALIKE):
        assert breaker.open is None
        breaker.replied(400, f"HTTP 400: 'temperature' does not fit this model (request req_{number}a)")
    assert breaker.open is not None
    assert breaker.open.endswith(f"so were the first {ALIKE} requests")


def test_a_server_that_is_crowded_for_some_questions_is_given_up() -> None:
    breaker = Breaker("h:1", Clock())
    for _ in range(CROWDED_OUT):
        assert breaker.open is None
        breaker.gave_up(0, "HTTP 429", crowded=True)
    assert breaker.open == f"h:1 answered none of {CROWDED_OUT} questions: HTTP 429"


def test_images_at_which_a_server_breaks_do_not_end_it() -> None:
    breaker = Breaker("h:1", Clock())
    for _ in range(GIVEN_UP - 1):
        breaker.unreachable("the connection was closed", connects=True)
        breaker.gave_up(0, "the connection was closed")
    assert breaker.open is None


def test_a_server_that_answers_none_of_some_questions_is_given_up() -> None:
    breaker = Breaker("h:1", Clock())
    for _ in range(GIVEN_UP - 1):
        breaker.gave_up(0, "HTTP 500")
    breaker.replied(200, None)
    for _ in range(GIVEN_UP - 1):
        breaker.gave_up(1, "HTTP 500")
    assert breaker.open is None
    breaker.gave_up(1, "HTTP 500")
    assert breaker.open == f"h:1 answered none of {GIVEN_UP} questions: HTTP 500"
