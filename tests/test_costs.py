"""What studies cost: counted by what each answer took, shared once, limited before it is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studies
from snellen.costs import tariff_of
from snellen.errors import SnellenError, WrongUse
from snellen.remote.prices import Price
from snellen.specs import model_plan
from snellen.study import rescore
from snellen.types import PHOTO, Generate

ANSWER = "return Text(truth(image), usage=Usage(700, 20))"
YES_OR_NO = """
name = question.prompt[1].split("Is the ")[1].split(" in")[0]
return Text("yes" if truth(image) == name else "no", usage=Usage(700, 1))
"""
EACH = (700 * 2 + 20 * 10) / 1e6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return studies.photographs(tmp_path / "photos", count=8)


@pytest.fixture
def prices(tmp_path: Path) -> str:
    return priced(tmp_path, {"model": "scripted/*", "input": 2, "output": 10})


def priced(place: Path, *entries: dict[str, Any]) -> str:
    (place / "prices.json").write_text(json.dumps({"prices": entries}))
    return str(place / "prices.json")


def test_a_row_costs_what_its_answers_took(folder: Path, tmp_path: Path, prices: str) -> None:
    name = studies.model(tmp_path / "model.py", ANSWER)
    with studies.ran(folder, name, out=tmp_path / "run", prices=prices) as results:
        (row,) = results.rows
        assert row.cost_usd == pytest.approx(24 * EACH)
        assert row.spent_usd == pytest.approx(24 * EACH)
        assert row.cost_per_1000_usd == pytest.approx(1000 * EACH)
        assert (row.tokens_in, row.tokens_out) == (24 * 700, 24 * 20)


def test_without_a_price_nothing_is_said_of_money(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", ANSWER)
    with studies.ran(folder, name, out=tmp_path / "run") as results:
        (row,) = results.rows
        assert [row.cost_usd, row.spent_usd, row.cost_per_1000_usd, row.tokens_in, row.tokens_out] == [None] * 5


def test_a_price_given_later_counts_for_earlier_answers_and_asks_nothing(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, ANSWER)
    with studies.ran(folder, name, out=tmp_path / "run"):
        pass
    later = priced(tmp_path, {"model": "scripted/*", "input": 0, "output": 50})
    with studies.ran(folder, name, out=tmp_path / "run", prices=later) as results:
        assert results.rows[0].cost_usd == pytest.approx(24 * 20 * 50 / 1e6)
    assert len(studies.asked(file)) == 24


def test_shared_answers_are_in_the_cost_of_each_row_and_were_paid_once(
    folder: Path, tmp_path: Path, prices: str
) -> None:
    name = studies.model(tmp_path / "model.py", ANSWER)
    with studies.ran(
        folder, name, "closed-set,votes=3", "closed-set,votes=5", out=tmp_path / "run", prices=prices
    ) as results:
        costs = {row.strategy: row.cost_usd for row in results.rows}
        asked = len(studies.asked(tmp_path / "model.py"))  # three names have six orders: votes may coincide
        assert 24 * EACH < (costs["closed-set,votes=3"] or 0) < 3 * 24 * EACH
        assert costs["closed-set,votes=5"] == pytest.approx(asked * EACH)
        assert {row.spent_usd for row in results.rows} == {costs["closed-set,votes=5"]}


def test_an_image_that_is_there_twice_is_paid_once(folder: Path, tmp_path: Path, prices: str) -> None:
    (folder / "cat" / "copy.png").write_bytes((folder / "cat" / "cat0.png").read_bytes())
    name = studies.model(tmp_path / "model.py", ANSWER)
    with studies.ran(folder, name, out=tmp_path / "run", prices=prices) as results:
        (row,) = results.rows
        assert row.answered == 25
        assert row.cost_usd == pytest.approx(24 * EACH)
        assert row.cost_per_1000_usd == pytest.approx(1000 * EACH)


def test_answers_without_a_count_of_tokens_have_no_cost(folder: Path, tmp_path: Path, prices: str) -> None:
    name = studies.model(tmp_path / "model.py", "return truth(image)")
    with studies.ran(folder, name, out=tmp_path / "run", prices=prices) as results:
        assert (results.rows[0].cost_usd, results.rows[0].tokens_in) == (None, None)


def test_a_recogniser_is_paid_by_the_image(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "return Scores(('cat', 'dog', 'bird'), (0.5, 0.3, 0.2))")
    prices = priced(tmp_path, {"model": "scripted/*", "image": 0.002})
    with studies.ran(folder, name, "vocabulary", out=tmp_path / "run", prices=prices) as results:
        assert results.rows[0].cost_per_1000_usd == pytest.approx(2.0)


def test_what_a_provider_had_in_its_cache_is_cheaper(folder: Path, tmp_path: Path) -> None:
    name = studies.model(tmp_path / "model.py", "return Text(truth(image), usage=Usage(1000, 0, tokens_cached=600))")
    prices = priced(tmp_path, {"model": "scripted/*", "input": 2, "cached_input": 1, "output": 0})
    with studies.ran(folder, name, out=tmp_path / "run", prices=prices) as results:
        assert results.rows[0].cost_per_1000_usd == pytest.approx(1.4)


def test_a_limit_is_not_passed_and_a_higher_one_goes_on(folder: Path, tmp_path: Path, prices: str) -> None:
    file, out = tmp_path / "model.py", tmp_path / "run"
    name = studies.model(file, ANSWER)
    asked = []
    for limit in (0.02, 0.02, 0.03, 5.0):
        with studies.ran(folder, name, out=out, prices=prices, max_cost=limit) as results:
            (row,) = results.rows
            assert row.spent_usd is not None and row.spent_usd <= limit
            assert row.failed == 0 and row.pending == 24 - row.answered
            assert (row.trouble is None) == (limit == 5.0)
            assert row.trouble is None or f"limit of {limit:g} USD" in row.trouble
        asked.append(len(studies.asked(file)))
    assert 0 < asked[0] == asked[1] < asked[2] < asked[3] == 24  # never the same question twice
    assert asked[0] > 0.02 / EACH / 2


def test_where_nothing_can_be_paid_for_no_process_is_started(folder: Path, tmp_path: Path, prices: str) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, "import os; os._exit(9)")
    with (
        pytest.raises(SnellenError, match=r"limit of 0\.001 USD") as stopped,
        studies.ran(folder, name, out=tmp_path / "run", prices=prices, max_cost=0.001),
    ):
        pass
    assert stopped.value.exit_code == 4
    assert not (tmp_path / "run" / "worker.log").exists()


def test_the_worst_of_first_yes_is_set_aside_and_freed(folder: Path, tmp_path: Path, prices: str) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, YES_OR_NO)
    with studies.ran(folder, name, "binary", out=tmp_path / "run", prices=prices, max_cost=0.1) as results:
        (row,) = results.rows
        assert row.accuracy == 1.0
        assert row.pending == 0 and len(studies.asked(file)) < 3 * 24
        assert row.spent_usd is not None and row.spent_usd < 0.1 < 24 * 3 * (3000 * 2) / 1e6


def test_money_runs_out_between_two_models(folder: Path, tmp_path: Path, prices: str) -> None:
    first, second = (studies.model(tmp_path / f"{name}.py", ANSWER) for name in ("a", "b"))
    limit = 24 * EACH + 0.015
    with studies.ran(folder, [first, second], out=tmp_path / "run", prices=prices, max_cost=limit) as results:
        pending = {row.model: row.pending for row in results.rows}
        assert pending[first] == 0 and 0 < pending[second] < 24
        assert sum(row.spent_usd or 0.0 for row in results.rows) <= limit


def test_dearer_answers_than_expected_stop_the_run_early(folder: Path, tmp_path: Path, prices: str) -> None:
    file = tmp_path / "model.py"
    name = studies.model(file, "return Text(truth(image), usage=Usage(30_000, 20))")  # ten times what it may be
    with studies.ran(folder, name + ",batch_size=1", out=tmp_path / "run", prices=prices, max_cost=0.2) as results:
        assert results.rows[0].pending > 0
        assert len(studies.asked(file)) * 0.06 <= 0.2 + 4 * 0.06  # but for those in hand when the first was seen


def test_scoring_keeps_the_costs(folder: Path, tmp_path: Path, prices: str) -> None:
    out = tmp_path / "run"
    with studies.ran(folder, studies.model(tmp_path / "m.py", ANSWER), "closed-set,votes=3", out=out, prices=prices):
        before = studies.rows(out)
    rescore(out).close()
    assert studies.rows(out) == before


def test_a_paid_model_without_a_price_cannot_be_limited(
    folder: Path, tmp_path: Path, snellen: Callable[..., Any]
) -> None:
    name = studies.model(tmp_path / "model.py", ANSWER)
    prices = priced(tmp_path, {"model": "scripted/another", "input": 1})
    with (
        pytest.raises(WrongUse, match="no price is known for scripted/"),
        studies.ran(folder, name, out=tmp_path / "run", prices=prices, max_cost=1.0),
    ):
        pass
    said = snellen("run", "-d", folder, "-m", name, "-s", "closed-set", "--prices", prices, "--no-timing")
    assert said.code == 0
    assert said.err.count("no price is known for scripted/") == 1


def test_the_command_line_stops_with_code_4_and_goes_on(
    folder: Path, tmp_path: Path, prices: str, snellen: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = studies.model(tmp_path / "model.py", ANSWER)
    words = ("run", "-d", folder, "-m", name, "-s", "closed-set", "--out", tmp_path / "run", "--prices", prices)
    monkeypatch.setenv("COLUMNS", "120")
    said = snellen(*words, "--max-cost", "0.02")
    assert said.code == 4
    assert "pending: " in said.err and "limit of 0.02 USD" in said.err
    monkeypatch.setenv("SNELLEN_MAX_COST", "1")
    said = snellen(*words)
    assert said.code == 0
    assert "USD/1000" in said.out and "1.60" in said.out
    assert snellen(*words, "--max-cost", "-1").code == 2


def test_what_costs_money_is_not_timed(folder: Path, tmp_path: Path, prices: str) -> None:
    file = tmp_path / "model.py"
    with studies.ran(folder, studies.model(file, ANSWER), out=tmp_path / "run", prices=prices, timing=True) as results:
        assert results.rows[0].images_per_second is None
    assert len(studies.asked(file)) == 24


def test_what_a_model_may_think_is_set_aside() -> None:
    question = Generate((PHOTO, "What is it?"), 20)
    price = Price(output=10)

    def most(name: str) -> float:
        return tariff_of(model_plan(name), price).most(question).tokens_out

    assert most("openai/gpt-4o") == 20
    assert most("openai/o3") == 20 + 4096
    assert most("openai/o3,reasoning_tokens=100") == most("anthropic/claude-sonnet-4-6,reasoning_tokens=100") == 120
    assert most("google/gemini-2.5-flash") == 20 + 4096
    assert most("google/gemini-2.5-flash,thinking_budget=0") == 20
    assert most(f"scripted/{Path(__file__).with_name('models.py')}:circle") == 20  # it sends no request
