"""What providers tell in the bodies of their replies, beside the answer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from snellen.remote.faults import fault_of, message_in, one_line
from snellen.remote.wire import Fault, Reply


def error_of(reply: Reply) -> Mapping[str, Any]:
    """The error in a body with its code and type, whichever of the usual shapes it has; empty where there is none."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    return next((body[key] for key in ("error", "detail") if isinstance(body.get(key), dict)), body)


def fault(reply: Reply, again: bool | None = None, wait: float | None = None) -> Fault:
    """The fault of a reply that holds an error: by its status, unless the provider tells better what it means.

    An error under a status of success is one of the server's own, and may pass.
    """
    told = fault_of(reply) or Fault(one_line(f"answered with an error: {message_in(reply.body)}"), again=True)
    again = told.again if again is None else again
    return dataclasses.replace(told, again=again, wait=(told.wait if wait is None else wait) if again else None)


def mapping(value: object) -> Mapping[str, Any]:
    """A part of a body that should be an object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def count(value: object) -> int | None:
    """A number of tokens as it was told, None where it was not."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
