"""A dry run tells what would be asked and paid, and asks nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studies


@pytest.fixture
def told(tmp_path: Path, snellen: Callable[..., Any]) -> Callable[..., str]:
    folder = studies.photographs(tmp_path / "photos", names=("cat", "dog", "bird", "background"))
    file = tmp_path / "model.py"
    name = studies.model(file, "return Text(truth(image), usage=Usage(100, 5, 0.5))")
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"prices": [{"model": "scripted/*", "input": 1000, "output": 2000}]}))

    def call(*words: object) -> str:
        said = snellen("run", "-d", folder, "-m", name, "--prices", prices, "--out", tmp_path / "run", *words)
        assert said.code == 0, said.err
        return str(said.out)

    return call


def test_requests_tokens_and_dollars_are_told_for_each_row(told: Callable[..., str], tmp_path: Path) -> None:
    out = told("-s", "closed-set", "-s", "binary", "-s", "closed-set,votes=3", "--dry-run")
    assert not (tmp_path / "run").exists() and not studies.asked(tmp_path / "model.py")
    lines = out.splitlines()
    after = {line.split(" · ")[1]: lines[place + 1] for place, line in enumerate(lines) if line.startswith("row ")}
    assert after["closed-set"].strip().startswith("16 requests, ")
    assert re.match(r" +4[0-8] requests \(at most 48\), ", after["closed-set,votes=3"])  # votes may coincide
    likely, most = map(int, re.findall(r"(\d+) requests \(at most (\d+)\)", after["binary"])[0])
    assert 16 < likely < most == 48  # four classes, one of them the background, that is not asked about
    assert re.search(r"total +[\d.]+ USD, at most [\d.]+ USD", out)
    assert "1000 USD for a million tokens in, 2000 USD out" in out
    (tokens,) = re.findall(r"16 requests, ([\d,]+) tokens in", after["closed-set"])
    assert 16 * 30 < int(tokens.replace(",", "")) < 16 * 100
    assert " s," not in after["closed-set"]


def test_after_a_run_the_seconds_are_known_and_what_was_spent(told: Callable[..., str]) -> None:
    told("-s", "closed-set", "--no-timing", "--max-cost", "10000")
    out = told("-s", "closed-set", "--dry-run", "--max-cost", "3")
    assert "100% of the images are answered already" in out and "0 requests, " in out
    out = told("-s", "closed-set", "-s", "closed-set,shots=1", "--dry-run", "--max-cost", "3")
    assert "12 requests, " in out and " 6 s, " in out
    assert "3 USD, of which 1.76 USD are spent" in out


def test_what_a_run_costs_lies_between_nothing_and_the_most(told: Callable[..., str], tmp_path: Path) -> None:
    out = told("-s", "closed-set", "--dry-run")
    (most,) = re.findall(r"total +[\d.]+ USD, at most ([\d.]+) USD", out)
    told("-s", "closed-set", "--no-timing")
    (row,) = studies.rows(tmp_path / "run")
    assert 0 < row["cost_usd"] < float(most)


def test_a_strategy_that_cannot_be_foreseen_is_said_to_be(told: Callable[..., str]) -> None:
    out = told("-s", "nearest-centroid,shots=1", "--dry-run")
    assert "requests" in out or "not known beforehand" in out


def test_what_is_answered_already_is_taken_off(told: Callable[..., str], tmp_path: Path) -> None:
    told("-s", "closed-set", "--no-timing", "--limit", "8")
    out = told("-s", "closed-set", "--dry-run")
    assert "50% of the images are answered already" in out
    assert " 8 requests, " in out and "requests (at most" not in out


def test_what_is_not_known_beforehand_is_said(told: Callable[..., str], snellen: Callable[..., Any]) -> None:
    assert "seconds unknown" in told("-s", "closed-set", "--dry-run")
    photos = ("run", "-d", "shapes", "--limit", "4", "-s", "closed-set", "--dry-run")
    out = snellen(*photos, "-m", "openai/o3", "-m", "google/gemini-2.5-flash,thinking_budget=0").out
    assert "openai/o3 may think before it answers: up to 4,096 tokens each time" in out
    assert "gemini-2.5-flash may think" not in out


def test_a_host_without_a_price_has_its_tokens_told_and_no_limit(snellen: Callable[..., Any]) -> None:
    words = ("run", "-d", "shapes", "--limit", "4", "-s", "closed-set", "--dry-run", "-m")
    away, here = (f"openai-compatible/m,base_url=http://{host}/v1" for host in ("api.example.com", "127.0.0.1:8000"))
    said = snellen(*words, away)
    assert "4 requests, " in said.out and " tokens in" in said.out
    assert "no price is known for openai-compatible/m" in said.out
    assert "no price" not in snellen(*words, here).out
    limited = snellen(*words, away, "--max-cost", "1")
    assert limited.code == 2 and "--prices" in limited.err
    assert snellen(*words, here, "--max-cost", "1").code == 0
