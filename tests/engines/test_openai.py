"""OpenAI's chat completions as documented: requests, replies, refusals, errors."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hosted import (
    BASE64,
    FREE,
    HELD,
    NAMES,
    PICTURE,
    QUESTION,
    YES_NO,
    check_limit,
    check_malformed,
    check_statuses,
    fault,
    is_refused,
    reply,
    scores,
    text,
)

from snellen import plugins
from snellen.engines import openai
from snellen.errors import WrongUse
from snellen.remote.chat import ChatCompletions
from snellen.types import PHOTO, Choose, Finish, Generate, Usage


def provider(name: str = "gpt-4o", **options: Any) -> ChatCompletions:
    return openai.provider(name, plugins.configure(openai.Options, options, name))


def completion(content: Any, finish: str = "stop", logprobs: Any = None, **message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion",
        "created": 1741569952,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None, "annotations": [], **message},
                "logprobs": logprobs,
                "finish_reason": finish,
            }
        ],
        "usage": {
            "prompt_tokens": 271,
            "completion_tokens": 2,
            "total_tokens": 273,
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "service_tier": "default",
    }


def error(status: int, message: str, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def told(*tokens: dict[str, float]) -> dict[str, Any]:
    """Log-probabilities of the tokens of an answer: the first of each was taken."""
    listed = []
    for alternatives in tokens:
        each = [{"token": token, "logprob": math.log(share), "bytes": None} for token, share in alternatives.items()]
        listed.append({**each[0], "top_logprobs": each})
    return {"content": listed, "refusal": None}


def test_a_question_is_one_message_with_the_picture_before_the_text() -> None:
    call = provider(seed="3").call(FREE, [PICTURE])
    assert (call.method, call.path) == ("POST", "/chat/completions")
    assert provider().base_url == "https://api.openai.com/v1"
    image = {"url": f"data:image/jpeg;base64,{BASE64}", "detail": "auto"}
    assert call.body == {
        "model": "gpt-4o",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": image}, {"type": "text", "text": QUESTION}],
            }
        ],
        "max_completion_tokens": 20,
        "temperature": 0.0,
        "seed": 3,
    }


def test_the_key_is_in_its_header_alone() -> None:
    assert provider().authorisation("sk-secret") == {"Authorization": "Bearer sk-secret"}
    assert "sk-secret" not in repr(provider().call(FREE, [PICTURE]))


def test_detail_is_told_with_each_picture_and_examples_stand_in_their_order() -> None:
    shown = Generate((PHOTO, "a cat", PHOTO, "and this?"), 5)
    content = provider(detail="low").call(shown, [PICTURE, PICTURE]).body["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image_url", "text", "image_url", "text"]
    assert {part["image_url"]["detail"] for part in content if part["type"] == "image_url"} == {"low"}


@pytest.mark.parametrize("name", ["o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5.1-mini", "ft:gpt-5:me"])
def test_a_model_that_reasons_gets_no_temperature_and_room_for_its_thoughts(name: str) -> None:
    body = provider(name, reasoning_effort="low", reasoning_tokens=1000).call(YES_NO, [PICTURE]).body
    assert not {"temperature", "logprobs", "top_logprobs", "max_tokens"} & body.keys()
    assert body["reasoning_effort"] == "low"
    assert body["max_completion_tokens"] > 1000
    assert body["response_format"]["type"] == "json_schema"
    with pytest.raises(WrongUse, match=r"use scores=choice"):
        openai.identity(name, plugins.configure(openai.Options, {"scores": "logprobs"}, name))


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-nano", "gpt-4-turbo", "chatgpt-4o-latest", "gpt-5-chat-latest"])
def test_a_model_that_does_not_reason_gets_the_temperature(name: str) -> None:
    assert provider(name).call(FREE, [PICTURE]).body["temperature"] == 0
    assert "temperature" not in provider(name, temperature=None).call(FREE, [PICTURE]).body


def test_short_choices_are_scored_by_the_twenty_likeliest_tokens() -> None:
    body = provider().call(YES_NO, [PICTURE]).body
    assert (body["logprobs"], body["top_logprobs"], body["max_completion_tokens"]) == (True, 20, 1)
    assert "response_format" not in body
    assert provider().scores_by(YES_NO) == "logprobs"
    answer = completion("Yes", "length", told({"Yes": 0.6, "yes": 0.1, " No": 0.2, "Maybe": 0.05}))
    assert scores(provider().read(YES_NO, reply(answer))) == pytest.approx(
        {"yes": 0.1, "Yes": 0.6, "no": 0, "No": 0.2}, abs=1e-6
    )


def test_long_choices_are_held_to_by_a_strict_schema() -> None:
    body = provider().call(NAMES, [PICTURE]).body
    assert provider().scores_by(NAMES) == "choice"
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"answer": {"type": "string", "enum": list(NAMES.choices)}},
                "required": ["answer"],
                "additionalProperties": False,
            },
        },
    }
    assert body["max_completion_tokens"] >= len("Horseshoe-crab") + 8
    answer = reply(completion('{"answer":"horseshoe-crab"}'))
    assert scores(provider().read(NAMES, answer)) == {
        "cat": 0,
        "Cat": 0,
        "horseshoe-crab": 1,
        "Horseshoe-crab": 0,
    }


def test_a_text_that_is_held_to_choices_is_the_choice() -> None:
    assert "response_format" in provider().call(HELD, [PICTURE]).body
    assert text(provider().read(HELD, reply(completion('{"answer": "dog"}')))).text == "dog"


def test_more_choices_than_a_schema_may_have_are_asked_for() -> None:
    many = Choose((PHOTO, QUESTION), tuple(f"class {number}" for number in range(1001)))
    body = provider().call(many, [PICTURE]).body
    assert "response_format" not in body
    assert "class 1000" in body["messages"][0]["content"][-1]["text"]
    assert provider().scores_by(many) == "ask"
    long = Choose((PHOTO, QUESTION), tuple(f"{number:060}" for number in range(251)))
    assert provider().scores_by(long) == "ask"
    assert provider().scores_by(Choose(long.prompt, long.choices[1:])) == "choice"


def test_a_choice_that_is_asked_for_is_named_in_the_prompt_and_read_as_it_is_meant() -> None:
    asked = provider(scores="ask")
    content = asked.call(YES_NO, [PICTURE]).body["messages"][0]["content"]
    assert content[-1]["text"] == "Answer with one of these and nothing else: yes, no."
    for said, choice in (("yes", "yes"), ("Yes.", "Yes"), (" **No** ", "No"), ("NO!", "no"), ('"yes"', "yes")):
        assert scores(asked.read(YES_NO, reply(completion(said))))[choice] == 1, said
    for said in ("I cannot tell", "yes or no", "", "noon"):
        assert not any(scores(asked.read(YES_NO, reply(completion(said)))).values()), said


def test_an_answer_has_its_text_and_its_tokens() -> None:
    answer = text(provider().read(FREE, reply(completion("A tabby cat."))))
    assert (answer.text, answer.finish, answer.usage) == ("A tabby cat.", Finish.STOP, Usage(271, 2))
    assert text(provider().read(FREE, reply(completion("")))).text == ""


def test_an_answer_that_was_cut_is_told() -> None:
    assert text(provider().read(FREE, reply(completion("A tabby", "length")))).finish is Finish.LENGTH
    thought = text(provider("o3").read(FREE, reply(completion(None, "length"))))
    assert (thought.text, thought.finish) == ("", Finish.LENGTH)
    cut = fault(provider("o3").read(NAMES, reply(completion('{"answ', "length"))))
    assert not cut.again
    assert "cut" in cut.reason


@pytest.mark.parametrize(
    "answer",
    [
        reply(completion("", "content_filter")),
        reply(completion(None, "content_filter")),
        reply(completion(None, refusal="I'm sorry, I can't help with identifying people.")),
        reply(
            error(400, "Your request was rejected as a result of our safety system.", "content_policy_violation"), 400
        ),
        reply(error(400, "Invalid prompt: your prompt was flagged.", "invalid_prompt"), 400),
        reply(error(400, "The response was filtered due to Azure's content management policy", "content_filter"), 400),
        reply({"error": {"code": "400", "innererror": {"code": "ResponsibleAIPolicyViolation"}, "message": "no"}}, 400),
    ],
    ids=range(7),
)
def test_what_a_filter_keeps_back_is_refused_whatever_its_status(answer: Any) -> None:
    assert is_refused(provider(), answer)


def test_a_refusal_is_kept_as_it_was_put() -> None:
    answer = text(provider().read(FREE, reply(completion(None, refusal="I'm sorry."))))
    assert (answer.text, answer.usage) == ("I'm sorry.", Usage(271, 2))


def test_statuses_tell_whether_to_ask_again() -> None:
    check_statuses(provider(), FREE, error)
    check_malformed(provider(), FREE, completion("cat"))


def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    body = error(429, "You exceeded your current quota, check your plan.", "insufficient_quota", "insufficient_quota")
    told = fault(provider().read(FREE, reply(body, 429)))
    assert (told.again, told.crowded) == (False, False)
    body = error(429, "Rate limit reached for gpt-4o", "rate_limit_exceeded", "tokens")
    told = fault(provider().read(FREE, reply(body, 429, retry_after_ms="250")))
    assert (told.again, told.crowded, told.wait) == (True, True, pytest.approx(0.25))


def test_an_answer_without_a_text_is_asked_for_again() -> None:
    for body in (
        completion(None),
        {**completion("cat"), "choices": []},
        {"choices": [{}]},
        {"error": {"message": "x"}},
    ):
        assert fault(provider().read(FREE, reply(body))).again


def test_missing_log_probabilities_are_told() -> None:
    for logprobs in (None, {"content": None}, {"content": []}):
        told = fault(provider().read(YES_NO, reply(completion("Yes", "length", logprobs))))
        assert not told.again
        assert "scores=choice" in told.reason


def test_the_identity_has_what_changes_answers_and_no_key() -> None:
    options = plugins.configure(openai.Options, {}, "gpt-4o")
    assert openai.identity("gpt-4o", options) == {"server": "api.openai.com/v1", "model": "gpt-4o", "temperature": 0}
    assert openai.identity("o3", options)["temperature"] is None
    assert plugins.changes_answers(options).keys() >= {"detail", "scores", "seed", "reasoning_effort"}
    assert not plugins.changes_answers(options).keys() & {"concurrency", "api_key_env", "timeout"}


def test_pictures_are_of_the_documented_formats_and_size() -> None:
    assert provider().takes.media_types == {"image/jpeg", "image/png", "image/webp"}
    assert provider().takes.most_bytes == 20_000_000


@pytest.mark.parametrize(
    ("name", "options"),
    [("gpt-4o", {}), ("gpt-4o", {"scores": "ask"}), ("o3", {"reasoning_tokens": 7})],
)
def test_the_most_tokens_of_an_answer_are_the_limit_of_the_request(name: str, options: dict[str, Any]) -> None:
    check_limit(provider(name, **options), lambda body: int(body["max_completion_tokens"]))
