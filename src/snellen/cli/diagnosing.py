"""The command that tells what goes wrong in a run."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption, QuietOption, RowModelsOption, RowStrategiesOption, RunArgument
from snellen.cli.output import progress_shown, say, tell, tell_json

if TYPE_CHECKING:
    from snellen.result_row import ResultRow
    from snellen.results import Results

_MANY = 2000  # answers that take longer to read again than one waits without a word


@app.command()
def diagnose(
    run: RunArgument,
    model: RowModelsOption = None,
    strategy: RowStrategiesOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="All sets of images and classes, not the largest alone.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell what goes wrong in a run: kinds of wrong answers, confused classes, biases, and what scores are worth.

    Biases are told where 95 % intervals show them; --json has all figures. Nothing is asked, no model is needed. Of a
    run about several sets of images or classes, such as a sweep, the rows of the largest are told of.

    \b
    Examples:
      snellen diagnose runs/photos
      snellen diagnose runs/photos -m hf/./my-vlm -s closed-set,votes=5
      snellen diagnose runs/photos --json > diagnosis.json
    """
    from snellen.progress import Silence
    from snellen.results import Results
    from snellen.verdict.candidates import image_sets
    from snellen.verdict.diagnosing import chosen_rows, diagnose
    from snellen.verdict.diagnosing_lines import lines

    with closing(Results(run)) as results:
        sets = image_sets(results, chosen_rows(results, model or (), strategy or ()))
        rows = [row for each in (sets if every else sets[:1]) for row in each]
        if not rows:
            say("the run has no rows yet")
        elif len(sets) > 1 and not every:
            about = f"{rows[0].images} images of {rows[0].classes} classes, seed {rows[0].seed}"
            say(f"{len(sets)} sets of images or classes: this is about the largest, {about}; --all tells of all")
        apart = len(sets) > 1 and every
        answered = sum(row.answered + row.unparsed for row in rows)
        progress = progress_shown(quiet) if answered > _MANY else Silence()
        progress.begin("reading answers", 0)
        try:
            found = []
            for place, row in enumerate(rows):
                found.append(diagnose(results, row, progress.advance))
                if not as_json:
                    tell(("\n" if place else "") + "\n".join(lines(found[-1], _names(results, row) if apart else ())))
        finally:
            progress.end()
    if as_json:
        tell_json({"rows": [dataclasses.asdict(each) for each in found]})


def _names(results: Results, row: ResultRow) -> list[str]:
    names: list[str] = results.spec(row)["classes"]["names"]
    return names
