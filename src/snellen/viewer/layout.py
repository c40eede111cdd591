"""What all pages have in common: templates, the frame around them, and what is said where there is nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from snellen import __version__
from snellen.console import visible
from snellen.report.markup import environment
from snellen.viewer.served import ServedRun
from snellen.viewer.statics import address

PAGES = (("", "Report"), ("images", "Images"), ("compare", "Compare"), ("answers", "Answers"), ("marks", "Marks"))
_RELOAD = {"Refresh": "2"}  # seconds; works without a script


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """The report's templates with those of the viewer."""
    made = environment().overlay(
        loader=ChoiceLoader([PackageLoader("snellen.viewer"), PackageLoader("snellen.report")])
    )
    made.filters["exact"] = _exact
    made.globals.update(version=__version__, pages=PAGES, query=_query, static=address)
    return made


def _exact(text: str) -> Markup:
    """A text as the value of a field, which comes back as it is: what is invisible stands as a character reference."""
    escaped = str(escape(text))
    if visible(escaped) == escaped:
        return Markup(escaped)
    return Markup("".join(each if visible(each) == each else f"&#{ord(each)};" for each in escaped))


def _query(**values: Any) -> str:
    """The query of an address; what is None is left out."""
    return urlencode({key: value for key, value in values.items() if value is not None}, errors="backslashreplace")


def respond(
    template: str,
    context: Mapping[str, Any],
    run: ServedRun | None = None,
    here: str | None = None,
    status: int = 200,
    reload: bool = False,
) -> Response:
    """A page from its template; `here` is which of a run's pages it is, `reload` has browsers ask again soon."""
    beat = run.beat if run else None
    pending, total = (run.pending if run and beat is None else None) or (0, 0)
    frame: dict[str, Any] = {
        "run": run,
        "here": here,
        "beat": beat,
        "pending": pending,
        "total": total,
        "title": run.title if run else "Snellen",
        "told": [],
    }
    written = _templates().get_template(f"view/{template}").render({**frame, **context})
    return HTMLResponse(written.encode("utf-8", "backslashreplace"), status, _RELOAD if reload else {})


def fragment(template: str, context: Mapping[str, Any]) -> str:
    """A part of a page."""
    return _templates().get_template(f"view/{template}").render(context)


def problem(message: str, advice: str, status: int, run: ServedRun | None = None) -> Response:
    """A page that says what is wrong and what to do."""
    return respond("problem.html", {"message": message, "advice": advice}, run, status=status)


def waiting(run: ServedRun, here: str) -> Response:
    """A page that stands for one that cannot be made yet, and reloads by itself."""
    return respond("waiting.html", {}, run, here, reload=True)


def nothing(run: ServedRun, here: str) -> Response:
    """A page about a run without an image; it reloads by itself where the run goes on."""
    advice = "It has just begun; this page reloads by itself." if run.beat else "Run it: snellen run."
    context = {"message": "There is no image in this run yet.", "advice": advice}
    return respond("problem.html", context, run, here, reload=run.beat is not None)
