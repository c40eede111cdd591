"""The command line: the only place that reads the environment and prints."""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.errors import SnellenError, WrongUse, nearest

if TYPE_CHECKING:
    from snellen.plan import Plan
    from snellen.results import Results
    from snellen.terminal import TerminalProgress

app = typer.Typer(
    help="The eye test for vision models: which one classifies your images best, how fast, and how sure that is.",
    epilog="Example: snellen run -d photos -m hf/./my-vlm -m onnx/./mobilenet.onnx",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
datasets_app = typer.Typer(
    help="Look at data sets.",
    epilog="Example: snellen datasets show photos",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(datasets_app, name="datasets")

_Dataset = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--dataset",
        envvar="SNELLEN_DATASET",
        metavar="DATASET",
        help="A folder of class folders, a .csv, .jsonl, .parquet or .tar, or a name (snellen ls datasets).",
    ),
]
_Model = Annotated[str, typer.Argument(metavar="MODEL", help="PROVIDER/NAME[,option=value…]")]
_Models = Annotated[
    list[str] | None,
    typer.Option("-m", "--model", metavar="MODEL", help="PROVIDER/NAME[,option=value…]; again for more models."),
]
_Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--strategy",
        metavar="STRATEGY",
        help="NAME[,option=value…]; again for more. Default: those that fit each model.",
    ),
]


_ClassList = Annotated[
    str | None,
    typer.Option(
        "--classes", envvar="SNELLEN_CLASSES", metavar="N|NAMES", help="How many classes, or names: 21 or cat,dog."
    ),
]
_PerClass = Annotated[int | None, typer.Option(envvar="SNELLEN_PER_CLASS", metavar="N", help="Images of each class.")]
_Limit = Annotated[
    int | None, typer.Option(envvar="SNELLEN_LIMIT", metavar="N", help="Images in all, over all classes.")
]
_Seed = Annotated[
    int | None, typer.Option(envvar="SNELLEN_SEED", metavar="N", help="Chooses classes, images and orders.")
]
_Out = Annotated[
    str | None, typer.Option(envvar="SNELLEN_OUT", metavar="FOLDER", help="The run folder. Default: runs/NAME.")
]
_BatchSize = Annotated[
    str | None,
    typer.Option(envvar="SNELLEN_BATCH_SIZE", metavar="auto|N", help="For all local models that name no other."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
_Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


def _say(text: str) -> None:
    """Prints a line to standard error."""
    from snellen.console import one_line, write

    write(one_line(text), sys.stderr)


def _print(text: str) -> None:
    """Prints a result to standard output."""
    from snellen.console import write

    write(text, sys.stdout)


def _version(wanted: bool) -> None:
    if wanted:
        from snellen import __version__

        _print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    study: Annotated[
        Path | None, typer.Argument(metavar="STUDY.yaml", help="A study file; flags go before what it says.")
    ] = None,
    dataset: _Dataset = None,
    model: _Models = None,
    strategy: _Strategies = None,
    classes: _ClassList = None,
    per_class: _PerClass = None,
    limit: _Limit = None,
    seed: _Seed = None,
    out: _Out = None,
    batch_size: _BatchSize = None,
    no_timing: Annotated[bool, typer.Option("--no-timing", help="Do not measure speed.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an earlier run aside, ask everything anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and stop.")] = False,
    as_json: _Json = False,
    quiet: _Quiet = False,
) -> None:
    """Put models through the test. The same command again asks only what is missing.

    \b
    Examples:
      snellen run -d photos -m hf/./my-vlm -m onnx/./mobilenet.onnx
      snellen run -d photos -m hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16 -s closed-set,votes=5 --classes 21
      snellen run study.yaml --limit 100
    """
    from snellen.flags import Flags, request
    from snellen.folder import set_aside
    from snellen.plan import resolve

    subset = {"classes": classes, "per_class": per_class, "limit": limit, "seed": seed}
    flags = Flags(dataset, tuple(model or ()), tuple(strategy or ()), subset, out, batch_size, not no_timing)
    plan = resolve(request(study, flags), flags.batch_size)
    if dry_run:
        _print(_outline(plan))
        return
    if fresh and (place := set_aside(plan.out)):
        _say(f"the earlier run is now {place}")
    with closing(_carried_out(plan, quiet)) as results:
        _show(results, as_json)
        if any((row.failed or row.pending) and row.number in results.asked for row in results.rows):
            _say("some examples have no answer; the same command again asks them once more")
            raise typer.Exit(4)


def _carried_out(plan: Plan, quiet: bool) -> Results:
    """The results of the plan; an interruption and errors that were told already become an exit."""
    from snellen import study as studies

    progress = _progress(quiet)
    try:
        return studies.run(plan, progress)
    except KeyboardInterrupt:
        progress.end()
        _say(f"interrupted; all answers are kept in {plan.out}: the same command again asks the rest")
        raise typer.Exit(130) from None
    except SnellenError as error:
        if f"error: {error}" in progress.errors:
            raise typer.Exit(error.exit_code) from None
        raise


def _outline(plan: Plan) -> str:
    """What a run would ask, in lines."""
    lines = [
        f"data set   {plan.source}: {len(plan.selection)} images of {len(plan.classes.names)} classes",
        f"run folder {plan.out}",
        *(f"row        {model.title} · {strategy.title}" for model, strategy in plan.pairs),
        *plan.not_applicable,
        *(f"note       {line}" for line in plan.warnings),
    ]
    return "\n".join(lines)


def _progress(quiet: bool) -> TerminalProgress:
    from snellen.console import QuietConsole
    from snellen.terminal import TerminalProgress

    return TerminalProgress(QuietConsole(stderr=True), quiet)


def _show(results: Results, as_json: bool) -> None:
    """The results on standard output; what did not go well on standard error."""
    from snellen.console import QuietConsole
    from snellen.summary import notes, print_results

    if as_json:
        _print(json.dumps(results.as_data(), indent=2))
    else:
        print_results(results.rows, QuietConsole())
    for line in notes(results):
        _say(line)
    _say(f"all of it is in {results.path}")


@app.command()
def ask(
    model: _Model,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.")],
    classes: Annotated[str, typer.Option(help="The class names: cat,dog,bird.")],
    strategy: Annotated[str | None, typer.Option("-s", "--strategy", help="Default: the first that fits.")] = None,
    background: Annotated[str | None, typer.Option(help="Which of the classes means none of the others.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses orders.")] = 0,
) -> None:
    """Ask a model about one image: the prompts, the raw answers, the prediction.

    \b
    Example:
      snellen ask hf/./my-vlm cat.jpg --classes cat,dog,bird
    """
    from snellen.asking import ask_once

    names = tuple(name.strip() for name in classes.split(","))
    for line in ask_once(model, image, names, background, strategy, seed):
        _print(line)


@app.command()
def doctor(
    model: _Model,
    dataset: _Dataset = None,
    images: Annotated[int, typer.Option(metavar="N", help="How many images to compare answers on.")] = 32,
    as_json: _Json = False,
    quiet: _Quiet = False,
) -> None:
    """Find out by trying what a model can do, and whether its answers depend on batch size and prefix sharing.

    It is loaded anew for each setting: batch sizes 1, 7 and 32, and 1 without prefix sharing where it has that.

    \b
    Examples:
      snellen doctor hf/./my-vlm
      snellen doctor hf/./my-vlm,dtype=bfloat16 -d photos --images 200
    """
    from snellen.diagnosis import answered, as_data, lines, meaning
    from snellen.doctor import examine

    findings, progress = [], _progress(quiet)
    try:
        for finding in examine(model, dataset, images, progress):
            findings.append(finding)
            for line in () if as_json else lines(finding):
                _print(line)
    finally:
        progress.end()
    if as_json:
        _print(json.dumps(as_data(findings), indent=2))
    elif sentence := meaning(findings):
        _print(f"\n{sentence}")
    if not answered(findings):
        _say("the model answered no question")
        raise typer.Exit(4)


@app.command()
def score(
    run: _Run,
    as_json: _Json = False,
    quiet: _Quiet = False,
) -> None:
    """Derive all records and tables anew from the stored answers; no model is needed.

    \b
    Example:
      snellen score runs/photos
    """
    from snellen.study import rescore

    with closing(rescore(run, _progress(quiet))) as results:
        _show(results, as_json)


@app.command()
def init(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="A folder of class folders, or a file as for run -d.")
    ] = ".",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The file to write.")] = Path("study.yaml"),
) -> None:
    """Write a commented study file for a data set.

    \b
    Example:
      snellen init photos
    """
    from snellen.study_file import write_template

    write_template(dataset, out)
    _print(f"wrote {out}; name your models in it, then: snellen run {out}")


@app.command(name="ls")
def list_names(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="models, strategies, datasets or runs")],
) -> None:
    """List what there is.

    \b
    Examples:
      snellen ls strategies
      snellen ls runs
    """
    from snellen.listing import describe, runs

    groups = {"models": "engines", "strategies": "strategies", "datasets": "datasets"}
    if kind == "runs":
        lines = list(runs(Path("runs")))
    elif kind in groups:
        lines = list(describe(groups[kind]))
    else:
        raise WrongUse(f"cannot list {kind!r}{nearest(kind, [*groups, 'runs'])}")
    _print("\n".join(lines))


@datasets_app.command("show")
def show_dataset(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="As for run -d.")],
) -> None:
    """Show a data set's classes, their sizes, and what is odd about them.

    \b
    Example:
      snellen datasets show photos
    """
    from snellen.listing import dataset_lines

    _print("\n".join(dataset_lines(dataset)))


@app.command()
def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="csv, json or parquet")],
    run: _Run,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="Default: RUN/export.FORMAT.")] = None,
) -> None:
    """Write all records of a run for other programs.

    \b
    Example:
      snellen export parquet runs/photos -o photos.parquet
    """
    from snellen.exports import FORMATS
    from snellen.results import Results

    if format not in FORMATS:
        raise WrongUse(f"unknown format {format!r}{nearest(format, FORMATS)}")
    place = out or run / f"export.{format}"
    with closing(Results(run)) as results:
        FORMATS[format](results, place)
    _print(str(place))


def main() -> None:
    """Runs the command; an error a user can act on is one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the terminal's encoding lacks is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SnellenError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
