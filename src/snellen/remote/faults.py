"""What a reply that is no answer means: whether to ask again, when, and what to tell the user."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from snellen.remote.wire import Fault, Reply

LONGEST_REASON = 300
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
_CROWDED = {429, 503, 529}
_MEANING = {
    301: "the address has moved; correct base_url",
    302: "the address has moved; correct base_url",
    307: "the address has moved; correct base_url",
    308: "the address has moved; correct base_url",
    401: "the key is not accepted",
    402: "it has to be paid for",
    403: "this key may not ask it",
    404: "there is no such model or address",
    413: "the request is too large",
}
# The words "exceeded your current quota" tell nothing: they are also those of a limit by the minute.
_SPENT = re.compile(
    r"insufficient_quota|billing_hard_limit|billing_not_active|credit balance is too low", re.IGNORECASE
)


def one_line(text: str, longest: int = LONGEST_REASON) -> str:
    """A text on one line of printable characters, cut at `longest`."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def fault_of(reply: Reply) -> Fault | None:
    """The fault that the status of a reply tells; None where it is one of success."""
    status = reply.status
    if 200 <= status < 300:
        return None
    said = message_in(reply.body)
    meaning = _MEANING.get(status)
    reason = f"HTTP {status}" + (f", {meaning}" if meaning else "") + (f": {said}" if said else "")
    if is_spent(reply):
        return Fault(one_line(reason), again=False)
    again = status in _AGAIN or (status >= 500 and status not in (501, 505))
    return Fault(one_line(reason), again, wait_in(reply.headers) if again else None, status in _CROWDED)


def is_spent(reply: Reply) -> bool:
    """Whether the reply says that there is no money left, under whichever status."""
    if reply.status not in (400, 402, 403, 429):
        return False
    return _SPENT.search(reply.body[:65536].decode("utf-8", "replace")) is not None


def message_in(body: bytes) -> str:
    """What an error's body says: the message in its JSON, the title of a page, or its beginning."""
    text = body[:65536].decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return one_line(title[1] if title else re.sub(r"<[^>]*>", " ", text))
    return one_line(_message(found))


def _message(found: Any) -> str:
    for _ in range(5):
        if isinstance(found, list) and found:
            found = found[0]
        elif isinstance(found, dict):
            inner = next(
                (found[name] for name in ("error", "message", "detail", "msg", "title") if found.get(name)), None
            )
            if inner is None:
                break
            found = inner
    return found if isinstance(found, str) else str(found)


def wait_in(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds that a server asks to wait, in `retry-after-ms` or in `retry-after` as a number or as a date."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        if (given := headers.get(name)) is None:
            continue
        try:
            seconds = float(given) * unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(given).timestamp() - (time.time() if now is None else now)
            except (ValueError, OverflowError):
                continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    return None


def parsed(reply: Reply) -> Any:
    """The object in a reply, or a Fault where the body is cut, is not UTF-8, not JSON or no object.

    The content type is not looked at: what parses is an answer.
    """
    try:
        found = json.loads(reply.body.decode("utf-8"))
    except UnicodeDecodeError:
        return Fault("answered with bytes that are not UTF-8", again=True)
    except (ValueError, RecursionError):
        if reply.body.lstrip()[:1] == b"<":
            return Fault(f"answered with a page in place of JSON: {message_in(reply.body)}", again=True)
        if not reply.body.strip():
            return Fault("answered with nothing", again=True)
        return Fault(one_line(f"answered with what is not JSON: {message_in(reply.body)}"), again=True)
    if not isinstance(found, dict):
        return Fault(one_line(f"answered with JSON of another kind: {message_in(reply.body)}"), again=True)
    return found
