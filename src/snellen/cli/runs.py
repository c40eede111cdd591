"""Commands that make runs and read them again."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import (
    BatchSizeOption,
    ClassesOption,
    DatasetOption,
    JsonOption,
    LimitOption,
    MarginOption,
    MaxCostOption,
    ModelsOption,
    NoReportOption,
    OutOption,
    PerClassOption,
    PricesOption,
    QuietOption,
    RunArgument,
    SeedOption,
    StrategiesOption,
    StudyArgument,
    UntilDecidedOption,
)
from snellen.cli.output import progress_shown, say, show, tell
from snellen.errors import SnellenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from snellen.plan import Plan
    from snellen.progress import Progress
    from snellen.results import Results


@app.command()
def run(
    study: StudyArgument = None,
    dataset: DatasetOption = None,
    model: ModelsOption = None,
    strategy: StrategiesOption = None,
    classes: ClassesOption = None,
    per_class: PerClassOption = None,
    limit: LimitOption = None,
    seed: SeedOption = None,
    out: OutOption = None,
    batch_size: BatchSizeOption = None,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    until_decided: UntilDecidedOption = None,
    margin: MarginOption = None,
    no_timing: Annotated[bool, typer.Option("--no-timing", help="Do not measure speed.")] = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Ask a grey picture, too: what the prompts alone give away.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an earlier run aside, ask everything anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and stop.")] = False,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Make the run folder and ask nothing, for 'export openai-batch'.")
    ] = False,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put models through the test. The same command again asks only what is missing.

    \b
    Examples:
      snellen run -d photos -m hf/./my-vlm -m onnx/./mobilenet.onnx
      snellen run -d photos -m hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16 -s closed-set,votes=5 --classes 21
      snellen run study.yaml --limit 100
      snellen run -d photos -m openai/gpt-4o -m openai/gpt-4o-mini --until-decided 0.95 --margin 0.01
      snellen run clarifai-2024 -d 256_ObjectCategories -m hf/Qwen/Qwen2-VL-7B-Instruct
    """
    from snellen.flags import Flags, request
    from snellen.folder import set_aside
    from snellen.plan import resolve

    subset = {"classes": classes, "per_class": per_class, "limit": limit, "seed": seed}
    flags = Flags(dataset, tuple(model or ()), tuple(strategy or ()), subset, out, batch_size)
    flags = dataclasses.replace(flags, timing=not no_timing, max_cost=max_cost, prices=prices, blind=blind)
    flags = dataclasses.replace(flags, until_decided=until_decided, margin=margin)
    asked = dataclasses.replace(request(study, flags), sweep=None)  # a file may say how it is swept, too
    plan = resolve(asked, flags.batch_size, progress=progress_shown(quiet))
    if dry_run:
        tell_outline(plan)
        return
    if fresh and (place := set_aside(plan.out)):
        say(f"the earlier run is now {place}")
    if plan_only:
        _only_made(plan, quiet)
        return
    with closing(carried_out(plan, quiet)) as results:
        show(results, as_json, page=not no_report)
        exit_where_open(results, plan.until_decided is not None)


def tell_outline(plan: Plan) -> None:
    """Tells what would be asked."""
    from snellen.outline import outline

    tell("\n".join(outline(plan)))


def _only_made(plan: Plan, quiet: bool) -> None:
    from snellen.study import make

    make(plan, progress_shown(quiet))
    say("nothing was asked; the same command without --plan-only asks, or: snellen export openai-batch")
    tell(str(plan.out))


def exit_where_open(results: Results, until_decided: bool = False) -> None:
    """Ends with code 4 where the rows that were just asked have failed or pending examples.

    Asked until it was decided which row is best, those rows do not count of which no more is to be asked.
    """
    from snellen.verdict.stopping import settled

    left = results.asked - (settled(results) if until_decided else frozenset())
    if any((row.failed or row.pending) and row.number in left for row in results.rows):
        say("some examples have no answer; the same command again asks them once more")
        raise typer.Exit(4)


def carried_out(plan: Plan, quiet: bool, ask: Callable[[Progress], Results] | None = None) -> Results:
    """The results of the plan, `ask` if so given; an interruption and errors that were told already become an exit."""
    from snellen import study as studies

    progress = progress_shown(quiet)
    try:
        return ask(progress) if ask else studies.run(plan, progress)
    except KeyboardInterrupt:
        progress.end()
        say(f"interrupted; all answers are kept in {plan.out}: the same command again asks the rest")
        say(f"what there is so far: snellen report {plan.out}, or snellen view {plan.out}")
        raise typer.Exit(130) from None
    except SnellenError as error:
        if f"error: {error}" in progress.errors:
            raise typer.Exit(error.exit_code) from None
        raise


@app.command()
def score(
    run: RunArgument,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Derive all records and tables anew from the stored answers; no model is needed.

    \b
    Example:
      snellen score runs/photos
    """
    from snellen.study import rescore

    with closing(rescore(run, progress_shown(quiet))) as results:
        show(results, as_json, page=not no_report)
