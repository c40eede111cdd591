"""Questions, pictures and replies for the contracts of providers: what goes over the wire, without a wire."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import PIL.Image
import pytest

from snellen.remote.wire import Fault, Picture, Provider, Reply
from snellen.types import PHOTO, Answer, Choose, Finish, Generate, Question, Scores, Text

QUESTION = "What type of object is in this photo?"
FREE = Generate((PHOTO, QUESTION), max_tokens=20)
HELD = Generate((PHOTO, QUESTION), max_tokens=20, choices=("cat", "dog"))
YES_NO = Choose((PHOTO, "Is the cat in this photo?"), ("yes", "Yes", "no", "No"))
NAMES = Choose((PHOTO, QUESTION), ("cat", "Cat", "horseshoe-crab", "Horseshoe-crab"))


def picture(kind: str = "JPEG", size: tuple[int, int] = (6, 4)) -> Picture:
    """A small picture as it is sent."""
    stream = io.BytesIO()
    PIL.Image.new("RGB", size, "red").save(stream, kind)
    return Picture(stream.getvalue(), f"image/{kind.lower()}", *size)


PICTURE = picture()
BASE64 = base64.b64encode(PICTURE.data).decode()


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """A reply with that object, or those bytes, as its body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


def fault(result: Answer | Fault) -> Fault:
    assert isinstance(result, Fault), result
    return result


def text(result: Answer | Fault) -> Text:
    assert isinstance(result, Text), result
    return result


def scores(result: Answer | Fault) -> dict[str, float]:
    """The probability of each choice."""
    assert isinstance(result, Scores), result
    return {choice: math.exp(value) for choice, value in zip(result.choices, result.values, strict=True)}


def is_refused(provider: Provider, answer: Reply) -> bool:
    """Whether a reply is a refusal to a question for a text, and to one for scores."""
    said = [text(provider.read(question, answer)) for question in (FREE, YES_NO)]
    return all(each.finish is Finish.REFUSED for each in said)


def check_limit(provider: Provider, limit: Callable[[Mapping[str, Any]], int]) -> None:
    """The most tokens that an answer is said to take are those in the request that is sent."""
    for question in (FREE, HELD, YES_NO, NAMES):
        assert provider.most_tokens(question) == limit(provider.call(question, [PICTURE]).body)


def check_statuses(provider: Provider, question: Question, error: Any) -> None:
    """What every provider makes of statuses; `error(status, message)` is the body it documents."""
    for status in (400, 401, 402, 403, 404, 413, 422):
        told = fault(provider.read(question, reply(error(status, "it says why"), status)))
        assert (told.again, told.wait, told.crowded) == (False, None, False)
        assert "it says why" in told.reason
        assert str(status) in told.reason
    for status in (408, 409, 500, 502, 504):
        told = fault(provider.read(question, reply(error(status, "it says why"), status)))
        assert (told.again, told.crowded) == (True, False)
    for status in (429, 503, 529):
        told = fault(provider.read(question, reply(error(status, "slow down"), status, retry_after="7")))
        assert (told.again, told.wait, told.crowded) == (True, pytest.approx(7), True)


def check_malformed(provider: Provider, question: Question, good: Any) -> None:
    """A body that is cut, no JSON, of another kind or without an answer is asked for again, and never an answer."""
    whole = json.dumps(good).encode()
    for body in (
        whole[: len(whole) // 2],
        b"",
        b"<html>Bad gateway</html>",
        b"\xff\xfe",
        b"[]",
        b'"ok"',
        b"null",
        b"{}",
    ):
        assert fault(provider.read(question, reply(body))).again, body
    page = fault(provider.read(question, reply(b"<html><title>Bad gateway</title></html>", 502)))
    assert page.again
    assert "Bad gateway" in page.reason
