"""What a run folder paid and what its rows cost, read from its database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from snellen import plugins
from snellen.database import Database
from snellen.remote.prices import Price, Tally
from snellen.remote.tariff import Tariff
from snellen.specs import ModelPlan

COLUMNS = ("cost_usd", "cost_per_1000_usd", "tokens_in", "tokens_out")
_USAGE = (
    "json_extract(body, '$[#-1][{}]')"  # of an answer as it is written: tokens in and out, seconds, attempts, cached
)
_TALLY = (
    f"SELECT count(*), coalesce(sum({_USAGE.format(0)}), 0), coalesce(sum({_USAGE.format(1)}), 0), "
    f"coalesce(sum({_USAGE.format(4)}), 0), coalesce(sum({_USAGE.format(0)} IS NULL OR {_USAGE.format(1)} IS NULL), 0) "
    "FROM answers WHERE model = ?"
)


def price_of(database: Database, model: int) -> Price | None:
    """The price of a model by the latest run that knew one."""
    found = database.value("SELECT json_extract(facts, '$.price') FROM models WHERE number = ?", model)
    return Price(**json.loads(found)) if found else None


def tariff_of(model: ModelPlan, price: Price | None) -> Tariff:
    """What the model's answers may take, by the limit in its requests. Raises WrongUse as its translation does."""
    made = getattr(plugins.load("engines", model.provider), "provider", None)
    most_tokens = made(model.name, model.options).most_tokens if made else None
    detail = str(getattr(model.options, "detail", None) or "auto")
    return Tariff(model.provider, model.name, detail, price, most_tokens)


def keep_price(database: Database, model: int, price: Price) -> None:
    """Keeps the price of a model: all its answers are counted at it."""
    written = json.dumps(dataclasses.asdict(price))
    database.execute("UPDATE models SET facts = json_set(facts, '$.price', json(?)) WHERE number = ?", written, model)


def spent(database: Database, models: Iterable[int] | None = None) -> float | None:
    """What all answers of these models cost, whatever they were for; None where none of them has a price.

    Without models, of all. Answers without a count of tokens are left out.
    """
    if models is None:
        models = [number for (number,) in database.execute("SELECT number FROM models").fetchall()]
    sums = []
    for model in set(models):
        if price := price_of(database, model):
            tally = Tally(*database.execute(_TALLY, model).fetchone())
            sums.append(price.usd(dataclasses.replace(tally, unmeasured=0)) or 0.0)
    return sum(sums) if sums else None


def mean_seconds(database: Database, model: int) -> float | None:
    """How long an answer of a model took on average; None where that was not measured."""
    seconds: float | None = database.value(f"SELECT avg({_USAGE.format(2)}) FROM answers WHERE model = ?", model)
    return seconds


def row_costs(database: Database, row: int, models: Mapping[str, int], settled: int) -> dict[str, Any]:
    """The columns of a row: None where no price is known, or where records came since its cost was counted."""
    found = database.fact(f"cost of row {row}")
    kept = json.loads(found) if found else {}
    current = kept if kept.get("settled") == settled else {}
    return {**{name: current.get(name) for name in COLUMNS}, "spent_usd": spent(database, models.values())}


def keep_row_costs(database: Database, row: int, costs: Mapping[str, Any]) -> None:
    """Keeps what a row cost with the number of records that are `settled`."""
    database.set_fact(f"cost of row {row}", json.dumps(costs))
