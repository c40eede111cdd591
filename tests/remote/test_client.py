"""A hosted model against a server that does what servers and networks do."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web

from answering import answers
from loopback import Asked, completion, serving
from remote_models import WHAT, answer, drawn, hosted
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.remote.client import MOST_BYTES, MOST_IN_HAND
from snellen.types import Choose, Failure, Finish, Generate, Scores, Text

Step = Any


def status(code: int, body: Any = None, **headers: str) -> web.Response:
    text = body if isinstance(body, str) else json.dumps(body or {"error": {"message": f"said {code}"}})
    kind = "text/html" if text.startswith("<") else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=code, text=text, content_type=kind, headers=named)


async def hang(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return status(200, completion("star"))


async def cut(request: web.Request) -> web.StreamResponse:
    """Announces more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "500", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(json.dumps(completion("star"))[:40].encode())
    assert request.transport is not None
    request.transport.close()
    return response


async def cut_chunks(request: web.Request) -> web.StreamResponse:
    """Ends in the middle of a chunked body."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(json.dumps(completion("star"))[:40].encode())
    assert request.transport is not None
    request.transport.close()
    return response


async def drop(request: web.Request) -> web.Response:
    """Closes the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return status(200)


async def stall_in_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b'{"choices": [')
    await asyncio.sleep(30)
    return response


def raw(body: bytes, kind: str = "application/json") -> Callable[[], web.Response]:
    return lambda: web.Response(body=body, content_type=kind)


PATIENT = 30.0  # seconds, where a server answers
BRIEF = 0.4  # where it does not; a pause of half as long fails nothing
ENDLESS = ("hang", "stall in the body")
PAGE = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
NO_CHOICES = {**completion("star"), "choices": []}
# what comes first, before the right answer, and what part of a notice or reason tells it
MENDED: dict[str, Step] = {
    "429": lambda: status(429),
    "429 with seconds": lambda: status(429, retry_after="0.1"),
    "429 with a date": lambda: status(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "429 with nonsense": lambda: status(429, retry_after="soon"),
    "503": lambda: status(503, "overloaded"),
    "529": lambda: status(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "500": lambda: status(500, "<html>oops</html>"),
    "408": lambda: status(408),
    "409": lambda: status(409),
    "502 page": lambda: status(502, PAGE),
    "hang": lambda: hang,
    "stall in the body": lambda: stall_in_body,
    "cut": lambda: cut,
    "cut chunks": lambda: cut_chunks,
    "drop": lambda: drop,
    "HTML in place of JSON": lambda: web.Response(text=PAGE, content_type="text/html"),
    "half a JSON": raw(b'{"choices": [{"message"'),
    "an empty body": raw(b""),
    "a list": raw(b"[1]"),
    "invalid UTF-8": raw(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "deep": raw(b"[" * 100_000),
    "no choices": lambda: NO_CHOICES,
    "null choices": lambda: {**completion("star"), "choices": None},
    "null content": lambda: completion(None),
    "content of another kind": lambda: completion({"a": 1}),  # type: ignore[arg-type]
    "no message": lambda: {"choices": [{"finish_reason": "stop"}]},
    "an error under 200": lambda: {"error": {"message": "engine died", "code": 500}},
}


@pytest.mark.parametrize("fault", MENDED)
def test_what_another_try_may_mend_is_tried_again_and_only_the_right_answer_counts(fault: str) -> None:
    waiting: list[Step] = [MENDED[fault], MENDED[fault]]
    timeout, lost = (PATIENT, 0.0) if fault not in ENDLESS else (BRIEF, 2 * BRIEF)
    if fault == "429 with seconds":
        lost = 0.2
    with (
        serving(lambda asked: waiting.pop()() if waiting else "star") as server,
        hosted(server.url, timeout=timeout) as m,
    ):
        start = time.perf_counter()
        got = answer(m)
        whole = time.perf_counter() - start
        assert isinstance(got, Text)
        assert (got.text, got.finish, got.usage.attempts) == ("star", Finish.STOP, 3)
        assert got.usage.seconds is not None
        assert got.usage.seconds < whole - lost, "the latency is that of the successful attempt"
        assert m.facts()["retries"] == 2


@pytest.mark.parametrize("fault", ["500", "cut", "hang", "HTML in place of JSON", "null content", "no choices", "503"])
def test_a_fault_that_stays_is_a_failure_that_says_so(fault: str) -> None:
    timeout = 0.05 if fault in ENDLESS else PATIENT
    with serving(lambda asked: MENDED[fault]()) as server, hosted(server.url, timeout=timeout, retries=1) as model:
        got = answer(model)
        assert isinstance(got, Failure)
        said = {"500": "HTTP 500: oops", "cut": "the answer was cut", "hang": "no answer within 0.05 s"}
        said |= {"503": "HTTP 503: overloaded", "null content": "answered with no content"}
        said |= {"no choices": "answered with no choices"}
        assert said.get(fault, "answered with a page in place of JSON: Bad Gateway") in got.reason
        assert "asked" in got.reason


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (400, {"error": {"message": "bad image"}}, "HTTP 400: bad image"),
        (401, {"error": {"message": "Incorrect API key"}}, "HTTP 401, the key is not accepted: Incorrect API key"),
        (403, {"message": "no access"}, "HTTP 403, this key may not ask it: no access"),
        (404, {"error": "model 'm' not found"}, "HTTP 404, there is no such model or address: model 'm' not found"),
        (413, PAGE, "HTTP 413, the request is too large: Bad Gateway"),
        (422, {"detail": [{"loc": ["body"], "msg": "no images"}]}, "HTTP 422"),
        (429, {"error": {"message": "Pay!", "code": "insufficient_quota"}}, "HTTP 429: Pay!"),
        (307, "", "HTTP 307, the address has moved; correct base_url"),
        (501, "no", "HTTP 501: no"),
    ],
)
def test_what_no_other_try_mends_fails_at_once_with_the_message_of_the_provider(
    code: int, body: Any, told: str
) -> None:
    with serving(lambda asked: status(code, body)) as server, hosted(server.url) as model:
        got = answer(model)
        assert isinstance(got, Failure)
        assert got.reason.startswith(told)
        assert len(server.asked) == 1


def test_an_answer_longer_than_any_answer_fails_and_is_not_read_to_its_end() -> None:
    with serving(lambda asked: "star " * 200_000) as server, hosted(server.url) as model:
        got = answer(model)
    assert got == Failure(f"answered with more than {MOST_BYTES:,} bytes")


def test_json_of_another_content_type_is_an_answer() -> None:
    body = json.dumps(completion("star"))
    with (
        serving(lambda asked: web.Response(text=body, content_type="text/plain")) as server,
        hosted(server.url) as model,
    ):
        assert getattr(answer(model), "text", None) == "star"


@pytest.mark.parametrize(
    "reply",
    [
        lambda: completion("", "content_filter"),
        lambda: completion(None, "content_filter"),
        lambda: completion(None, refusal="I cannot look at that."),
        lambda: status(400, {"error": {"code": "content_filter", "message": "filtered"}}),
        lambda: status(400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate"}),
        lambda: status(403, {"error": {"message": "ResponsibleAIPolicyViolation"}}),
    ],
)
def test_a_refusal_of_a_content_filter_is_refused_whatever_its_status(reply: Callable[[], Any]) -> None:
    with serving(lambda asked: reply()) as server, hosted(server.url) as model:
        got = answer(model)
        assert isinstance(got, Text)
        assert got.finish is Finish.REFUSED
        refused = answer(model, Choose(WHAT.prompt, ("star", "ring")))
        assert isinstance(refused, Text)  # no scores are made up
        assert refused.finish is Finish.REFUSED


def test_an_answer_cut_by_the_token_limit_is_told() -> None:
    replies = [completion("a sta", "length"), completion(None, "length")]
    with serving(lambda asked: replies.pop()) as server, hosted(server.url) as model:
        got = [answer(model), answer(model)]
    assert [(each.text, each.finish) for each in got if isinstance(each, Text)] == [
        ("", Finish.LENGTH),
        ("a sta", Finish.LENGTH),
    ]


def test_a_name_that_nobody_knows_is_told() -> None:
    with hosted("http://no-such-host.invalid/v1", retries=1) as model:
        got = answer(model)
    assert isinstance(got, Failure)
    assert "its name is not known" in got.reason


def test_a_certificate_that_nobody_vouches_for_is_told_and_not_tried_again() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with serving(lambda asked: "star", ssl=context) as server, hosted(server.url) as model:
        got = answer(model)
        assert isinstance(got, Failure)
        assert got.reason.startswith("no secure connection")
        assert "self-signed certificate" in got.reason
        assert model.facts()["requests"] == 1
        assert server.asked == []


def test_requests_and_tokens_in_a_minute_are_kept() -> None:
    for limit in ({"requests_per_minute": 600.0}, {"tokens_per_minute": 61_800.0}):
        with serving(lambda asked: "star") as server, hosted(server.url, **limit) as model:
            answers(model, [(None, Generate((f"{n}",), 8)) for n in range(3)])  # 103 tokens each are known by now
            start = time.perf_counter()
            answers(model, [(None, Generate((f"{n}",), 8)) for n in range(14)])
            assert 0.2 < time.perf_counter() - start < 5


def test_one_image_in_ten_meets_a_random_fault_and_each_ends_with_its_right_answer() -> None:
    rng = Random(5)
    quick = [name for name in MENDED if name not in ("hang", "stall in the body", "429 with seconds", "deep")]
    tried = 0

    def script(asked: Asked) -> Any:
        nonlocal tried
        if rng.random() < 0.1:
            tried += 1
            return MENDED[rng.choice(quick)]()
        ((_, data),) = asked.pictures
        return truth[data]

    images = [drawn(number) for number in range(2000)]
    truth = {image.data: f"n{number}" for number, image in enumerate(images)}
    with serving(script) as server, hosted(server.url, retries=9, timeout=PATIENT) as model:
        got = answers(model, [(image, WHAT) for image in images])
        assert [getattr(each, "text", each) for each in got] == list(truth.values())
        assert tried > 150
        assert len(server.asked) == 2000 + tried
        assert model.facts()["retries"] >= tried - 20


def test_a_server_that_refuses_above_twenty_in_flight_is_used_to_more_than_nine_tenths() -> None:
    running, used, since = 0, 0.0, time.perf_counter()

    def count(change: int) -> None:
        nonlocal running, used, since
        now = time.perf_counter()
        used, since, running = used + running * (now - since), now, running + change

    async def script(asked: Asked) -> Any:
        if running >= 20:
            return status(429)
        count(1)
        await asyncio.sleep(0.5)  # long beside what a busy machine takes to send the next
        count(-1)
        return "star"

    with serving(script) as server, hosted(server.url) as model:
        for number in range(200):
            model.add(number, None, Generate((f"{number}",), 8))
        marks: list[tuple[float, float]] = []
        got: list[Any] = []
        for goal in (80, 180, 200):  # settled by then; to the last, when fewer than twenty are left
            while len(got) < goal:
                got += model.step(1.0)
            marks.append((time.perf_counter(), used))
    assert all(isinstance(each, Text) for _, each in got)
    assert (marks[1][1] - marks[0][1]) / (marks[1][0] - marks[0][0]) > 0.9 * 20
    assert len(server.asked) < 1.2 * 220


def test_a_choice_has_scores_by_log_probabilities_where_the_server_tells_them() -> None:
    top = [{"token": "Yes", "logprob": -0.1}, {"token": " No", "logprob": -2.5}, {"token": "No", "logprob": -3.5}]
    reply = completion("Yes")
    reply["choices"][0]["logprobs"] = {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": top}]}
    with serving(lambda asked: reply) as server, hosted(server.url, server="vllm") as model:
        got = answer(model, Choose((*WHAT.prompt,), ("Yes", "No")))
        assert server.asked[0].body["top_logprobs"] == 20
        assert isinstance(got, Scores)
        assert got.values == pytest.approx((-0.1, -2.1867), abs=1e-3)
        assert got.by == "logprobs"


def test_a_key_is_in_no_reason_and_no_answer() -> None:
    key = "sk-secret-0123456789"
    replies: list[Any] = [status(400, {"error": f"bad key {key}"}), completion(f"my key is {key}"), drop]

    def script(asked: Asked) -> Any:
        assert asked.headers["authorization"] == f"Bearer {key}"
        return replies.pop() if replies else f"<{key}>"

    with serving(script) as server, hosted(server.url, key) as model:
        got = [answer(model), answer(model), answer(model)]
        assert key not in repr(got) + repr(model.facts()) + repr(vars(model)) + repr(model.notices())
        assert "***" in repr(got)


def test_a_key_is_not_sent_for_all_to_read() -> None:
    with pytest.raises(WrongUse, match="use https"), hosted("http://models.example/v1", "sk-secret-0123456789"):
        pass
    with hosted("http://models.example/v1", "sk-secret-0123456789", plain_http=True) as model:
        assert model.facts()["sends_to"] == "models.example"


def test_there_is_no_room_for_more_images_than_memory_holds() -> None:
    images = [Image(data=drawn(number).data + bytes(MOST_IN_HAND // 4)) for number in range(4)]
    with serving(lambda asked: "star") as server, hosted(server.url) as model:
        for ticket, image in enumerate(images):
            assert model.room() > 0
            model.add(ticket, image, Generate((f"{ticket}",), 8))
        assert model.room() == 0
        got: list[Any] = []
        while len(got) < 4:
            got += model.step(1.0)
        model.release(images[0])
        assert model.room() == 128


@pytest.mark.parametrize("extra", [0, 2_000_000])
def test_a_body_arrives_whole_whatever_its_size_and_again_after_a_fault(extra: int) -> None:
    waiting: list[Step] = [status(500), drop]
    image = Image(data=drawn(1).data + bytes(extra))
    with serving(lambda asked: waiting.pop() if waiting else "star") as server, hosted(server.url) as model:
        assert isinstance(answer(model, WHAT, image), Text)
        assert [asked.pictures for asked in server.asked] == 3 * [[("image/png", image.data)]]
        assert all(int(asked.headers["content-length"]) > extra for asked in server.asked)
        assert all("transfer-encoding" not in asked.headers for asked in server.asked)
