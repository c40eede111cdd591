"""Models behind servers that speak OpenAI's API: whole studies through a server on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import studies
from loopback import Asked, Loopback, completion, serving
from snellen.asking import ask_once, lines
from snellen.engines import openai_compatible
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.specs import model_plan
from snellen.study import rescore
from snellen.summary import notes
from snellen.types import Generate

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


def truths(folder: Path) -> dict[bytes, str]:
    return {Image(path).data: path.parent.name for path in folder.rglob("*.png")}


def command(server: Loopback, folder: Path, out: Path, *more: str, **options: Any) -> list[str]:
    named = "".join(f",{key}={value}" for key, value in options.items())
    words = ["run", "-d", str(folder), "-m", f"openai-compatible/m,base_url={server.url}{named}", "-s", "closed-set"]
    return [sys.executable, "-c", "from snellen.cli import main; main()", *words, "--out", str(out), *more]


def test_a_study_is_answered_by_a_server(folder: Path, tmp_path: Path) -> None:
    truth = truths(folder)

    def script(asked: Asked) -> str:
        ((kind, data),) = asked.pictures
        assert kind == "image/png"
        return truth[data]

    with (
        serving(script) as server,
        studies.ran(folder, f"openai-compatible/m,base_url={server.url}", out=tmp_path / "run") as results,
    ):
        (row,) = results.rows
        assert (row.answered, row.accuracy, len(server.asked)) == (12, 1.0, 12)
        body = server.asked[0].body
        assert (body["model"], body["temperature"]) == ("m", 0)
        assert body["messages"][0]["content"][0]["type"] == "image_url"
    (loaded,) = json.loads((tmp_path / "run" / "environment.json").read_text())[-1]["models"].values()
    assert loaded["pictures_as_they_are"] == 12
    stored = [json.loads(body) for body in studies.stored(tmp_path / "run").values()]
    assert all(tokens == [100, 3] and 0 < seconds < 5 and attempts == 1 for *_, (*tokens, seconds, attempts) in stored)


def test_it_is_told_how_many_images_leave_the_machine(folder: Path, tmp_path: Path) -> None:
    with serving(lambda asked: "cat") as server:
        server.url = server.url.replace("127.0.0.1", "0.0.0.0")  # which leads here, but is no loopback address
        done = subprocess.run(command(server, folder, tmp_path / "run"), capture_output=True, text=True, check=True)
    assert f"up to 12 images go to {server.url.split('/')[2]}" in done.stderr


def test_it_is_told_where_the_image_goes_that_one_question_is_about(folder: Path) -> None:
    with serving(lambda asked: "cat") as server:
        for host, told in (("127.0.0.1", False), ("0.0.0.0", True)):
            url = server.url.replace("127.0.0.1", host)
            image = folder / "cat" / "cat0.png"
            said = list(lines(ask_once(f"openai-compatible/m,base_url={url}", image, ("cat", "dog"), None, None, 0)))
            assert (f"the image goes to {url.split('/')[2]}" in said) == told
            assert said[-1] == "\nprediction: cat (exact)"


def test_a_key_is_sent_and_stands_nowhere(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    calls = 0

    def script(asked: Asked) -> Any:
        nonlocal calls
        calls += 1
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        if calls % 3 == 0:
            return web.Response(status=400, text=f"Authorization: Bearer {KEY} is odd")
        return f"cat {KEY}"

    out = tmp_path / "run"
    with serving(script) as server:
        done = subprocess.run(
            command(server, folder, out, api_key_env="MY_KEY"), capture_output=True, text=True, check=False
        )
    assert done.returncode == 4, done.stderr
    assert "HTTP 400: Authorization: Bearer *** is odd" in done.stderr + done.stdout
    assert KEY not in done.stderr + done.stdout
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {"answers.sqlite", "environment.json", "study.yaml"} <= {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_a_server_killed_in_mid_run_is_waited_for_and_the_same_command_asks_only_the_rest(
    folder: Path, tmp_path: Path
) -> None:
    truth, out = truths(folder), tmp_path / "run"
    with serving(lambda asked: truth[asked.pictures[0][1]]) as server:
        port = int(server.url.split(":")[2].split("/")[0])
    dying = subprocess.Popen(
        [sys.executable, __file__, str(port), "7"], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        done = subprocess.run(
            command(server, folder, out, concurrency=1, retries=2), capture_output=True, text=True, check=False
        )
    finally:
        dying.kill()
        dying.wait()
    assert done.returncode == 4, done.stderr
    assert "gives no answer" in done.stderr
    assert "the same command again asks it" in done.stderr
    before = len(studies.stored(out))
    assert 0 < before < 12
    with serving(lambda asked: truth[asked.pictures[0][1]], port=port) as server:
        done = subprocess.run(command(server, folder, out), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert len(server.asked) == 12 - before
    assert [row["answered"] for row in studies.rows(out)] == [12]


def test_an_interrupted_run_keeps_what_was_answered(folder: Path, tmp_path: Path) -> None:
    truth, out = truths(folder), tmp_path / "run"

    async def script(asked: Asked) -> Any:
        if len(server.asked) == 8:
            running.send_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        return truth[asked.pictures[0][1]]

    with serving(script) as server:
        running = subprocess.Popen(command(server, folder, out, concurrency=1), stderr=subprocess.PIPE, text=True)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130, said
        before = len(studies.stored(out))
        assert before >= 5
        count = len(server.asked)
        done = subprocess.run(command(server, folder, out), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert len(server.asked) - count == 12 - before


def test_a_hosted_model_is_timed_by_its_stored_answers_and_not_asked_for_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"

    async def script(asked: Asked) -> str:
        await asyncio.sleep(0.1)
        return "cat"

    with serving(script) as server:
        name = f"openai-compatible/m,base_url={server.url},concurrency=4"
        with studies.ran(folder, name, "closed-set", "binary", out=out, timing=True) as results:
            once, often = sorted(results.rows, key=lambda row: row.questions_per_image or 0)
        count = len(server.asked)
        assert once.images_per_second is not None and often.images_per_second is not None
        assert 0.1 <= (once.latency_p50 or 0) < 0.3
        assert 0.3 <= (often.latency_p50 or 0) < 0.9, "three questions, one after the other"
        assert 8 < once.images_per_second < 40
        assert once.images_per_second / often.images_per_second == pytest.approx(3, rel=0.3)
        assert (once.timed_images, once.batch_size) == (12, None)
        with studies.ran(folder, name, "closed-set", "binary", out=out, timing=True) as results:
            assert {row.images_per_second for row in results.rows} == {once.images_per_second, often.images_per_second}
        assert count == len(server.asked) == 12 + 36


def test_a_model_is_where_its_server_is() -> None:
    plan = model_plan("openai-compatible/org/m,base_url=http://LocalHost:9/v1/,concurrency=3,timeout=5")
    assert plan.title == "openai-compatible/org/m,base_url=http://LocalHost:9/v1/"
    assert plan.identity["weights"] == {"server": "localhost:9/v1", "model": "org/m"}
    assert set(plan.identity["options"]) == {"temperature", "server", "scores", "seed", "detail", "reasoning_tokens"}
    assert model_plan("openai-compatible/m,server=vllm,temperature=none").options.temperature is None


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("openai-compatible/m", "needs an address"),
        ("openai-compatible/m,base_url=localhost:8000", "expected an address such as http://localhost:8000/v1"),
        ("openai-compatible/m,base_url=http://me:pass@host/v1", "api_key_env names the variable"),
        ("openai-compatible/m,server=vlm", "vllm"),
        ("openai-compatible/m,server=vllm,concurrency=0", "concurrency"),
        ("openai-compatible/m,server=vllm,api_key_env=sk-123", "not the key"),
    ],
)
def test_wrong_options_are_told(spec: str, told: str) -> None:
    with pytest.raises(WrongUse, match=told):
        model_plan(spec)


def test_a_key_that_is_not_set_is_missing_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    plan = model_plan("openai-compatible/qwen-vl-max,server=dashscope")
    with pytest.raises(Missing, match="DASHSCOPE_API_KEY"):
        openai_compatible.load(plan.name, plan.options)
    monkeypatch.setenv("DASHSCOPE_API_KEY", f"{KEY}\u00e9")
    with pytest.raises(WrongUse) as caught:
        openai_compatible.load(plan.name, plan.options)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("server", openai_compatible.PRESETS)
def test_every_preset_is_an_option(server: str) -> None:
    plan = model_plan({"model": "openai-compatible/m", "server": server, "base_url": "http://localhost/v1"})
    assert plan.options.server == server


def test_money_is_counted_by_what_a_server_says_and_ends_the_run(folder: Path, tmp_path: Path) -> None:
    truth = truths(folder)
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "openai-compatible/*", "input": 10, "output": 100}]}))
    each = (100 * 10 + 3 * 100) / 1e6
    with serving(lambda asked: truth[asked.pictures[0][1]]) as server:
        name = f"openai-compatible/m,base_url={server.url}"
        for limit in (0.045, 1.0):
            options = {"prices": str(prices), "max_cost": limit, "timing": True}
            with studies.ran(folder, name, out=tmp_path / "run", **options) as results:
                (row,) = results.rows
                assert row.spent_usd == pytest.approx(len(server.asked) * each)
                assert row.spent_usd <= limit and (0 < row.pending < 12) == (limit < 1)
        assert len(server.asked) == 12
        assert row.cost_per_1000_usd == pytest.approx(1000 * each)


def test_how_scores_were_had_is_told_of_each_row_and_where_it_differs_said(folder: Path, tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        if not asked.body.get("logprobs"):
            return "no"
        top = [{"token": "yes", "logprob": -2.0}, {"token": "no", "logprob": -0.2}]
        return {"choices": [{"message": {"content": "no"}, "logprobs": {"content": [{**top[1], "top_logprobs": top}]}}]}

    refused = completion("", "content_filter")
    with serving(script) as server:
        where = f"base_url={server.url}"
        models = [f"openai-compatible/m,{where},server=vllm", f"openai-compatible/n,{where}"]
        strategies = ("binary,decide=argmax", "closed-set")
        with studies.ran(folder, models, *strategies, out=tmp_path / "run") as results:
            ways = {(row.model[18], row.strategy): row.scores_by for row in results.rows}
            said = [line for line in notes(results) if line.startswith("scores of")]
        server.script = lambda asked: refused
        with studies.ran(folder, models[0], "likelihood", out=tmp_path / "refused") as results:
            assert results.rows[0].outcomes == {"refused": 12}
            assert results.rows[0].unparsed == 12
    binary, texts = strategies
    assert ways == {("m", binary): "logprobs", ("n", binary): "asked", ("m", texts): None, ("n", texts): None}
    (line,) = said
    assert line.endswith(": do not compare their calibration")
    assert f"{models[1]} · {binary} were asked for" in line
    assert f"{models[0]} · {binary} are log-probabilities" in line
    assert texts not in line
    found = {row["model"]: row["scores_by"] for row in studies.rows(tmp_path / "run") if row["strategy"] == binary}
    with closing(rescore(tmp_path / "run")) as results:  # of the stored answers alone
        assert {row.model: row.scores_by for row in results.rows if row.strategy == binary} == found


if __name__ == "__main__":  # a server that ends itself while it answers
    port, left = map(int, sys.argv[1:])
    answers = 0

    def dying(asked: Asked) -> str:
        global answers
        answers += 1
        if answers > left:
            os._exit(1)
        return "cat"

    with serving(dying, port=port):
        time.sleep(60)


def test_the_results_tell_how_often_a_question_was_asked(folder: Path, tmp_path: Path) -> None:
    seen: set[bytes] = set()

    def script(asked: Asked) -> Any:
        ((_, data),) = asked.pictures
        if data in seen:
            return "cat"
        seen.add(data)
        return web.Response(status=500, text="once more") if len(seen) % 2 else "cat"

    model = lambda server: f"openai-compatible/m,base_url={server.url}"  # noqa: E731
    with (
        serving(script) as server,
        studies.ran(folder, model(server), "closed-set", out=tmp_path / "run", timing=True) as results,
    ):
        assert results.rows[0].answered == 12
    (row,) = studies.rows(tmp_path / "run")
    assert row["attempts_per_question"] == 18 / 12


def test_a_model_that_reasons_has_room_for_it() -> None:
    question = Generate(("What is it?",), 9)
    for tokens, limit in ((0, 9), (500, 509)):
        options = openai_compatible.Options(base_url="http://h/v1", reasoning_tokens=tokens)
        provider = openai_compatible.provider("m", options)
        assert provider.call(question, []).body["max_tokens"] == provider.most_tokens(question) == limit
