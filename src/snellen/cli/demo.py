"""The command that shows the whole thing."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.options import JsonOption, NoReportOption, QuietOption
from snellen.cli.output import say, say_lines, show
from snellen.cli.runs import carried_out, exit_where_open

_DATASET = {"path": "demo/pictograms", "classes": 21}
_MODELS = ("demo/vlm", "demo/clip", "demo/classifier")
_STRATEGIES = (
    *("closed-set", "closed-set,votes=5", "binary", "binary,decide=argmax", "likelihood"),
    *("zero-shot", "vocabulary,background=background"),
)
_BEFORE = """\
Three small models that come with snellen take one test: {images} drawn pictures of {objects} objects and a background.
  demo/vlm         a vision-language model (LLaVA), asked in five ways
  demo/clip        a dual encoder (CLIP), by the class whose text is nearest
  demo/classifier  a conventional network (ResNet), by its own labels
They know such pictures alone and are small, so that nothing is downloaded and a laptop needs some two minutes. What is
measured is real; of larger models and other pictures it says nothing."""
_AFTER = """\
Look at it: open {out}/report.html, or see every image and answer with: snellen view {out}
What it means: snellen compare {out} (which is really better), recommend, diagnose, suspects

Next, your own images, in a folder with a sub-folder for each class:
  snellen datasets show FOLDER
  snellen run -d FOLDER -m clip/openai/clip-vit-base-patch32 -m hf/Qwen/Qwen2-VL-2B-Instruct --limit 100
  snellen ask demo/vlm IMAGE --classes cat,dog,car      one image: the prompts, the raw answers, the prediction"""


@app.command()
def demo(
    per_class: Annotated[int, typer.Option(metavar="N", help="Pictures of each class.", min=1)] = 15,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The run folder.")] = Path("runs/demo"),
    no_timing: Annotated[bool, typer.Option("--no-timing", help="Do not measure speed.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an earlier run aside, ask everything anew.")] = False,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the whole thing on built-in pictures and models; nothing is downloaded.

    \b
    Example:
      snellen demo
    """
    from snellen.folder import set_aside
    from snellen.plan import Request, resolve

    plan = resolve(
        Request({**_DATASET, "pictures": per_class}, _MODELS, _STRATEGIES, out=str(out), timing=not no_timing)
    )
    plan = dataclasses.replace(plan, not_applicable=())  # here it is no news that each is asked in its own ways
    if not quiet:
        say_lines(_BEFORE.format(images=len(plan.selection), objects=len(plan.classes.foreground)))
    if fresh and (place := set_aside(plan.out)):
        say(f"the earlier run is now {place}")
    with closing(carried_out(plan, quiet)) as results:
        show(results, as_json, page=not no_report)
        if not quiet:
            say_lines(f"\n{_AFTER.format(out=plan.out)}")
        exit_where_open(results)
