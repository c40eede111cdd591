"""Commands that say what runs mean."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption, RowModelsOption, RowStrategiesOption
from snellen.cli.output import say, tell_json


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders over the same images.")],
    model: RowModelsOption = None,
    strategy: RowStrategiesOption = None,
    every: Annotated[bool, typer.Option("--all", help="Show each pair, however many rows there are.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say who is really better: paired tests, ties, and how many images would tell the others apart.

    Rows are compared on the images that both answered. Rows of several folders are matched by the content and the label
    of their images.

    \b
    Examples:
      snellen compare runs/photos
      snellen compare runs/photos runs/photos-float16 -s closed-set
      snellen compare runs/photos --all --json
    """
    from snellen.console import QuietConsole
    from snellen.results import Results
    from snellen.verdict.settings import settings
    from snellen.verdict.sittings import sittings
    from snellen.verdict.standings import Standings
    from snellen.verdict.standings_text import left_out, print_all
    from snellen.verdict.stopping import told

    folders = {run.resolve(): run for run in runs}.values()
    with ExitStack() as opened:
        results = [opened.enter_context(closing(Results(run))) for run in folders]
        found = sittings(results, model or (), strategy or ())
        compared = [(Standings(sitting), settings(sitting, results)) for sitting in found]
        if line := left_out(row for each in results for row in each.rows):
            say(line)
        for line in dict.fromkeys(line for each in results for line in told(each)):
            say(line)
    names = [str(run) for run in folders]
    if as_json:
        groups = [
            {**standings.as_data(names), "differs": [each.as_data() for each in differs]}
            for standings, differs in compared
        ]
        tell_json({"runs": names, "groups": groups})
    else:
        print_all(compared, names, QuietConsole(), every, chosen=bool(model or strategy))
