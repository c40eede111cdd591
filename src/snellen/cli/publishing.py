"""The command about figures that others have published."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption
from snellen.cli.output import say, tell, tell_json


@app.command()
def published(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN|STUDY",
            help="A run folder, to be put beside them, or a study that comes with Snellen. Default: list them all.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show figures that others have published; with a run, beside what was measured, and what was done otherwise.

    Rows are matched by model, strategy and class names, and an accuracy is compared to one of the same scoring. Within:
    whether the 95 % interval of what was measured holds the published figure.

    \b
    Examples:
      snellen published
      snellen published clarifai-2024
      snellen published runs/clarifai-2024
    """
    from snellen.results import Results
    from snellen.verdict.published import beside
    from snellen.verdict.published_figures import sources
    from snellen.verdict.published_text import beside_lines, figures_lines

    named = tuple(source for source in sources() if run is not None and str(run) == source.name and not run.exists())
    if run is None or named:
        known = named or sources()
        if as_json:
            tell_json([each.as_data() for each in known])
        else:
            tell("\n".join(figures_lines(known)))
        return
    with closing(Results(run)) as results:
        found = beside(results)
    if as_json:
        tell_json([each.as_data() for each in found])
    elif found:
        tell("\n".join(beside_lines(found)))
    else:
        say("nothing is published here of these models, asked so, on these classes ('snellen published' lists it all)")
