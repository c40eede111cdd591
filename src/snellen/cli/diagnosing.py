"""The command that tells what goes wrong in a run."""

from __future__ import annotations

import dataclasses
import json
from contextlib import closing

from snellen.cli.app import app
from snellen.cli.options import JsonOption, QuietOption, RowModelsOption, RowStrategiesOption, RunArgument
from snellen.cli.output import progress_shown, say, tell

_MANY = 2000  # answers that take longer to read again than one waits without a word


@app.command()
def diagnose(
    run: RunArgument,
    model: RowModelsOption = None,
    strategy: RowStrategiesOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell what goes wrong in a run: kinds of wrong answers, confused classes, biases, and what scores are worth.

    Biases are told where 95 % intervals show them; --json has all figures. Nothing is asked, no model is needed.

    \b
    Examples:
      snellen diagnose runs/photos
      snellen diagnose runs/photos -m hf/./my-vlm -s closed-set,votes=5
      snellen diagnose runs/photos --json > diagnosis.json
    """
    from snellen.progress import Silence
    from snellen.results import Results
    from snellen.verdict.diagnosing import chosen_rows, diagnose
    from snellen.verdict.diagnosing_lines import lines

    with closing(Results(run)) as results:
        rows = chosen_rows(results, model or (), strategy or ())
        if not rows:
            say("the run has no rows yet")
        answered = sum(row.answered + row.unparsed for row in rows)
        progress = progress_shown(quiet) if answered > _MANY else Silence()
        progress.begin("reading answers", 0)
        try:
            found = []
            for place, row in enumerate(rows):
                found.append(diagnose(results, row, progress.advance))
                if not as_json:
                    tell(("\n" if place else "") + "\n".join(lines(found[-1])))
        finally:
            progress.end()
    if as_json:
        tell(json.dumps({"rows": [dataclasses.asdict(each) for each in found]}, indent=2, allow_nan=False))
