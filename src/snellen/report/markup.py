"""Templates into HTML: all that comes from data, models and files is escaped, and nothing in it can hide."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from snellen.console import visible
from snellen.summary import dollars, rate_text
from snellen.summary import seconds as seconds_text

LONGEST = 600  # characters of a text that is shown


def shown(value: Any) -> Any:
    """What a template prints of a value: texts with all invisible characters as escapes, None as a dash.

    What turns the direction of writing or hides is shown as an escape; scripts of other directions stay readable, as
    `bdi` in the templates keeps each name apart from what stands around it.
    """
    if value is None:
        return "–"
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def clip(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text that is longer, and how long it is."""
    return text if len(text) <= longest else f"{text[:longest]} … ({len(text):,} characters)"


def breakable(text: str) -> Markup:
    """A name that may be broken behind its commas and slashes."""
    escaped = str(escape(visible(text)))
    return Markup(re.sub(r"([,/=])(?=\w)", r"\1<wbr>", escaped))


def sentence(text: str) -> str:
    """A part of a longer sentence as one of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share, such as 97.8 %."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, such as +1.6."""
    return "–" if value is None else f"{round(100 * value, 1) + 0.0:+.1f}"  # no -0.0


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def cell(value: Any) -> str:
    """A value of a table of numbers."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else clip(str(value))


def as_json(value: Any) -> Markup:
    """JSON that can stand inside a script element whatever its texts are."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of the report; those of the viewer stand beside them."""
    made = Environment(
        loader=PackageLoader("snellen.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        percent=percent,
        points=points,
        number=number,
        cell=cell,
        breakable=breakable,
        clip=clip,
        sentence=sentence,
        as_json=as_json,
        dollars=dollars,
        rate=rate_text,
        seconds=seconds_text,
    )
    return made


def render(template: str, context: Mapping[str, Any]) -> Markup:
    """A template with its context."""
    return Markup(environment().get_template(template).render(context))
