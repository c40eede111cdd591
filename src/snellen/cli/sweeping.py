"""The command that varies the number of classes."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import (
    BatchSizeOption,
    DatasetOption,
    JsonOption,
    MaxCostOption,
    ModelsOption,
    NoReportOption,
    OutOption,
    PerClassOption,
    PricesOption,
    QuietOption,
    SeedOption,
    StrategiesOption,
    StudyArgument,
)
from snellen.cli.output import progress_shown, say, show
from snellen.cli.runs import carried_out, exit_where_open, tell_outline

if TYPE_CHECKING:
    from snellen.sweep import SweepPlan


_CountsOption = Annotated[
    str | None,
    typer.Option(metavar="N,N…", help="Numbers of classes. Default: 10,25,50,75,100,150,200 as far as they go, all."),
]
_DrawsOption = Annotated[int | None, typer.Option(metavar="N", help="How many random sets of each number. Default: 3.")]
_OrderOption = Annotated[
    str | None, typer.Option(metavar="random|hard|both", help="How classes are chosen. Default: random.")
]
_TimingOption = Annotated[bool, typer.Option("--timing", help="Measure the speed of each set, too.")]
_FreshOption = Annotated[bool, typer.Option("--fresh", help="Set an earlier run aside, ask everything anew.")]
_DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and stop.")]


@app.command()
def sweep(
    study: StudyArgument = None,
    dataset: DatasetOption = None,
    model: ModelsOption = None,
    strategy: StrategiesOption = None,
    class_counts: _CountsOption = None,
    draws: _DrawsOption = None,
    order: _OrderOption = None,
    per_class: PerClassOption = None,
    limit: Annotated[int | None, typer.Option(hidden=True)] = None,
    seed: SeedOption = None,
    out: OutOption = None,
    batch_size: BatchSizeOption = None,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    timing: _TimingOption = False,
    fresh: _FreshOption = False,
    dry_run: _DryRunOption = False,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how accuracy falls as classes are added: the test with more and more of them, in one go.

    Sets are nested: the 10 classes are among the 25, these among the 50. A background class is always in and counts.
    A class has the same images in all sets and for all models. What sets ask alike, such as "Is there a cat?", is asked
    once. The same command again asks what is missing; other numbers add to what there is.

    Hard sets take the classes first that the models confuse, as seen in the largest set, which is asked first. The same
    errors choose the classes and are then counted, so hard figures are pessimistic.

    \b
    Examples:
      snellen sweep -d photos -m hf/./my-vlm --class-counts 10,25,50,100 --per-class 20
      snellen sweep study.yaml --class-counts 10,100 --order both --max-cost 5
    """
    from snellen import sweep as sweeps
    from snellen.flags import Flags, request
    from snellen.folder import set_aside

    subset = {"per_class": per_class, "limit": limit, "seed": seed}
    flags = Flags(dataset, tuple(model or ()), tuple(strategy or ()), subset, out, batch_size)
    asked = request(study, dataclasses.replace(flags, max_cost=max_cost, prices=prices))
    wanted = sweeps.wanted(asked.sweep or {}, {"class_counts": class_counts, "draws": draws, "order": order})
    asked = dataclasses.replace(asked, timing=timing)
    plan = sweeps.plan_sweep(asked, wanted, batch_size, progress_shown(quiet))
    if dry_run:
        _outline(plan)
        return
    if fresh and (place := set_aside(plan.plan.out)):
        say(f"the earlier run is now {place}")
        plan = sweeps.plan_sweep(asked, wanted, batch_size)
    with closing(carried_out(plan.plan, quiet, lambda progress: sweeps.run(plan, progress))) as results:
        show(results, as_json, swept=True, page=not no_report)
        exit_where_open(results)


def _outline(plan: SweepPlan) -> None:
    tell_outline(plan.plan)
    if plan.waiting:
        say("the hard sets are chosen when the largest set is answered, and are not among these")
