"""Prices: the package's table, a file that goes before it, and what answers cost by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snellen.errors import WrongUse
from snellen.remote.prices import Price, Tally, load_prices
from snellen.remote.tariff import tally_of
from snellen.types import Text, Usage


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("gpt-4o", (2.5, 10)),
        ("gpt-4o-2024-08-06", (2.5, 10)),
        ("gpt-4o-2024-05-13", (5, 15)),
        ("gpt-4o-mini-2024-07-18", (0.15, 0.6)),
        ("gpt-4.1-nano", (0.1, 0.4)),
    ],
)
def test_a_model_has_the_price_of_its_own_name(name: str, price: tuple[float, float]) -> None:
    found = load_prices().of("openai", name)
    assert found is not None and (found.input, found.output) == price
    assert found.taken and found.source.startswith("https://")


def test_what_is_not_in_the_table_has_no_price() -> None:
    prices = load_prices()
    assert prices.of("openai", "gpt-4o-audio-preview") is None
    assert prices.of("openai", "gpt-5-pro") is None
    assert prices.of("anthropic", "claude-opus-4-1-20250805") != prices.of("anthropic", "claude-opus-4-5-20251101")
    assert prices.of("hf", "gpt-4o") is None
    assert prices.is_paid("google") and not prices.is_paid("hf") and not prices.is_paid("openai-compatible")


def test_a_file_goes_before_the_table(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"prices": [{"model": "openai/gpt-4o", "input": 1, "output": 2}]}))
    prices = load_prices(str(file))
    assert prices.of("openai", "gpt-4o") == Price(1, 2)
    assert prices.of("openai", "gpt-4o-mini") == load_prices().of("openai", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected"),
        ({"prices": [{"input": 1}]}, 'needs a "model"'),
        ({"prices": [{"model": "gpt-4o"}]}, "such as"),
        ({"prices": [{"model": "a/b", "inputs": 1}]}, "did you mean 'input'"),
        ({"prices": [{"model": "a/b", "input": -1}]}, "at least 0"),
        ({"prices": [{"model": "a/b", "input": True}]}, "at least 0"),
        ({"prices": [{"model": "a/b", "taken": 5}]}, "a text"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, content: Any, said: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(WrongUse, match=said):
        load_prices(str(file))
    with pytest.raises(WrongUse, match="cannot read"):
        load_prices(str(tmp_path / "none.json"))


def test_cached_tokens_are_cheaper_and_uncounted_ones_have_no_price() -> None:
    price = Price(input=2.0, output=8.0, cached_input=0.5)
    assert price.usd(Tally(3, 1_000_000, 500_000)) == 6.0
    assert price.usd(Tally(3, 1_000_000, 500_000, tokens_cached=1_000_000)) == 4.5
    assert price.usd(Tally(3, 1_000_000, 500_000, unmeasured=1)) is None
    assert Price(image=0.001).usd(Tally(2000, unmeasured=2000)) == 2.0


def test_no_count_of_a_server_makes_a_cost_negative() -> None:
    price = Price(input=2, cached_input=1, output=10)
    answer = Text("x", usage=Usage(10, 5, tokens_cached=1_000_000))
    assert price.usd(tally_of(answer)) == pytest.approx((10 * 1 + 5 * 10) / 1e6)
    assert price.usd(Tally(1, 10, 5, 1_000_000)) == pytest.approx((10 * 1 + 5 * 10) / 1e6)
    assert price.usd(tally_of(Text("x", usage=Usage(-10, -5, tokens_cached=-3)))) == 0
