"""What servers tell of themselves beside answers: their list of models, and their counters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from snellen.remote.wire import Reply

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


def announced(reply: Reply | None, name: str) -> tuple[bool | None, str]:
    """Whether a list of models tells the day on which this one ends; None where it does not tell."""
    entries = _entries(reply)
    if entries is None:
        return None, "the server has no list of models"
    entry = entries.get(name)
    if entry is None:
        return None, f"the server's list of {len(entries)} models has none of this name"
    date = entry.get("shutdown_date")
    if not date:
        return None, "none is told"
    if isinstance(date, (int, float)) and not isinstance(date, bool):
        date = datetime.fromtimestamp(date, UTC).date().isoformat()
    return True, f"on {date}"


def _entries(reply: Reply | None) -> Mapping[str, Mapping[str, object]] | None:
    if reply is None or reply.status != 200:
        return None
    try:
        data = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    models = data.get("data") if isinstance(data, dict) else None
    if not isinstance(models, list):
        return None
    return {str(each.get("id", "")).removeprefix("models/"): each for each in models if isinstance(each, dict)}
