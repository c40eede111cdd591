"""The Gemini API as documented: requests, replies, refusals, errors."""

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
from snellen.engines import google
from snellen.types import PHOTO, Finish, Generate, Usage


def provider(name: str = "gemini-2.5-flash", **options: Any) -> google.Google:
    return google.Google(name, plugins.configure(google.Options, options, name))


def generated(said: str | None, reason: str | None = "STOP", **usage: int) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model"}}
    if said is not None:
        candidate["content"]["parts"] = [{"text": said}]
    if reason is not None:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 265, "candidatesTokenCount": 3, "totalTokenCount": 268, **usage},
        "modelVersion": "gemini-2.5-flash",
        "responseId": "mAitaLmkHPPlz7IPvtfUqQ4",
    }


def blocked(reason: str) -> dict[str, Any]:
    rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH"}
    return {
        "promptFeedback": {"blockReason": reason, "safetyRatings": [rating]},
        "usageMetadata": {"promptTokenCount": 265, "totalTokenCount": 265},
    }


STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def error(status: int, said: str, *details: dict[str, Any]) -> dict[str, Any]:
    told = {"code": status, "message": said, "status": STATUSES.get(status, "UNKNOWN")}
    return {"error": told | ({"details": list(details)} if details else {})}


def quota(name: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": name}],
    }


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}


def test_a_question_is_one_content_with_the_picture_before_the_text() -> None:
    call = provider("gemini-2.0-flash", seed=7).call(FREE, [PICTURE])
    assert (call.method, call.path) == ("POST", "/v1beta/models/gemini-2.0-flash:generateContent")
    assert provider().base_url == "https://generativelanguage.googleapis.com"
    assert call.body == {
        "contents": [
            {
                "role": "user",
                "parts": [{"inline_data": {"mime_type": "image/jpeg", "data": BASE64}}, {"text": QUESTION}],
            }
        ],
        "generationConfig": {"temperature": 0, "maxOutputTokens": 20, "seed": 7},
    }


def test_the_key_is_in_its_header_and_never_in_the_address() -> None:
    assert provider().authorisation("AIza-secret") == {"x-goog-api-key": "AIza-secret"}
    assert "AIza-secret" not in repr(provider().call(FREE, [PICTURE]))
    assert "key=" not in provider().call(FREE, [PICTURE]).path


def test_a_name_cannot_lead_elsewhere() -> None:
    assert (
        provider("models/gemini-2.5-pro").call(FREE, [PICTURE]).path.endswith("/models/gemini-2.5-pro:generateContent")
    )
    assert provider("../x?key=1").call(FREE, [PICTURE]).path == "/v1beta/models/..%2Fx%3Fkey%3D1:generateContent"


def test_examples_stand_in_their_order() -> None:
    parts = provider().call(Generate((PHOTO, "a cat", PHOTO, "and this?"), 5), [PICTURE, PICTURE]).body["contents"][0]
    assert [next(iter(part)) for part in parts["parts"]] == ["inline_data", "text", "inline_data", "text"]


def test_choices_are_an_enum() -> None:
    settings = provider().call(NAMES, [PICTURE]).body["generationConfig"]
    assert settings["responseMimeType"] == "text/x.enum"
    assert settings["responseSchema"] == {"type": "STRING", "enum": list(NAMES.choices)}
    assert provider().means == "choice"
    assert scores(provider().read(NAMES, reply(generated("horseshoe-crab"))))["horseshoe-crab"] == 1
    assert text(provider().read(HELD, reply(generated("dog")))).text == "dog"


def test_a_choice_that_is_asked_for_is_named_at_the_end() -> None:
    body = provider(scores="ask").call(YES_NO, [PICTURE]).body
    assert body["contents"][0]["parts"][-1]["text"] == "Answer with one of these and nothing else: yes, no."
    assert "responseSchema" not in body["generationConfig"]
    assert scores(provider(scores="ask").read(YES_NO, reply(generated("No.\n"))))["No"] == 1


@pytest.mark.parametrize(
    ("name", "options", "room"),
    [
        ("gemini-2.5-flash", {}, 4096),
        ("gemini-2.5-flash", {"thinking_budget": 0}, 0),
        ("gemini-2.5-flash", {"thinking_budget": 9000}, 9000),
        ("gemini-2.5-flash", {"thinking_budget": 900}, 4096),
        ("gemini-3-pro-preview", {"thinking_level": "low", "reasoning_tokens": 100}, 100),
        ("gemini-2.0-flash-lite", {}, 0),
        ("gemini-1.5-pro", {}, 0),
    ],
)
def test_a_model_that_thinks_has_room_for_it(name: str, options: dict[str, Any], room: int) -> None:
    settings = provider(name, **options).call(FREE, [PICTURE]).body["generationConfig"]
    assert settings["maxOutputTokens"] == 20 + room
    expected = {"thinking_budget": "thinkingBudget", "thinking_level": "thinkingLevel"}
    sent = {expected[name]: value for name, value in options.items() if name in expected}
    assert settings.get("thinkingConfig", {}) == sent


def test_an_answer_has_its_text_without_thoughts_and_all_its_tokens() -> None:
    body = generated("A cat.", thoughtsTokenCount=120)
    body["candidates"][0]["content"]["parts"].insert(0, {"text": "Whiskers, so", "thought": True})
    answer = text(provider().read(FREE, reply(body)))
    assert (answer.text, answer.finish, answer.usage) == ("A cat.", Finish.STOP, Usage(265, 123))
    assert text(provider().read(FREE, reply(generated("")))).text == ""


def test_an_answer_that_was_cut_is_told() -> None:
    assert text(provider().read(FREE, reply(generated("A tab", "MAX_TOKENS")))).finish is Finish.LENGTH
    thought = text(provider().read(FREE, reply(generated(None, "MAX_TOKENS"))))
    assert (thought.text, thought.finish) == ("", Finish.LENGTH)
    assert "cut" in fault(provider().read(NAMES, reply(generated(None, "MAX_TOKENS")))).reason


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"])
def test_a_prompt_that_was_blocked_is_refused(reason: str) -> None:
    assert is_refused(provider(), reply(blocked(reason)))
    assert reason in text(provider().read(FREE, reply(blocked(reason)))).text
    assert text(provider().read(FREE, reply(blocked(reason)))).usage == Usage(265, None)


@pytest.mark.parametrize(
    "reason", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_RECITATION"]
)
def test_an_answer_that_was_blocked_is_refused(reason: str) -> None:
    assert is_refused(provider(), reply(generated(None, reason)))
    assert is_refused(provider(), reply(generated("A c", reason)))


@pytest.mark.parametrize(
    "reason", ["STOP", "OTHER", "LANGUAGE", "MALFORMED_FUNCTION_CALL", "FINISH_REASON_UNSPECIFIED"]
)
def test_an_answer_that_ended_without_a_text_is_asked_for_again(reason: str) -> None:
    assert fault(provider().read(FREE, reply(generated(None, reason)))).again
    assert fault(provider().read(FREE, reply({"usageMetadata": {"promptTokenCount": 265}}))).again


def test_statuses_tell_whether_to_ask_again() -> None:
    check_statuses(provider(), FREE, error)
    check_malformed(provider(), FREE, generated("cat"))


def test_a_quota_of_a_minute_is_waited_for_as_long_as_is_said() -> None:
    body = error(
        429, "You exceeded your current quota, please check your plan.", quota("RequestsPerMinute-Free"), RETRY
    )
    told = fault(provider().read(FREE, reply(body, 429)))
    assert (told.again, told.crowded, told.wait) == (True, True, 34.07)
    assert fault(provider().read(FREE, reply([body], 429))).wait == 34.07


def test_a_quota_of_a_day_is_not_waited_for() -> None:
    body = error(429, "You exceeded your current quota.", quota("GenerateRequestsPerDayPerProject-Free"), RETRY)
    told = fault(provider().read(FREE, reply(body, 429)))
    assert (told.again, told.crowded, told.wait) == (False, False, None)


def test_a_wrong_key_is_told() -> None:
    told = fault(provider().read(FREE, reply(error(400, "API key not valid. Please pass a valid API key."), 400)))
    assert not told.again
    assert "API key not valid" in told.reason


def test_pictures_are_of_the_documented_formats_and_fit_into_a_request() -> None:
    assert provider().takes.media_types == {"image/jpeg", "image/png", "image/webp"}
    assert provider().takes.most_bytes * 4 / 3 < 20_000_000


@pytest.mark.parametrize(
    ("name", "options"),
    [("gemini-2.0-flash", {}), ("gemini-2.5-flash", {"scores": "ask"}), ("gemini-3-pro", {"reasoning_tokens": 7})],
)
def test_the_most_tokens_of_an_answer_are_the_limit_of_the_request(name: str, options: dict[str, Any]) -> None:
    check_limit(provider(name, **options), lambda body: int(body["generationConfig"]["maxOutputTokens"]))
