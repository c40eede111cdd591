"""What servers tell of themselves: their counters, and where and how they list their models."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from loopback import serving
from snellen.asking import load_engine
from snellen.remote.served import announced, prefix_cache
from snellen.remote.wire import Fault, Reply
from snellen.specs import model_plan


def reply(body: str, status: int = 200) -> Reply:
    return Reply(status, {}, body.encode())


def test_counters_of_all_engines_and_names_are_read() -> None:
    old = 'vllm:gpu_prefix_cache_queries{engine="0"} 5.0\nvllm:gpu_prefix_cache_hits{engine="0"} 2.0\n'
    two = old + 'vllm:gpu_prefix_cache_queries{engine="1"} 1e+01\nvllm:gpu_prefix_cache_hits{engine="1"} 3\n'
    assert prefix_cache(reply(old)) == (2.0, 5.0)
    assert prefix_cache(reply(two)) == (5.0, 15.0)
    assert [prefix_cache(each) for each in (None, reply(old, 404), reply("vllm:other 1"))] == [None] * 3


@pytest.mark.parametrize(
    ("body", "found", "told"),
    [
        ({"data": [{"id": "m", "shutdown_date": 1799884800}]}, True, "on 2027-01-14"),
        ({"data": [{"id": "m", "shutdown_date": 1799884800000}]}, True, "on 2027-01-14"),
        ({"data": [{"id": "m", "shutdown_date": 1e300}]}, True, "on 1e+300"),
        ({"data": [{"id": "m", "shutdown_date": math.inf}]}, True, "on inf"),
        ({"data": [{"id": "m", "shutdown_date": "2027\u001b[1m"}]}, True, "on 2027 [1m"),
        ({"data": [{"id": "m", "shutdown_date": None}]}, None, "none is told"),
        ({"models": [{"name": "models/m", "displayName": "M"}]}, None, "none is told"),
        ({"data": [{"id": "models/m"}]}, None, "none is told"),
        ({"data": [{"id": "n"}, {"id": "o"}]}, None, "the server's list of 2 models has none of this name"),
        ({"data": "x"}, None, "the server's list of models is of another form"),
        ([], None, "the server's list of models is of another form"),
    ],
)
def test_the_day_of_a_shutdown(body: Any, found: bool | None, told: str) -> None:
    assert announced(reply(json.dumps(body)), "m") == (found, told)
    assert announced(reply("<html>"), "m")[0] is None


def test_why_there_is_no_list_of_models_is_told() -> None:
    assert announced(None, "m") == (None, "no list of its models is known")
    assert announced(reply("no", 403), "m")[1].endswith("HTTP 403, this key may not ask it: no")
    assert announced(Fault("no connection", again=True), "m")[1].endswith("cannot be had: no connection")


@pytest.mark.parametrize(
    ("provider", "path", "listed", "sent"),
    [
        ("anthropic/claude-x", "/v1/models", {"data": [{"type": "model", "id": "claude-x"}]}, "2023-06-01"),
        ("google/gemini-x", "/v1beta/models", {"models": [{"name": "models/gemini-x"}]}, None),
        ("clarifai/a/b/models/c", "/v2/ext/openai/v1/models", {"data": [{"id": "https://clarifai.com/x"}]}, None),
    ],
)
def test_the_list_of_models_is_where_the_provider_has_it(
    provider: str, path: str, listed: Any, sent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "CLARIFAI_PAT"):
        monkeypatch.setenv(name, "sk-0123456789")
    with serving(lambda asked: "no") as served:
        served.pages[path] = lambda: listed
        url = served.url.removesuffix("/v1")
        engine = load_engine(model_plan(f"{provider},base_url={url}"))
        try:
            reply = engine.models()  # type: ignore[attr-defined]
        finally:
            engine.close()
        assert served.shown[-1][0] == path and served.shown[-1][1].get("anthropic-version") == sent
    assert "cannot be had" not in announced(reply, "m")[1] and "form" not in announced(reply, "m")[1]
