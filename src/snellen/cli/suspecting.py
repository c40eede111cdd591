"""The command that lists labels worth a look."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption, RunArgument
from snellen.cli.output import say, tell_json

if TYPE_CHECKING:
    from snellen.verdict.suspects import Suspect

_SHOWN = 20


@app.command()
def suspects(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.csv", help="Write all of them to this table.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(metavar="N", help=f"How many to show. Default: {_SHOWN}, in JSON all.", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List images whose labels models contradict, those first that models of different kinds agree on.

    Of each model the row that is right most often testifies. What a model often takes for what counts little against a
    label; a class that it has never seen here counts much.

    \b
    Examples:
      snellen suspects runs/photos
      snellen suspects runs/photos -o suspects.csv
    """
    from snellen.results import Results
    from snellen.verdict.suspects import as_data, lines, write_csv
    from snellen.verdict.suspects import suspects as found_in

    with closing(Results(run)) as results:
        told = found_in(results)
    if out is not None:
        write_csv(told.found, told.look, out)
    if as_json:
        tell_json(as_data(told, top))
    elif told.found:
        _print(told.found[: top or _SHOWN])
    for line in lines(told):
        say(line)
    if out is not None:
        say(f"all of them are in {out}")


def _print(found: tuple[Suspect, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from snellen.console import QuietConsole, one_line
    from snellen.short_names import short_models
    from snellen.verdict.suspects import says_text

    console = QuietConsole()
    names = short_models((one_line(model) for each in found for model, _ in each.says), max(14, console.width // 4))
    table = Table(box=None, pad_edge=False, header_style="" if console.no_color else "bold", padding=(0, 1, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    for title in ("Image", "Label", "Suggested", "Says so"):
        table.add_column(title, overflow="fold")
    for rank, each in enumerate(found, 1):
        cells = (each.example, each.label, each.suggested, says_text(each, names))
        table.add_row(str(rank), *(Text(one_line(cell)) for cell in cells))
    console.print(table)
