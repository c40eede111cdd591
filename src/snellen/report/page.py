"""The report as one page of HTML that needs nothing else: no file, no server, no network."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from snellen import __version__
from snellen.report import together
from snellen.report.elements import Figure, Section
from snellen.report.markup import render
from snellen.report.reported import ReportedRun
from snellen.report.sections import (
    agreement,
    bias,
    calibration,
    classes,
    confusion,
    leaderboard,
    method,
    mistakes,
    outcomes,
    summary,
    suspects,
    sweep,
    trade_offs,
)

_SECTIONS: tuple[Callable[[ReportedRun], Section | None], ...] = (
    summary.section,
    leaderboard.section,
    trade_offs.section,
    sweep.section,
    classes.section,
    confusion.section,
    outcomes.section,
    bias.section,
    calibration.section,
    agreement.section,
    suspects.section,
    mistakes.section,
    method.section,
)


def sections_of(run: ReportedRun) -> Iterator[Section]:
    """The sections that have something to say of a run."""
    run.begin()
    try:
        for make in _SECTIONS:
            with debug_mode(False):  # Altair would validate each part of each chart; tests do
                section = make(run)
            if section is not None:
                yield section
    finally:
        run.close()


def body(run: ReportedRun, sections: Sequence[Section]) -> Markup:
    """The sections of a run as HTML."""
    parts = [
        render(
            f"sections/{each.template}",
            {**each.context, "section": each, "figures": each.figures, "run": run, "links": run.links},
        )
        for each in sections
    ]
    return Markup("\n").join(parts)


def page(runs: Sequence[ReportedRun]) -> str:
    """The whole page of one run or several, with all scripts and styles in it.

    Its Content-Security-Policy lets run what is written here and nothing else, and no request go anywhere.
    """
    for run in runs:
        run.begin()
    bundle()  # meanwhile
    made = [(run, tuple(sections_of(run))) for run in runs]
    figures = [(run.prefix, figure) for run, sections in made for section in sections for figure in section.figures]
    scripts = [bundle(), static("report.js")] if figures else [static("report.js")]
    context = {
        "title": " + ".join(run.title for run in runs),
        "runs": [(run, sections, body(run, sections)) for run, sections in made],
        "together": render("sections/together.html", together.section(runs).context) if len(runs) > 1 else None,
        "style": static("report.css"),
        "scripts": scripts,
        "policy": policy(scripts),
        "charts": charts(figures),
        "version": __version__,
        "made": time.strftime("%Y-%m-%d %H:%M %Z"),
    }
    return str(render("report.html", context))


def charts(figures: Sequence[tuple[str, Figure]]) -> dict[str, list[object]]:
    """The charts of all variants by the anchors of their figures."""
    return {f"{prefix}{figure.name}": [variant.chart for variant in figure.variants] for prefix, figure in figures}


def policy(scripts: Sequence[str]) -> str:
    """Content-Security-Policy of a page with these scripts in it."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=4)
def static(name: str) -> Markup:
    """A script or a style sheet of ours."""
    return Markup(files("snellen.report").joinpath("static", name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def bundle() -> Markup:
    """Vega, Vega-Lite and Vega-Embed as one script, from vl-convert."""
    import vl_convert

    return Markup(
        re.sub(
            r"</(script)", r"<\\/\1", vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"), flags=re.IGNORECASE
        )
    )
