"""What a question takes before it is put: the most is never less than the estimate, nor than what a server counts."""

from __future__ import annotations

import io
import json

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.images import Image
from snellen.remote.chat import ChatCompletions, Dialect
from snellen.remote.prices import Price, Tally
from snellen.remote.tariff import Demand, Tariff, tally_of
from snellen.remote.wire import Reply
from snellen.types import PHOTO, Choose, Embed, Generate, Recognise, Scores, Text, Usage

GPT = Tariff("openai", "gpt-4o", "auto", Price(2.5, 10))


@given(st.text(max_size=200), st.text(max_size=30), st.integers(1, 50), st.integers(1, 4000), st.integers(1, 4000))
def test_the_most_is_at_least_the_estimate(prompt: str, said: str, most: int, width: int, height: int) -> None:
    question = Generate((PHOTO, prompt), most)
    likely, bound = GPT.likely(question, Text(said)), GPT.most(question)
    for size in ((width, height), None):
        estimated, limit = GPT.tally(likely, size), GPT.tally(bound, size, most=True)
        assert estimated.tokens_in <= limit.tokens_in and estimated.tokens_out <= limit.tokens_out <= most
    assert GPT.usd_most(bound, (width, height)) > 0


def test_the_photo_is_counted_by_its_size_and_examples_by_theirs() -> None:
    stream = io.BytesIO()
    PIL.Image.new("RGB", (600, 100)).save(stream, "PNG")
    shot = Image(data=stream.getvalue())
    demand = GPT.most(Generate((shot, "cat", PHOTO, "what?"), 5))
    assert demand == Demand(1, 1, (85 + 2 * 170) + 3 + 5 + 64, 5)
    assert GPT.tally(demand, (1024, 1024)).tokens_in == demand.tokens_in + 765


def test_choices_and_vectors_are_counted() -> None:
    assert GPT.most(Choose((PHOTO, ""), ("cat", "horse"))).tokens_out > 5
    assert GPT.most(Generate((PHOTO, ""), 1, ("a long choice",))).tokens_out > 13
    assert GPT.most(Recognise()) == GPT.most(Embed()) == Demand(1, 1, 64, 0)


def test_an_answer_without_a_count_is_unmeasured() -> None:
    assert tally_of(Text("cat")) == Tally(1, unmeasured=1)
    assert tally_of(Scores(("a",), (1.0,), Usage(7, 2, tokens_cached=3))) == Tally(1, 7, 2, 3)


@pytest.mark.parametrize(("details", "cached"), [({"cached_tokens": 1024}, 1024), ({}, None), (None, None)])
def test_tokens_that_a_server_had_in_its_cache_are_told(details: object, cached: int | None) -> None:
    usage = {"prompt_tokens": 1500, "completion_tokens": 2, "prompt_tokens_details": details}
    body = {"choices": [{"message": {"content": "cat"}, "finish_reason": "stop"}], "usage": usage}
    question = Generate((PHOTO, "what?"), 5)
    reply = Reply(200, {"content-type": "application/json"}, json.dumps(body).encode())
    answer = ChatCompletions("http://localhost", "m", Dialect()).read(question, reply)
    assert isinstance(answer, Text)
    assert answer.usage == Usage(1500, 2, tokens_cached=cached)
