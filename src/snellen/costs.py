"""What a run folder paid and what its rows cost, read from its database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from snellen import plugins
from snellen.database import Database
from snellen.errors import WrongUse
from snellen.ledger import beside, in_flight, lost
from snellen.remote.options import host, is_loopback
from snellen.remote.prices import Price, Tally
from snellen.remote.tariff import Tariff
from snellen.specs import ModelPlan

COLUMNS = ("cost_usd", "cost_per_1000_usd", "tokens_in", "tokens_out")
_USAGE = (
    "json_extract(body, '$[#-1][{}]')"  # of an answer as it is written: tokens in and out, seconds, attempts, cached
)
_IN, _OUT, _SECONDS, _CACHED = (_USAGE.format(place) for place in (0, 1, 2, 4))
_TALLY = (
    f"SELECT count(*), coalesce(sum({_IN}), 0), coalesce(sum({_OUT}), 0), coalesce(sum(min({_CACHED}, {_IN})), 0), "
    f"coalesce(sum({_IN} IS NULL OR {_OUT} IS NULL), 0) FROM answers "
    f"WHERE model = ? AND ({_SECONDS} IS NULL) = ?"  # those of a batch API have none
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


def host_of(model: ModelPlan) -> str | None:
    """The host that answers for the model; None where it is this machine. Raises WrongUse as its translation does."""
    made = getattr(plugins.load("engines", model.provider), "provider", None)
    url = made(model.name, model.options).base_url if made else None
    return None if url is None or is_loopback(url) else host(url)


def keep_price(database: Database, model: int, price: Price) -> None:
    """Keeps the price of a model: all its answers are counted at it."""
    written = json.dumps(dataclasses.asdict(price))
    database.execute("UPDATE models SET facts = json_set(facts, '$.price', json(?)) WHERE number = ?", written, model)


def spent(database: Database, models: Iterable[int] | None = None) -> float | None:
    """What was paid to these models as they told, whatever it was for, attempts without an answer included.

    Without models, to all. None where none of them has a price, or where an answer has no count of tokens.
    """
    found = [
        usd
        for model in _numbers(database, models)
        if (price := price_of(database, model))
        for usd in (
            price.usd(_tally(database, model) + beside(database, model).told),
            price.usd(_tally(database, model, batched=True), batched=True),
        )
    ]
    known = [usd for usd in found if usd is not None]
    return sum(known) if found and len(known) == len(found) else None


def spent_most(database: Database) -> float:
    """What was spent at most, all told: for a limit that is kept.

    What no tokens were told of counts as the most that was expected of it, and what was in flight when a process ended
    as if it had been answered. Raises WrongUse where answers have no count, and none was expected: their price came
    later.
    """
    total = lost(database) + in_flight(database)
    for model in _numbers(database):
        if price := price_of(database, model):
            more, live, batch = beside(database, model), _tally(database, model), _tally(database, model, batched=True)
            missing = live.unmeasured + batch.unmeasured - more.answers
            if missing > 0 and (price.input or price.output):
                name = database.value("SELECT name FROM models WHERE number = ?", model)
                raise WrongUse(
                    f"max_cost cannot be kept: {missing} earlier answers of {name} in this run "
                    "folder came without a count of tokens, so what they cost is not known; use another --out"
                )
            total += (
                _usd(price, live) + _usd(price, batch, batched=True) + _usd(price, more.told) + _usd(price, more.most)
            )
    return total


def untold(database: Database, models: Iterable[int]) -> float:
    """What these models may have been paid, at most, beyond what their answers and attempts told."""
    found = [(price_of(database, model), beside(database, model).most) for model in set(models)]
    return sum(_usd(price, most) for price, most in found if price)


def _tally(database: Database, model: int, batched: bool = False) -> Tally:
    """What the answers of a model took that were asked live, or by a batch API."""
    return Tally(*database.execute(_TALLY, model, batched).fetchone())


def _usd(price: Price, tally: Tally, batched: bool = False) -> float:
    return price.usd(dataclasses.replace(tally, unmeasured=0), batched) or 0.0


def _numbers(database: Database, models: Iterable[int] | None = None) -> set[int]:
    if models is not None:
        return set(models)
    return {number for (number,) in database.execute("SELECT number FROM models").fetchall()}


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
