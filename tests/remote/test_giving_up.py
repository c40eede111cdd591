"""When a hosted model asks nothing more of its server, and when it goes on."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from aiohttp import web

from answering import answers
from loopback import Asked, serving
from remote_models import WHAT, answer, drawn, hosted
from snellen.types import Failure, Generate, Text


def status(code: int, body: Any = None, **headers: str) -> web.Response:
    """An error as servers tell it."""
    text = json.dumps(body or {"error": {"message": f"said {code}"}})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=code, text=text, content_type="application/json", headers=named)


async def drop(request: web.Request) -> web.Response:
    """Closes the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return status(200)


@pytest.mark.parametrize("code", [400, 429])
def test_where_the_money_is_spent_nothing_more_is_asked(code: int) -> None:
    said = {"error": {"message": "Your credit balance is too low to access the API.", "code": "insufficient_quota"}}
    with serving(lambda asked: status(code, said)) as server, hosted(server.url, concurrency=2) as model:
        got = answers(model, [(drawn(seed), WHAT) for seed in range(60)])
        assert len(server.asked) < 12
        assert all(isinstance(each, Failure) and "credit balance" in each.reason for each in got)


def test_images_at_which_the_server_fails_leave_the_others_their_answers() -> None:
    bad = {drawn(seed).data for seed in range(8)}

    def script(asked: Asked) -> Any:
        ((_, data),) = asked.pictures
        if data not in bad:
            return "star"
        return status(500) if len(server.asked) % 2 else drop

    with serving(script) as server, hosted(server.url, concurrency=1, retries=1) as model:
        got = answers(model, [(drawn(seed), WHAT) for seed in range(12)])
        assert [isinstance(each, Text) for each in got] == [False] * 8 + [True] * 4


@pytest.mark.parametrize("wait", ["864000", "1e308", "inf"])
def test_a_server_that_asks_to_wait_for_days_is_given_up_and_not_waited_for(wait: str) -> None:
    with serving(lambda asked: status(429, retry_after=wait)) as server, hosted(server.url, retries=1) as model:
        got = answers(model, [(None, Generate((f"{number}",), 8)) for number in range(40)])
        assert all(isinstance(each, Failure) for each in got)
        assert len(server.asked) < 40
        assert any("none of 3 questions" in line for line in model.notices())


def test_what_waits_for_its_turn_is_not_sent_when_the_server_is_given_up() -> None:
    with (
        serving(lambda asked: status(401)) as server,
        hosted(server.url, requests_per_minute=480.0) as model,  # eight at once, then one in an eighth of a second
    ):
        answers(model, [(None, Generate((f"{number}",), 8)) for number in range(100)])
        assert len(server.asked) <= 24, "eight denials, and what was on its way by then"


def test_after_some_denials_in_a_row_nothing_more_is_asked() -> None:
    with serving(lambda asked: status(401)) as server, hosted(server.url, concurrency=2) as model:
        got = answers(model, [(drawn(seed), WHAT) for seed in range(60)])
        assert len(server.asked) < 12
        assert all(isinstance(each, Failure) and "the key is not accepted" in each.reason for each in got)


def test_a_server_that_is_not_there_is_waited_for_and_then_given_up() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with hosted(f"http://127.0.0.1:{port}/v1") as model:
        got = answers(model, [(drawn(seed), WHAT) for seed in range(40)])
        assert all(isinstance(each, Failure) for each in got)
        late = answer(model)
        assert isinstance(late, Failure)
        assert late.reason.startswith(f"127.0.0.1:{port} was gone for")
        (last,) = model.notices()
        assert "the same command again asks it" in last
        assert model.notices() == []


def test_a_server_that_comes_back_in_time_is_asked_on() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with hosted(f"http://127.0.0.1:{port}/v1", retries=500) as model:
        for seed in range(10):
            model.add(seed, drawn(seed), WHAT)
        assert model.step(0.7) == []
        with serving(lambda asked: "star", port=port):
            got: list[Any] = []
            while len(got) < 10:
                got += model.step(1.0)
        assert all(isinstance(each, Text) for _, each in got)
        first, last = model.notices()
        assert first.startswith(f"127.0.0.1:{port} gives no answer (no connection: Connect")
        assert "answers again after" in last
