"""What servers tell of themselves beside answers: their list of models, and their counters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from snellen.remote.faults import fault_of, one_line
from snellen.remote.wire import Fault, Reply

_SECONDS = 1e11  # more are milliseconds: as seconds they would be in the year 5138
_COUNTER = re.compile(
    rb"^\w+:(?:gpu_)?prefix_cache_(hits|queries)(?:_total)?(?:\{[^}]*\})?\s+([0-9.eE+]+)", re.MULTILINE
)


def prefix_cache(reply: Reply | None) -> tuple[float, float] | None:
    """Hits and queries, in tokens, of vLLM's prefix cache, over all engines; None where they are not told."""
    if reply is None or reply.status != 200:
        return None
    sums = {b"hits": 0.0, b"queries": 0.0}
    found = _COUNTER.findall(reply.body)
    for name, value in found:
        sums[name] += float(value)
    return (sums[b"hits"], sums[b"queries"]) if found else None


def announced(reply: Reply | Fault | None, name: str) -> tuple[bool | None, str]:
    """Whether a list of models tells the day on which this one ends; None where it does not tell."""
    if reply is None:
        return None, "no list of its models is known"
    fault = reply if isinstance(reply, Fault) else fault_of(reply)
    if fault is not None:
        return None, f"the server's list of models cannot be had: {fault.reason}"
    assert isinstance(reply, Reply)
    entries = _entries(reply)
    if entries is None:
        return None, "the server's list of models is of another form"
    entry = entries.get(name)
    if entry is None:
        return None, f"the server's list of {len(entries)} models has none of this name"
    date = entry.get("shutdown_date")
    return (True, f"on {_day(date)}") if date else (None, "none is told")


def _day(date: object) -> str:
    """A day that is told as text, in seconds since 1970 or in milliseconds; anything else as it is."""
    if isinstance(date, int | float) and not isinstance(date, bool):
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(date / 1000 if date > _SECONDS else date, UTC).date().isoformat()
    return one_line(str(date), 60)


def _entries(reply: Reply) -> Mapping[str, Mapping[str, object]] | None:
    """What is told of each model: as OpenAI and Anthropic tell it (`data`, `id`), or Google (`models`, `name`)."""
    try:
        data = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    models = (data.get("data") or data.get("models")) if isinstance(data, dict) else None
    if not isinstance(models, list):
        return None
    told = [each for each in models if isinstance(each, dict)]
    return {str(each.get("id") or each.get("name")).removeprefix("models/"): each for each in told}
