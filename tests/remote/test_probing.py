"""What a server honours is found by what it answers; what it takes with a friendly status and ignores is absent."""

from __future__ import annotations

import asyncio
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import PIL.Image
import pytest
from aiohttp import web

import studies
from conftest import Said
from loopback import Asked, Loopback, completion, serving
from snellen.hosted import probe
from snellen.remote import probing
from snellen.remote.probing import NONSENSE, Trial
from snellen.specs import model_plan
from snellen.types import Generate, Text

Snellen = Callable[..., Said]
ALL = frozenset(
    {"pictures", "tokens", "structured_outputs", "json_schema", "regex", "logprobs", "temperature", "seed", "cache"}
)


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are quick to make and to send; one test takes them as they are."""
    monkeypatch.setattr(probing, "SIDES", (64, 128))
    monkeypatch.setattr(probing, "LARGE_SIDE", 200)


class Model:
    """A model of the tests on a server that honours some of what it is asked for, and takes all of it."""

    def __init__(self, honours: frozenset[str]) -> None:
        self.honours = honours
        self.random = Random(0)
        self.hits = self.queries = 0.0
        self.seen: set[str] = set()

    def __call__(self, asked: Asked) -> Any:
        body, text = asked.body, " ".join(asked.texts)
        pictures = [data for _, data in asked.pictures] if "pictures" in self.honours else []
        self.queries += 100
        if text[:200] in self.seen and "cache" in self.honours:
            self.hits += 64
        self.seen.add(text[:200])
        told = completion(self.forced(body) or self.says(text, pictures, body))
        size = sum(math.prod(PIL.Image.open(io.BytesIO(data)).size) // 1000 for data in pictures)
        if "tokens" in self.honours:
            told["usage"] = {"prompt_tokens": 10 + size, "completion_tokens": 2}
        if body.get("logprobs") and "logprobs" in self.honours:
            yes = 0.9 if "red" in text else 0.2
            top = [{"token": "yes", "logprob": math.log(yes)}, {"token": "no", "logprob": math.log(1 - yes)}]
            told["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        return told

    def forced(self, body: dict[str, Any]) -> str | None:
        if "structured_outputs" in body and "structured_outputs" in self.honours:
            return str(body["structured_outputs"]["choice"][1])
        if "response_format" in body and "json_schema" in self.honours:
            schema = body["response_format"]["json_schema"]["schema"]
            return json.dumps({"answer": schema["properties"]["answer"]["enum"][2]})
        return "slithy" if "regex" in body and "regex" in self.honours else None

    def says(self, text: str, pictures: list[bytes], body: dict[str, Any]) -> str:
        if "number" in text:
            if body["temperature"] == 0 and "temperature" in self.honours:
                return "7"
            seed = body.get("seed")
            rng = Random(seed) if seed is not None and "seed" in self.honours else self.random
            return str(rng.randrange(10**6))
        if not pictures:
            return "White"
        red, _, blue = PIL.Image.open(io.BytesIO(pictures[0])).convert("RGB").getpixel((0, 0))  # type: ignore[misc]
        return "Red" if red > blue else "Blue"

    def metrics(self) -> str:
        return (
            "# HELP vllm:prefix_cache_hits_total Prefix cache hits, in tokens.\n"
            f'vllm:prefix_cache_queries_total{{engine="0",model_name="m"}} {self.queries}\n'
            f'vllm:prefix_cache_hits_total{{engine="0",model_name="m"}} {self.hits}\n'
            'vllm:prefix_cache_hits_created{engine="0",model_name="m"} 1.7e+09\n'
        )


@contextmanager
def server(honours: frozenset[str] = ALL) -> Iterator[tuple[Loopback, Model]]:
    model = Model(honours)
    with serving(model) as served:
        served.pages["/metrics"] = model.metrics
        served.pages["/v1/models"] = lambda: {"data": [{"id": "m", "shutdown_date": "2027-01-14"}]}
        yield served, model


def probed(url: str, *options: str) -> dict[str, Trial]:
    spec = ",".join(("openai-compatible/m", f"base_url={url}", *options))
    return {trial.what: trial for trial in probe(model_plan(spec))}


def test_a_server_that_honours_everything_is_found_to() -> None:
    with server() as (served, _):
        found = probed(served.url)
    ways = [f"forced choice ({way})" for way in ("structured_outputs", "regex", "json_schema")]
    told = ["sees pictures", *ways, "log-probabilities", "temperature 0", "seed", "large pictures", "large files"]
    told += ["prefix cache", "announced shutdown", "speed", "all this took"]
    assert list(found) == told
    assert {what for what in told if not found[what].found} == {"speed", "all this took"}
    assert (
        found["sees pictures"].told == "red square: 'Red', blue square: 'Blue'; 75 tokens with the picture, 10 without"
    )
    assert found["log-probabilities"].told.startswith("p(yes) 0.900 and 0.200")
    assert found["large pictures"].told == "64 x 64 (14 tokens); 128 x 128 (26 tokens)"
    assert found["prefix cache"].told.startswith("64 of 200 tokens")
    assert found["announced shutdown"].told == "on 2027-01-14"
    assert re.fullmatch(r"0\.\d\d s an answer; 8 at once in 0\.\d\d s, \d+\.\d a second", found["speed"].told)
    assert found["all this took"].numbers["questions"] == len(served.asked)


def test_eight_at_once_are_asked_at_once() -> None:
    model = Model(ALL)

    async def script(asked: Asked) -> Any:
        await asyncio.sleep(0.03)
        return model(asked)

    with serving(script) as served:
        found = probed(served.url, "server=llama-cpp")["speed"].numbers
        assert served.most_in_flight == 8
    assert found["seconds_one"] > 0.03
    assert found["seconds_eight"] < 4 * found["seconds_one"]


IGNORED = {
    "pictures": ("sees pictures", "a red and a blue square get the same answer, 'White'"),
    "structured_outputs": ("forced choice (structured_outputs)", "it says 'Red'"),
    "json_schema": ("forced choice (json_schema)", "it says 'Red'"),
    "regex": ("forced choice (regex)", "it says 'Red'"),
    "logprobs": ("log-probabilities", "gives no log-probabilities"),
    "temperature": ("temperature 0", "three times the same question, answers"),
    "seed": ("seed", "ignored: the same question and seed, answers"),
    "cache": ("prefix cache", "0 of 200 tokens"),
}


def test_what_is_taken_and_ignored_is_absent() -> None:
    with server(frozenset({"tokens", "pictures"})) as (served, _):
        found = probed(served.url)
    for ignored, (what, told) in IGNORED.items():
        if ignored != "pictures":
            assert found[what].found is False, what
            assert told in found[what].told


@pytest.mark.parametrize("ignored", ["pictures", "structured_outputs", "logprobs", "seed"])
def test_each_is_found_apart_from_the_others(ignored: str) -> None:
    with server(ALL - {ignored}) as (served, _):
        found = probed(served.url)
    assert [what for what, trial in found.items() if trial.found is False] == [IGNORED[ignored][0]]


def test_pictures_that_are_dropped_while_answers_vary_are_not_seen() -> None:
    numbers = count()
    script = lambda asked: f"shade {next(numbers)}"  # noqa: E731
    with serving(script) as served:
        found = probed(served.url)["sees pictures"]
    assert found.found is False
    assert "100 tokens with the picture, 100 without" in found.told


def test_where_tokens_are_told_both_they_and_the_names_of_colours_show_that_pictures_are_seen() -> None:
    with server(ALL - {"tokens"}) as (served, _):  # each question costs 100
        found = probed(served.url)["sees pictures"]
        assert found.found is None and "not sure" in found.told
    model, numbers = Model(ALL), count()

    def script(asked: Asked) -> Any:
        told = model(asked)
        told["choices"][0]["message"]["content"] = f"red or blue, {next(numbers)}"
        return told

    with serving(script) as served:
        assert probed(served.url)["sees pictures"].found is None

    def untold(asked: Asked) -> Any:
        return {**model(asked), "usage": None}

    with serving(untold) as served:
        assert probed(served.url)["sees pictures"].found is True


def test_a_large_picture_that_is_seen_otherwise_is_told() -> None:
    model = Model(ALL)

    def script(asked: Asked) -> Any:
        wide = any(PIL.Image.open(io.BytesIO(data)).width == 128 for _, data in asked.pictures)
        told = model(asked)
        if wide:
            told["choices"][0]["message"]["content"] = "Black"
        elif asked.pictures:
            told["choices"][0]["message"]["content"] += next(ends)
        return told

    ends = iter(("", ".", " it is.", *[""] * 99))
    with serving(script) as served:
        found = probed(served.url)["large pictures"]
    assert (found.found, "128 x 128 (26 tokens) answered otherwise, 'Black'" in found.told) == (False, True)
    with serving(lambda asked: "It is red." if len(served.asked) % 2 else "Red!") as served:
        assert probed(served.url)["large pictures"].found is True


def test_a_seed_that_is_ignored_is_not_taken_for_one_by_chance() -> None:
    """Three likely answers: of a hundred servers hardly one may pass, and none where it says the same three times."""
    passed = 0
    for start in range(100):
        rng = Random(start)
        seen = [probing._seed(Chances(lambda seed, rng=rng: str(rng.randrange(3)))).found]  # type: ignore[misc]
        passed += seen == [True]
    assert passed < 5
    assert probing._seed(Chances(lambda seed: str(seed))).found is True
    assert probing._seed(Chances(lambda seed: str(seed > 1))).found is None
    assert probing._seed(Chances(lambda seed: "7")).found is None
    assert probing._seed(Chances(lambda seed: "")).found is None


class Chances:
    """A model whose answers are drawn by a function of the seed."""

    name, kinds, options, forcing = "m", frozenset({Generate}), frozenset({"seed", "temperature"}), {}

    def __init__(self, says: Callable[[int], str]) -> None:
        self._says = says

    def ask(self, asked: Any, **changes: Any) -> list[Any]:
        return [Text(self._says(changes["seed"])) for _ in asked]

    def sends(self, option: str, one: Any, other: Any) -> bool:
        return True


def test_empty_answers_show_nothing() -> None:
    with serving(lambda asked: completion("", "length")) as served:
        found = probed(served.url)
    for what in ("sees pictures", "temperature 0", "seed"):
        assert (found[what].found, found[what].told) == (None, "cannot be told: its answers are empty")


def test_a_setting_that_is_not_sent_is_not_said_to_be_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    with server() as (served, _):
        spec = f"openai/o3,base_url={served.url}"
        found = {trial.what: trial for trial in probe(model_plan(spec))}
        assert not any("temperature" in asked.body for asked in served.asked)
    assert [(found[what].found, found[what].told) for what in ("temperature 0", "seed")] == [
        (None, "cannot be set")
    ] * 2


def test_log_probabilities_that_never_change_are_none() -> None:
    top = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -3.0}]

    def script(asked: Asked) -> Any:
        told = model(asked)
        if asked.body.get("logprobs"):
            told["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        return told

    model = Model(ALL)
    with serving(script) as served:
        found = probed(served.url)
    assert found["log-probabilities"].found is False
    assert "the very same ones" in found["log-probabilities"].told
    assert found["prefix cache"].found is None
    assert found["announced shutdown"].told.startswith("the server's list of models cannot be had: HTTP 404")


def test_fields_that_are_refused_are_absent_with_the_reason() -> None:
    def script(asked: Asked) -> Any:
        for name in ("structured_outputs", "logprobs", "seed", "regex"):
            if name in asked.body:
                text = json.dumps({"error": {"message": f"unknown field {name}"}})
                return web.Response(status=400, text=text, content_type="application/json")
        return model(asked)

    model = Model(ALL)
    with serving(script) as served:
        found = probed(served.url, "temperature=none")
    absent = {what: trial.told for what, trial in found.items() if trial.found is False}
    assert set(absent) == {
        "forced choice (structured_outputs)",
        "forced choice (regex)",
        "log-probabilities",
        "seed",
    }
    assert all("HTTP 400: unknown field" in told for told in absent.values())


def test_a_server_that_takes_no_large_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SIDES", (256, 1024, 3000))
    monkeypatch.setattr(probing, "LARGE_SIDE", 900)

    def script(asked: Asked) -> Any:
        too_large = any(len(data) > 2_000_000 for _, data in asked.pictures)
        wide = any(PIL.Image.open(io.BytesIO(data)).width > 2000 for _, data in asked.pictures)
        return web.Response(status=413 if too_large else 400, text="no") if too_large or wide else model(asked)

    model = Model(ALL)
    with serving(script) as served:
        found = probed(served.url)
    assert found["large pictures"].told.endswith("1024 x 1024 (1058 tokens); 3000 x 3000 fails: HTTP 400: no")
    assert found["large files"].told.startswith("a file of 2.4 MB fails: HTTP 413")


def test_a_known_server_is_asked_in_its_own_way_alone() -> None:
    with server() as (served, _):
        found = probed(served.url, "server=llama-cpp")
    assert [what for what in found if what.startswith("forced")] == ["forced choice (json_schema)"]
    (asked,) = [asked for asked in served.asked if NONSENSE[0] in json.dumps(asked.body)]
    assert "response_format" in asked.body


# the command


def test_doctor_tells_it_and_keeps_it_with_a_run(snellen: Snellen, tmp_path: Path) -> None:
    folder, out = studies.photographs(tmp_path / "photos", 1), tmp_path / "run"
    with server() as (served, _):
        model = f"openai-compatible/m,base_url={served.url}"
        assert snellen("run", "-d", str(folder), "-m", model, "-s", "closed-set", "--out", str(out), "-q").code == 0
        said = snellen("doctor", model, "--run", str(out), "--images", "2")
        assert said.code == 0
        assert re.search(r"^sees pictures +yes  red square: 'Red'", said.out, re.MULTILINE)
        assert re.search(r"^forced choice \(regex\) +yes  asked for a colour", said.out, re.MULTILINE)
        assert re.search(r"^speed +0\.\d\d s an answer", said.out, re.MULTILINE)
        assert "other company" not in said.out
        asked = len(served.asked)
        again = snellen("doctor", f"{model},concurrency=2", "--run", str(out))
        assert (again.code, again.out) == (0, said.out)
        assert "--fresh tries again" in again.err
        data = json.loads(snellen("doctor", model, "--run", str(out), "--json").out)
        assert len(served.asked) == asked
        assert {each["what"]: each["found"] for each in data["probes"]}["seed"] is True
        other = snellen("doctor", f"{model},seed=3", "--run", str(out), "-q", "--images", "2")
        assert len(served.asked) > asked and other.code == 0
        asked = len(served.asked)
        assert snellen("doctor", model, "--run", str(out), "--fresh", "-q", "--images", "2").code == 0
        assert len(served.asked) > asked


def test_doctor_of_a_server_that_is_not_there(snellen: Snellen) -> None:
    said = snellen("doctor", "openai-compatible/m,base_url=http://127.0.0.1:9/v1,retries=0")
    assert said.code == 4
    assert "failed: no connection" in said.out and "sees pictures" not in said.out
