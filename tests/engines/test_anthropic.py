"""Anthropic's Messages API as documented: requests, replies, refusals, errors."""

from __future__ import annotations

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
from snellen.engines import anthropic
from snellen.types import PHOTO, Choose, Finish, Generate, Usage


def provider(name: str = "claude-sonnet-4-6", **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(name, plugins.configure(anthropic.Options, options, name))


def message(said: str | None, reason: str = "end_turn", **usage: int) -> dict[str, Any]:
    return {
        "id": "msg_013Zva2CMHLNnjNjJJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-6",
        "content": [] if said is None else [{"type": "text", "text": said}],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 95, "output_tokens": 6, **usage},
    }


KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error(status: int, said: str) -> dict[str, Any]:
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": said}, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}


def test_a_question_is_one_message_with_the_picture_before_the_text() -> None:
    call = provider().call(FREE, [PICTURE])
    assert (call.method, call.path, call.headers) == ("POST", "/v1/messages", {"anthropic-version": "2023-06-01"})
    assert provider().base_url == "https://api.anthropic.com"
    assert call.body == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 20,
        "temperature": 0,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": BASE64}},
                    {"type": "text", "text": QUESTION},
                ],
            }
        ],
    }


def test_the_key_is_in_its_header_alone() -> None:
    assert provider().authorisation("sk-ant-secret") == {"x-api-key": "sk-ant-secret"}
    assert "sk-ant-secret" not in repr(provider().call(FREE, [PICTURE]))


def test_examples_stand_in_their_order() -> None:
    shown = Generate((PHOTO, "a cat", PHOTO, "and this?"), 5)
    content = provider().call(shown, [PICTURE, PICTURE]).body["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image", "text", "image", "text"]


@pytest.mark.parametrize(
    ("name", "temperature", "means"),
    [
        ("claude-3-5-sonnet-20241022", True, "ask"),
        ("claude-3-haiku-20240307", True, "ask"),
        ("claude-sonnet-4-20250514", True, "ask"),
        ("claude-opus-4-1-20250805", True, "ask"),
        ("claude-haiku-4-5-20251001", True, "choice"),
        ("claude-opus-4-6", True, "choice"),
        ("claude-opus-4-7", False, "choice"),
        ("claude-sonnet-5", False, "choice"),
        ("claude-of-a-new-kind", False, "choice"),
    ],
)
def test_what_a_model_takes_is_told_by_its_name(name: str, temperature: bool, means: str) -> None:
    body = provider(name).call(YES_NO, [PICTURE]).body
    assert ("temperature" in body) == temperature
    assert provider(name).means == means
    assert ("output_config" in body) == (means == "choice")
    options = plugins.configure(anthropic.Options, {}, name)
    assert anthropic.identity(name, options)["temperature"] == (0 if temperature else None)


def test_choices_are_held_to_by_a_schema() -> None:
    body = provider().call(NAMES, [PICTURE]).body
    schema = body["output_config"]["format"]["schema"]
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert schema["properties"]["answer"]["enum"] == list(NAMES.choices)
    assert schema["additionalProperties"] is False
    assert body["max_tokens"] >= len("Horseshoe-crab") + 8
    assert scores(provider().read(NAMES, reply(message('{"answer":"Cat"}'))))["Cat"] == 1
    assert text(provider().read(HELD, reply(message('{"answer":"dog"}')))).text == "dog"


def test_a_choice_that_is_asked_for_is_named_at_the_end() -> None:
    content = provider(scores="ask").call(YES_NO, [PICTURE]).body["messages"][0]["content"]
    assert content[-1]["text"] == "Answer with one of these and nothing else: yes, no."
    assert scores(provider(scores="ask").read(YES_NO, reply(message("Yes."))))["Yes"] == 1


def test_an_answer_has_its_text_without_thoughts_and_all_its_tokens() -> None:
    body = message("A cat.", cache_creation_input_tokens=10, cache_read_input_tokens=1000)
    body["content"].insert(0, {"type": "thinking", "thinking": "It has whiskers.", "signature": "EqQB"})
    answer = text(provider().read(FREE, reply(body)))
    assert (answer.text, answer.finish, answer.usage) == ("A cat.", Finish.STOP, Usage(1105, 6))


def test_an_answer_that_did_not_end_or_has_no_text_is_asked_for_again() -> None:
    thinking = message(None)
    thinking["content"] = [{"type": "thinking", "thinking": "It has whiskers.", "signature": "EqQB"}]
    broken = [message("A ca", reason) for reason in ("tool_use", "pause_turn", "of_a_new_kind")]
    for body in (message(None), thinking, *broken, {**message("A ca"), "stop_reason": None}):
        for question in (FREE, YES_NO):
            assert fault(provider().read(question, reply(body))).again
    assert text(provider().read(FREE, reply(message("")))).text == ""
    assert text(provider().read(FREE, reply(message("A cat", "stop_sequence")))).finish is Finish.STOP
    assert text(provider().read(FREE, reply({**thinking, "stop_reason": "max_tokens"}))).finish is Finish.LENGTH


def test_the_list_of_models_is_asked_for_with_the_version() -> None:
    call = provider().models()
    assert (call.method, call.path.partition("?")[0]) == ("GET", "/v1/models")
    assert call.headers == {"anthropic-version": "2023-06-01"}


def test_an_answer_that_was_cut_is_told() -> None:
    for reason in ("max_tokens", "model_context_window_exceeded"):
        assert text(provider().read(FREE, reply(message("A tabby", reason)))).finish is Finish.LENGTH
    assert "cut" in fault(provider().read(NAMES, reply(message('{"ans', "max_tokens")))).reason


@pytest.mark.parametrize(
    "answer",
    [
        reply(message(None, "refusal")),
        reply(message("I can", "refusal")),
        reply(error(400, "Output blocked by content filtering policy"), 400),
    ],
    ids=range(3),
)
def test_what_a_filter_keeps_back_is_refused_whatever_its_status(answer: Any) -> None:
    assert is_refused(provider(), answer)


def test_statuses_tell_whether_to_ask_again() -> None:
    check_statuses(provider(), FREE, error)
    check_malformed(provider(), FREE, message("cat"))


def test_an_error_under_a_status_of_success_is_none_of_the_answers() -> None:
    told = fault(provider().read(FREE, reply(error(529, "Overloaded"))))
    assert told.again
    assert "Overloaded" in told.reason


def test_a_picture_is_at_most_5_mebibytes_in_base64_and_8000_pixels_wide() -> None:
    takes = provider().takes
    assert takes.media_types == {"image/jpeg", "image/png", "image/webp"}
    assert (takes.most_bytes + 2) // 3 * 4 <= 5 * 1024 * 1024 < (takes.most_bytes + 3) // 3 * 4 + 4
    assert takes.longest_side == 8000


def test_a_text_question_without_a_picture_is_asked_too() -> None:
    calibration = Choose((QUESTION,), ("cat", "dog"))
    assert provider().call(calibration, []).body["messages"][0]["content"] == [{"type": "text", "text": QUESTION}]


@pytest.mark.parametrize(
    ("name", "options"),
    [("claude-sonnet-4-6", {}), ("claude-3-haiku", {}), ("claude-opus-4-7", {"reasoning_tokens": 7})],
)
def test_the_most_tokens_of_an_answer_are_the_limit_of_the_request(name: str, options: dict[str, Any]) -> None:
    check_limit(provider(name, **options), lambda body: int(body["max_tokens"]))
