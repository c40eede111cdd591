"""The command that says which model to take."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption, RunArgument
from snellen.cli.output import say, tell_json

_Limit = float | None


@app.command()
def recommend(
    run: RunArgument,
    max_gpu_gb: Annotated[_Limit, typer.Option(metavar="GB", help="GPU memory at most; 0 for no GPU.")] = None,
    max_rss_gb: Annotated[_Limit, typer.Option(metavar="GB", help="Memory (RAM) at most.")] = None,
    min_images_per_second: Annotated[_Limit, typer.Option(metavar="N", help="Images a second at least.")] = None,
    max_latency_ms: Annotated[
        _Limit, typer.Option(metavar="MS", help="Milliseconds for a single image at most, as the median.")
    ] = None,
    max_cost_per_1000: Annotated[_Limit, typer.Option(metavar="USD", help="Price of 1000 images at most.")] = None,
    min_accuracy: Annotated[_Limit, typer.Option(metavar="SHARE", help="Accuracy at least, such as 0.9.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Chooses the folds of the cross-validation.", min=0)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say which model and strategy to take, within limits of memory, speed, money and accuracy; no model is needed.

    A row is left out that breaks a limit, or that another one makes needless: one that takes no more time, memory and
    money (differences below 10 % count as none) and is not surely less accurate. Then come cascades, in which a fast
    model hands over to a slow one what it is not sure of, if such a pair is worth more than a row alone.

    \b
    Examples:
      snellen recommend runs/photos
      snellen recommend runs/photos --max-gpu-gb 10 --min-images-per-second 5
      snellen recommend runs/photos --max-cost-per-1000 1 --min-accuracy 0.9
    """
    from snellen.console import QuietConsole
    from snellen.results import Results
    from snellen.verdict.advice import as_data, print_advice
    from snellen.verdict.limits import Limits
    from snellen.verdict.recommending import recommend as recommended

    limits = Limits(max_gpu_gb, max_rss_gb, min_images_per_second, max_latency_ms, max_cost_per_1000, min_accuracy)
    with closing(Results(run)) as results:
        found = recommended(results, limits, seed)
        if as_json:
            tell_json(as_data(results, found, limits, seed))
        else:
            print_advice(results, found, QuietConsole())
        for line in found.notes:
            say(line)
