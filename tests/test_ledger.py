"""What is paid for without an answer: counted for the limit, kept for the next run, told where it is a bound."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import studies
from loopback import Asked, completion, serving
from snellen.costs import spent, spent_most
from snellen.database import DATABASE, Database
from snellen.errors import SnellenError
from snellen.images import Image
from snellen.ledger import Beside, add, beside
from snellen.remote.prices import Tally

EACH = (100 * 10 + 3 * 100) / 1e6  # of a completion of the server
LIMIT = 0.2
CHOOSE = "closed-set,answer=choose"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos")


@pytest.fixture
def prices(tmp_path: Path) -> str:
    file = tmp_path / "prices.json"
    priced = [{"model": f"{name}/*", "input": 10, "output": 100} for name in ("openai-compatible", "scripted")]
    file.write_text(json.dumps({"prices": priced}))
    return str(file)


def most(out: Path) -> float:
    """What counts as spent."""
    with closing(Database(out / DATABASE, read_only=True)) as database:
        return spent_most(database)


def ran(folder: Path, name: str, strategy: str, out: Path, **options: Any) -> Any:
    """The row of a run, None where nothing at all was answered."""
    try:
        with studies.ran(folder, name, strategy, out=out, **options) as results:
            return results.rows[0]
    except SnellenError:
        return None


def test_replies_that_are_no_answers_count_for_the_limit_and_in_the_next_run(
    folder: Path, tmp_path: Path, prices: str
) -> None:
    with serving(lambda asked: completion("perh", "length")) as server:
        name = f"openai-compatible/m,base_url={server.url}"
        asked = []
        for limit in (0.042, 0.042, 10.0):
            ran(folder, name, CHOOSE, tmp_path / "run", prices=prices, max_cost=limit)
            asked.append(len(server.asked))
            assert most(tmp_path / "run") == pytest.approx(len(server.asked) * EACH)
            assert most(tmp_path / "run") <= limit
        assert 0 < asked[0] < 12 and asked[1] <= asked[0] + 1 and asked[2] == asked[1] + 12


def test_all_paid_attempts_of_an_answer_are_in_what_was_spent(folder: Path, tmp_path: Path, prices: str) -> None:
    truth = {Image(path).data: path.parent.name for path in folder.rglob("*.png")}
    seen: set[bytes] = set()

    def script(asked: Asked) -> dict[str, Any]:
        ((_, data),) = asked.pictures
        first = data not in seen
        seen.add(data)
        return completion(None if first else truth[data])

    with serving(script) as server:
        name = f"openai-compatible/m,base_url={server.url}"
        row = ran(folder, name, "closed-set", tmp_path / "run", prices=prices)
        assert row.answered == 12 and len(server.asked) == 24
        assert row.cost_usd == pytest.approx(12 * EACH)
        assert row.spent_usd == pytest.approx(24 * EACH)


def test_paid_attempts_of_what_is_in_hand_end_with_the_limit(folder: Path, tmp_path: Path, prices: str) -> None:
    told = {**completion(None), "usage": {"prompt_tokens": 3000, "completion_tokens": 3}}
    with serving(lambda asked: told) as server:
        name = f"openai-compatible/m,base_url={server.url}"
        assert ran(folder, name, "closed-set", tmp_path / "run", prices=prices, max_cost=0.1) is None
        assert 0.1 < len(server.asked) * 0.03 < 0.1 + 3 * 0.04  # three are in hand, each asked nine times else
        assert most(tmp_path / "run") >= len(server.asked) * 0.03


def test_a_model_that_cannot_be_had_costs_nothing(
    folder: Path, tmp_path: Path, prices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert ran(folder, "openai/gpt-4o", CHOOSE, tmp_path / "run", max_cost=LIMIT) is None
    assert most(tmp_path / "run") == 0


def test_errors_cost_nothing(folder: Path, tmp_path: Path, prices: str) -> None:
    with serving(lambda asked: web.Response(status=400, text="no")) as server:
        ran(folder, f"openai-compatible/m,base_url={server.url}", "closed-set", tmp_path / "run", prices=prices)
        assert server.asked and most(tmp_path / "run") == 0


def test_a_refusal_by_an_errors_status_costs_nothing_and_hides_no_cost(
    folder: Path, tmp_path: Path, prices: str
) -> None:
    filtered = {"error": {"code": "content_filter", "message": "filtered"}}
    refused = Image(folder / "cat" / "cat1.png").data

    def script(asked: Asked) -> Any:
        if asked.pictures[0][1] == refused:
            return web.json_response(filtered, status=400)
        return "cat"

    with serving(script) as server:
        row = ran(folder, f"openai-compatible/m,base_url={server.url}", "closed-set", tmp_path / "run", prices=prices)
        assert row.cost_usd == row.spent_usd == pytest.approx(11 * EACH)


def test_a_hostile_count_of_cached_tokens_makes_no_cost_negative(folder: Path, tmp_path: Path, prices: str) -> None:
    told = {**completion("cat"), "usage": {"prompt_tokens": 100, "completion_tokens": 3}}
    told["usage"]["prompt_tokens_details"] = {"cached_tokens": 10**9}
    with serving(lambda asked: told) as server:
        row = ran(folder, f"openai-compatible/m,base_url={server.url}", "closed-set", tmp_path / "run", prices=prices)
        assert row.cost_usd == row.spent_usd == pytest.approx(12 * EACH)


def test_what_got_no_reply_counts_at_its_most_and_is_told(
    folder: Path, tmp_path: Path, prices: str, snellen: Callable[..., Any]
) -> None:
    async def hang() -> None:
        await asyncio.sleep(1.0)

    with serving(lambda asked: hang()) as server:
        name = f"openai-compatible/m,base_url={server.url},timeout=0.05,retries=0"
        said = snellen(
            "run", "-d", folder, "-m", name, "-s", "closed-set", "--out", tmp_path / "run", "--prices", prices
        )
    assert said.code == 4
    assert most(tmp_path / "run") > len(server.asked) * EACH
    assert "more may have been charged" in said.err
    with closing(Database(tmp_path / "run" / DATABASE, read_only=True)) as database:
        assert spent(database) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_was_in_flight_when_a_run_ended_counts_as_spent(
    folder: Path, tmp_path: Path, prices: str, how: signal.Signals
) -> None:
    async def hang() -> None:
        await asyncio.sleep(5.0)

    out = tmp_path / "run"
    with serving(lambda asked: hang()) as server:
        words = ["run", "-d", str(folder), "-m", f"openai-compatible/m,base_url={server.url}", "-s", "closed-set"]
        words += ["--out", str(out), "--prices", prices, "--max-cost", "20"]
        command = [sys.executable, "-c", "from snellen.cli import main; main()", *words]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while server.in_flight < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, how)
        process.wait(60)
    assert 4 * EACH < most(out) < 20
    before, truth = most(out), "return truth(image)"
    ran(folder, studies.model(tmp_path / "model.py", truth), "closed-set", out, prices=prices, max_cost=before + 1e-4)
    assert not studies.asked(tmp_path / "model.py")  # another model of the folder, which has one limit


def test_what_a_dying_process_had_in_flight_counts_as_spent(folder: Path, tmp_path: Path, prices: str) -> None:
    name = studies.model(
        tmp_path / "model.py", "if image.path.stem == 'cat1': os._exit(9)\nreturn Text(truth(image), usage=Usage(9, 1))"
    )
    row = ran(folder, name + ",batch_size=1", "closed-set", tmp_path / "run", prices=prices, max_cost=10.0)
    assert (row.answered, row.failed) == (11, 1)
    assert most(tmp_path / "run") > row.spent_usd + 3 * EACH


def test_deaths_do_not_pass_the_limit(folder: Path, tmp_path: Path, prices: str) -> None:
    name = studies.model(tmp_path / "model.py", "os._exit(9)")
    limit = LIMIT
    ran(folder, name + ",batch_size=1", "closed-set", tmp_path / "run", prices=prices, max_cost=limit)
    assert studies.asked(tmp_path / "model.py") and most(tmp_path / "run") < 2 * limit
    asked = len(studies.asked(tmp_path / "model.py"))
    ran(folder, name + ",batch_size=1", "closed-set", tmp_path / "run", prices=prices, max_cost=limit)
    assert len(studies.asked(tmp_path / "model.py")) <= asked + 1


def test_answers_without_a_count_are_paid_for_in_the_next_run_too(folder: Path, tmp_path: Path, prices: str) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, "return truth(image)")
    asked = []
    for limit in (LIMIT, LIMIT, 10.0):
        row = ran(folder, name, "closed-set", tmp_path / "run", prices=prices, max_cost=limit)
        asked.append(len(studies.asked(file)))
        assert row is None or row.spent_usd is None  # not known, which is not nothing
    assert 0 < asked[0] == asked[1] < asked[2] == 12


def test_a_price_that_comes_after_uncounted_answers_cannot_be_limited(
    folder: Path, tmp_path: Path, prices: str
) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image)")
    with studies.ran(folder, name, out=tmp_path / "run"):
        pass
    with (
        pytest.raises(SnellenError, match="12 earlier answers of scripted/"),
        studies.ran(folder, name, out=tmp_path / "run", prices=prices, max_cost=1.0),
    ):
        pass


def test_a_model_that_died_leaves_its_money_to_the_next(folder: Path, tmp_path: Path, prices: str) -> None:
    dead = studies.model(tmp_path / "dead.py", "if image.path.stem == 'cat3': return truth(image)\nos._exit(9)")
    well = studies.model(tmp_path / "well.py", "return Text(truth(image), usage=Usage(100, 3))")
    options = {"prices": prices, "max_cost": 0.2}
    names = [f"{name},batch_size=1" for name in (dead, well)]
    with studies.ran(folder, names, out=tmp_path / "run", **options) as results:
        rows = {row.model.partition(",")[0]: row for row in results.rows}
        assert rows[well].answered == 12, [row.trouble for row in results.rows]


def test_what_is_kept_of_a_model_adds_up(tmp_path: Path) -> None:
    with closing(Database(tmp_path / DATABASE)) as database:
        assert beside(database, 3) == Beside()
        for _ in range(2):
            with database.commit():
                add(database, {3: Beside(told=Tally(1, 5, 6), most=Tally(0, 7, 8), answers=1)})
        assert beside(database, 3) == Beside(Tally(2, 10, 12), Tally(0, 14, 16), 2)
