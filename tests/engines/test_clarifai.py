"""Clarifai's API as documented: concepts of a recogniser, chat completions of vision-language models."""

from __future__ import annotations

from typing import Any

import pytest
from hosted import BASE64, FREE, NAMES, PICTURE, QUESTION, YES_NO, check_malformed, check_statuses, fault, reply, scores

from snellen import plugins
from snellen.engines import clarifai
from snellen.errors import WrongUse
from snellen.remote.wire import Provider
from snellen.types import Choose, Generate, Recognise, Scores

GENERAL = "general-image-recognition"
VLM = "openai/chat-completion/models/gpt-4o"


def configured(**options: Any) -> clarifai.Options:
    return plugins.configure(clarifai.Options, options, "clarifai")


def provider(name: str = GENERAL, **options: Any) -> Provider:
    return clarifai.provider(name, configured(**options))


def status(code: int = 10000, description: str = "Ok", **more: str) -> dict[str, Any]:
    return {"code": code, "description": description, "req_id": "20ab5bcf0566429f9b350e50372456ce", **more}


def outputs(*concepts: dict[str, Any], **told: Any) -> dict[str, Any]:
    return {
        "status": told.get("status", status()),
        "outputs": [
            {
                "id": "a03a4b326e3041e88983a88b58c41f2b",
                "status": told.get("of_output", status()),
                "created_at": "2025-02-28T09:41:55.568082659Z",
                "model": {"id": GENERAL, "name": "Image Recognition", "model_type_id": "visual-classifier"},
                "input": {"id": "8d1a7f4b", "data": {"image": {"base64": "dHJ1ZQ=="}}},
                "data": {"concepts": list(concepts)} if concepts else {},
            }
        ],
    }


def concept(name: str, value: float | None) -> dict[str, Any]:
    told = {"id": f"ai_{name}", "name": name, "app_id": "main"}
    return told if value is None else told | {"value": value}


def error(http: int, said: str) -> dict[str, Any]:
    codes = {401: 11001, 402: 11000, 403: 11007, 404: 21200, 429: 11005, 400: 11102, 422: 11101}
    return {"status": status(codes.get(http, 10020), "Failure", details=f"{said} ({http})")}


def test_a_recogniser_is_sent_the_picture_and_asked_for_all_it_tells() -> None:
    call = provider().call(Recognise(), [PICTURE])
    assert provider().base_url + call.path == (
        "https://api.clarifai.com/v2/users/clarifai/apps/main/models/general-image-recognition/outputs"
    )
    assert call.body == {
        "inputs": [{"data": {"image": {"base64": BASE64}}}],
        "model": {"model_version": {"output_info": {"output_config": {"max_concepts": 200, "min_value": 0.0}}}},
    }
    assert provider().authorisation("pat-secret") == {"authorization": "Key pat-secret"}


def test_a_recogniser_of_another_user_and_its_version_are_in_the_path() -> None:
    call = provider("me/zoo/models/animals", kind="recogniser", version="abc1", max_concepts=5).call(
        Recognise(), [PICTURE]
    )
    assert call.path == "/users/me/apps/zoo/models/animals/versions/abc1/outputs"
    assert call.body["model"]["model_version"]["output_info"]["output_config"]["max_concepts"] == 5


def test_concepts_are_scores_over_what_was_told() -> None:
    told = outputs(concept("train", 0.9989), concept("railway", 0.995), concept("street", None), concept("train", 0.2))
    answer = provider().read(Recognise(), reply(told))
    assert isinstance(answer, Scores)
    assert answer.choices == ("train", "railway", "street")
    assert answer.values == pytest.approx((0.9989, 0.995, 0.0))
    assert answer.best == "train"


def test_statuses_of_a_recogniser_tell_whether_to_ask_again() -> None:
    check_statuses(provider(), Recognise(), error)
    check_malformed(provider(), Recognise(), outputs(concept("train", 0.9)))


@pytest.mark.parametrize(
    ("http", "code", "again", "crowded"),
    [
        (200, 10020, False, False),
        (200, 10030, True, False),
        (200, 11005, True, True),
        (400, 11005, True, True),
        (200, 98004, True, False),
        (200, 21200, False, False),
        (401, 11001, False, False),
        (500, 10020, True, False),
    ],
)
def test_the_status_in_a_body_counts(http: int, code: int, again: bool, crowded: bool) -> None:
    told = fault(provider().read(Recognise(), reply({"status": status(code, "Failure", details="why")}, http)))
    assert (told.again, told.crowded) == (again, crowded)
    assert f"{code}: Failure why" in told.reason


def test_a_model_that_is_being_brought_up_is_waited_for() -> None:
    body = {"status": status(21304, "Model is deploying")}
    told = fault(provider().read(Recognise(), reply(body, 200)))
    assert told.again
    assert told.wait


def test_the_status_of_the_picture_is_told_where_all_in_all_it_is_mixed() -> None:
    body = outputs(status=status(10010, "Mixed Success"), of_output=status(30002, "Download failed"))
    told = fault(provider().read(Recognise(), reply(body)))
    assert not told.again
    assert "30002: Download failed" in told.reason


def test_a_model_without_concepts_is_told_to_be_no_recogniser() -> None:
    told = fault(provider().read(Recognise(), reply(outputs())))
    assert not told.again
    assert "recogniser" in told.reason
    assert fault(provider().read(Recognise(), reply(outputs({"value": 0.3})))).again


def test_the_name_tells_what_a_model_answers() -> None:
    assert clarifai.refuses(GENERAL, configured()).keys() == {Generate, Choose}
    assert clarifai.refuses(VLM, configured()).keys() == {Recognise}
    assert clarifai.refuses("me/zoo/models/animals", configured(kind="recogniser")).keys() == {Generate, Choose}
    assert clarifai.identity(GENERAL, configured()) == {
        "server": "api.clarifai.com",
        "model": "/users/clarifai/apps/main/models/general-image-recognition",
    }
    for name in ("me/animals", "me/zoo/animals/x", "a/b/models/"):
        with pytest.raises(WrongUse, match=r"clarifai/USER/APP/models/MODEL"):
            clarifai.identity(name, configured())


def test_a_vision_language_model_is_asked_in_the_shape_of_chat_completions() -> None:
    chat = provider(VLM)
    call = chat.call(FREE, [PICTURE])
    assert chat.base_url + call.path == "https://api.clarifai.com/v2/ext/openai/v1/chat/completions"
    assert chat.authorisation("pat") == {"Authorization": "Bearer pat"}
    assert call.body == {
        "model": "https://clarifai.com/openai/chat-completion/models/gpt-4o",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{BASE64}"}},
                    {"type": "text", "text": QUESTION},
                ],
            }
        ],
        "max_tokens": 20,
        "temperature": 0,
    }
    page = provider(f"https://clarifai.com/{VLM}")
    assert page.call(FREE, [PICTURE]).body == call.body


def test_a_vision_language_model_is_asked_for_a_choice_unless_it_can_be_held_to_it() -> None:
    completion = {"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}]}
    assert "response_format" not in provider(VLM).call(YES_NO, [PICTURE]).body
    assert scores(provider(VLM).read(YES_NO, reply(completion)))["Yes"] == 1
    assert "response_format" in provider(VLM, scores="choice").call(NAMES, [PICTURE]).body


@pytest.mark.parametrize("name", [GENERAL, VLM])
def test_pictures_are_of_at_most_20_megabytes_and_85_megapixels_in_a_request(name: str) -> None:
    takes = provider(name).takes
    assert takes.most_bytes * 4 / 3 < 20_000_000
    assert takes.most_pixels == 85_000_000
