"""Chat completions as their documentation shows them: requests from questions, answers from replies."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from loopback import completion
from remote_models import drawn
from snellen.engines.openai_compatible import PRESETS
from snellen.remote.chat import ChatCompletions, Dialect
from snellen.remote.pictures import prepare
from snellen.remote.wire import Fault, Reply
from snellen.types import PHOTO, Choose, Finish, Generate, Question, Scores, Text, Usage

PHOTOS = [prepare(drawn(seed), Dialect().takes)[0] for seed in range(2)]
ASKED = Generate(("Look:", drawn(0), "a star.", PHOTO, "What is it?"), 9)
LONG = Choose((PHOTO, "What is it?"), ("a star (of five)", "ring"))
SHORT = Choose((PHOTO, "Is it?"), ("Yes", "No"))


def chat(server: str = "any", **settings: Any) -> ChatCompletions:
    return ChatCompletions("http://h/v1", "org/m", PRESETS[server].dialect, **settings)


def body(question: Question, server: str = "any", **settings: Any) -> dict[str, Any]:
    photos = PHOTOS if question is ASKED else PHOTOS[:1]
    return dict(chat(server, **settings).call(question, photos).body)


def read(question: Question, found: Any, server: str = "any", status: int = 200) -> Any:
    return chat(server).read(question, Reply(status, {}, json.dumps(found).encode()))


def test_a_question_is_one_message_with_its_parts_in_order() -> None:
    assert chat().call(ASKED, PHOTOS).path == "/chat/completions"
    asked = body(ASKED, detail="low", seed=7)
    content = asked.pop("messages")[0]["content"]
    assert asked == {"model": "org/m", "temperature": 0.0, "seed": 7, "max_tokens": 9}
    assert content == [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": PHOTOS[0].uri, "detail": "low"}},
        {"type": "text", "text": "a star."},
        {"type": "image_url", "image_url": {"url": PHOTOS[1].uri, "detail": "low"}},
        {"type": "text", "text": "What is it?"},
    ]


def test_what_is_none_is_not_sent() -> None:
    assert set(body(ASKED, temperature=None)) == {"model", "messages", "max_tokens"}


def test_a_choice_is_forced_in_the_words_of_each_server() -> None:
    assert body(LONG, "vllm")["structured_outputs"] == {"choice": list(LONG.choices)}
    assert body(LONG, "sglang")["regex"] == r"(a star \(of five\)|ring)"
    schema = body(LONG, "ollama")["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == list(LONG.choices)
    for server in ("any", "transformers", "dashscope"):
        last = body(LONG, server)["messages"][0]["content"][-1]
        assert "a star (of five), ring" in last["text"]
    assert "structured_outputs" in body(Generate(LONG.prompt, 3, LONG.choices), "vllm")
    assert body(Generate(LONG.prompt, 3, LONG.choices), "vllm")["max_tokens"] > 16


def test_short_choices_are_scored_by_log_probabilities_where_the_server_tells_them() -> None:
    assert body(SHORT, "vllm")["top_logprobs"] == 20
    assert "logprobs" not in body(LONG, "vllm")
    assert "logprobs" not in body(SHORT, "any")
    assert "logprobs" not in body(SHORT, "vllm", scores="choice")
    assert body(LONG, scores="logprobs")["logprobs"] is True


@pytest.mark.parametrize(
    ("said", "chosen"),
    [("Yes", 0), ("yes.", 0), (' "NO" ', 1), ('{"answer": "No"}', 1), ('"Yes"', 0), ("**Yes**", 0)],
)
def test_an_asked_choice_has_all_probability_and_the_others_none(said: str, chosen: int) -> None:
    got = read(SHORT, completion(said))
    assert isinstance(got, Scores)
    assert got.best == SHORT.choices[chosen]
    assert sorted(got.values) == [-math.inf, 0.0]
    assert got.by == "asked"
    assert got.usage == Usage(100, 3)


def logprobs(*tops: tuple[str, float]) -> dict[str, Any]:
    found = completion("Yes")
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in tops]
    if top:
        found["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return found


def test_the_spellings_of_a_choice_count_together() -> None:
    got = read(SHORT, logprobs(("Yes", math.log(0.5)), (" Yes", math.log(0.25)), ("yes", -2.0)), "vllm")
    assert got.values == pytest.approx((math.log(0.75), -math.inf))
    assert got.by == "logprobs"
    assert read(LONG, completion(LONG.choices[0]), "vllm").by == "choice"


@pytest.mark.parametrize("found", [completion("Yes"), {**logprobs(), "usage": None}])
def test_where_no_log_probability_is_told_there_is_no_score(found: Any) -> None:
    got = read(SHORT, found, "vllm")
    assert isinstance(got, Fault)
    assert "scores=ask" in got.reason, "what to do next"


def test_texts_are_as_the_model_wrote_them() -> None:
    assert read(ASKED, completion(" A star.\n")) == Text(" A star.\n", usage=Usage(100, 3))
    assert read(ASKED, completion('{"answer": "star"}')) == Text('{"answer": "star"}', usage=Usage(100, 3))
    parts: Any = [{"type": "text", "text": "A "}, {"type": "text", "text": "star"}]
    assert read(ASKED, completion(parts)).text == "A star"
    assert read(ASKED, completion("a", "length")).finish is Finish.LENGTH
    no_usage = {"choices": [{"message": {"content": "a"}}]}
    assert read(ASKED, no_usage) == Text("a")


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"choices": {}},
        {"choices": [1]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": 3}}]},
    ],
)
def test_a_reply_of_another_form_is_a_fault_that_another_try_may_mend(found: Any) -> None:
    got = read(ASKED, found)
    assert isinstance(got, Fault)
    assert got.again


@pytest.mark.parametrize("reason", ["abort", "error", "ABORT", "tool_calls", "of_a_new_kind"])
def test_a_generation_that_broke_off_is_no_answer(reason: str) -> None:
    for question, found in ((ASKED, completion("A st", reason)), (SHORT, completion("Yes", reason))):
        got = read(question, found)
        assert isinstance(got, Fault)
        assert (got.again, reason in got.reason) == (True, True)


def test_an_error_that_stands_in_the_choice_is_no_answer() -> None:
    found = completion("A st", "stop")
    found["choices"][0]["error"] = {"code": 502, "message": "the worker has died"}
    got = read(ASKED, found)
    assert isinstance(got, Fault)
    assert (got.again, got.reason) == (True, "broke off: the worker has died")


@pytest.mark.parametrize(("reason", "finish"), [("eos", "STOP"), ("STOP", "STOP"), ("model_length", "LENGTH")])
def test_other_words_for_an_end_are_known(reason: str, finish: str) -> None:
    assert read(ASKED, completion("A star", reason)).finish is Finish[finish]
