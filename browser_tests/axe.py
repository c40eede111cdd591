"""Faults of accessibility, as axe-core finds them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

_GRAVE = ("serious", "critical")


def check_axe(page: Page, within: str | None = None, but: Iterable[str] = ()) -> None:
    """Raises AssertionError with each serious or critical fault: the rule, where it is broken, what it asks.

    `within` is a selector of the part that is looked at; `but` are rules that are not applied.
    """
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    options = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in but}}
    session = page.context.new_cdp_session(page)  # runs where a content security policy lets no script in
    try:
        _evaluated(session, f"{script}\n;undefined")
        where = "document" if within is None else json.dumps(within)
        found = _evaluated(session, f"axe.run({where}, {json.dumps(options)}).then(JSON.stringify)")
    finally:
        session.detach()
    grave = [each for each in json.loads(found)["violations"] if each["impact"] in _GRAVE]
    assert not grave, f"{page.url[:200]} breaks rules of accessibility:\n" + "\n".join(map(_shown, grave))


def _shown(violation: dict[str, Any]) -> str:
    places = [" ".join(map(str, node["target"])) + f"  {node['html'][:120]}" for node in violation["nodes"][:8]]
    more = len(violation["nodes"]) - len(places)
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}", *(f"    {place}" for place in places)]
    return "\n".join([*lines, f"    and {more} more"] if more else lines)


def _evaluated(session: Any, expression: str) -> Any:
    words = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    done = session.send("Runtime.evaluate", words)
    if "exceptionDetails" in done:
        raise RuntimeError(f"axe-core failed: {done['exceptionDetails']}")
    return done["result"].get("value")
