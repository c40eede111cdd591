"""The command line: the only place that reads the environment and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snellen.errors import SnellenError, WrongUse, nearest

if TYPE_CHECKING:
    from snellen.plan import Plan, Request
    from snellen.results import Results

app = typer.Typer(
    help="The eye test for vision models: which one classifies your images best, how fast, and at what price.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
datasets_app = typer.Typer(help="Look at data sets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(datasets_app, name="datasets")

_Dataset = Annotated[
    str | None,
    typer.Option(
        "-d", "--dataset", envvar="SNELLEN_DATASET", help="A folder of class folders, a .csv or .jsonl, shapes."
    ),
]
_Models = Annotated[
    list[str] | None,
    typer.Option("-m", "--model", help="PROVIDER/NAME[,option=value…]; again for more models."),
]
_Strategies = Annotated[
    list[str] | None,
    typer.Option("-s", "--strategy", help="NAME[,option=value…]; again for more. Default: those that fit each model."),
]


def _say(text: str) -> None:
    """Prints a line to standard error."""
    print(text, file=sys.stderr)


def _version(wanted: bool) -> None:
    if wanted:
        from snellen import __version__

        print(__version__)
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
    study: Annotated[Path | None, typer.Argument(help="A study file; flags go before what it says.")] = None,
    dataset: _Dataset = None,
    model: _Models = None,
    strategy: _Strategies = None,
    classes: Annotated[
        str | None, typer.Option(envvar="SNELLEN_CLASSES", help="How many classes, or names: 21 or cat,dog.")
    ] = None,
    per_class: Annotated[int | None, typer.Option(envvar="SNELLEN_PER_CLASS", help="Images of each class.")] = None,
    limit: Annotated[int | None, typer.Option(envvar="SNELLEN_LIMIT", help="Images in all, over all classes.")] = None,
    seed: Annotated[int | None, typer.Option(envvar="SNELLEN_SEED", help="Chooses classes, images and orders.")] = None,
    out: Annotated[str | None, typer.Option(envvar="SNELLEN_OUT", help="The run folder. Default: runs/NAME.")] = None,
    batch_size: Annotated[
        str | None, typer.Option(envvar="SNELLEN_BATCH_SIZE", help="auto or a number, for all local models.")
    ] = None,
    no_timing: Annotated[bool, typer.Option("--no-timing", help="Do not measure speed.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an earlier run aside, ask everything anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
) -> None:
    """Put models through the test. The same command again asks only what is missing.

    \b
    Examples:
      snellen run -d photos -m hf/./my-vlm -m onnx/./mobilenet.onnx
      snellen run -d photos -m hf/Qwen/Qwen2-VL-7B-Instruct,dtype=bfloat16 -s closed-set,votes=5 --classes 21
      snellen run study.yaml --limit 100
    """
    from snellen import study as studies
    from snellen.folder import set_aside
    from snellen.plan import resolve

    subset = {"classes": classes, "per_class": per_class, "limit": limit, "seed": seed}
    plan = resolve(_request(study, dataset, model, strategy, subset, out, no_timing), batch_size)
    if dry_run:
        print(_outline(plan))
        return
    if fresh and (place := set_aside(plan.out)):
        _say(f"the earlier run is now {place}")
    progress = _progress(quiet)
    try:
        results = studies.run(plan, progress)
    except KeyboardInterrupt:
        progress.end()
        _say(f"interrupted; all answers are kept in {plan.out}: the same command again asks the rest")
        raise typer.Exit(130) from None
    _show(results, as_json)
    if any(row.failed or row.pending for row in results.rows):
        raise typer.Exit(4)


def _request(
    study: Path | None,
    dataset: str | None,
    models: list[str] | None,
    strategies: list[str] | None,
    subset: dict[str, Any],
    out: str | None,
    no_timing: bool,
) -> Request:
    """A study file's request with the flags put over it."""
    from snellen.plan import Request
    from snellen.study_file import read_study

    if study is not None and (study.is_dir() or study.suffix not in (".yaml", ".yml")):
        raise WrongUse(f"{study} is no study file (.yaml); to run on a data set write: snellen run -d {study} -m MODEL")
    request: dict[str, Any] = read_study(study) if study else {}
    if dataset is not None:
        request["dataset"] = dataset
    if request.get("dataset") is None:
        raise WrongUse("no data set is given; name one with -d, such as -d FOLDER, or a study file")
    given = {key: value for key, value in subset.items() if value is not None}
    if given:
        from snellen.plan import name_and_options

        path, options = name_and_options(request["dataset"], "path")
        request["dataset"] = {"path": path, **options, **given}
    if models:
        request["models"] = tuple(models)
    if strategies:
        request["strategies"] = tuple(strategies)
    if out is not None:
        request["out"] = out
    if no_timing:
        request["timing"] = False
    return Request(**{"models": (), **request})


def _outline(plan: Plan) -> str:
    """What a run would ask, in lines."""
    lines = [
        f"data set   {plan.source}: {len(plan.selection)} images of {len(plan.classes.names)} classes",
        f"run folder {plan.out}",
        *(f"row        {model.title} · {strategy.title}" for model, strategy in plan.pairs),
        *plan.not_applicable,
    ]
    return "\n".join(lines)


def _progress(quiet: bool) -> Any:
    from rich.console import Console

    from snellen.terminal import TerminalProgress

    return TerminalProgress(Console(stderr=True), quiet)


def _show(results: Results, as_json: bool) -> None:
    """The table on standard output; what did not go well below it on standard error."""
    if as_json:
        print(json.dumps(results.as_data(), ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    from snellen.terminal import results_table

    console = Console()
    console.print(results_table(results.rows, console.width))
    unreadable = results.unreadable()
    for id, reason in unreadable[:20]:
        _say(f"unreadable: {id}: {reason}")
    if len(unreadable) > 20:
        _say(f"and {len(unreadable) - 20} more unreadable files, all in {results.path / 'manifest.csv'}")
    for reason, count in results.failures()[:5]:
        _say(f"failed: {count} x {reason}")
    for row in results.rows:
        if row.trouble:
            _say(f"pending: {row.model}: {row.trouble}")
    if any(row.failed or row.pending for row in results.rows):
        _say("some examples have no answer; the same command again asks them once more")
    _say(f"all of it is in {results.path}")


@app.command()
def ask(
    model: Annotated[str, typer.Argument(help="PROVIDER/NAME[,option=value…]")],
    image: Annotated[Path, typer.Argument(help="An image file.")],
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
        print(line)


@app.command()
def score(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Derive all records and tables anew from the stored answers; no model is needed.

    \b
    Example:
      snellen score runs/photos
    """
    from snellen.study import rescore

    _show(rescore(run, _progress(False)), as_json=False)


@app.command()
def init(
    dataset: Annotated[str, typer.Argument(help="A folder of class folders, or a .csv/.jsonl.")] = ".",
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write.")] = Path("study.yaml"),
) -> None:
    """Write a commented study file for a data set.

    \b
    Example:
      snellen init photos
    """
    from snellen.study_file import write_template

    write_template(dataset, out)
    print(f"wrote {out}; name your models in it, then: snellen run {out}")


@app.command(name="ls")
def list_names(
    kind: Annotated[str, typer.Argument(help="models, strategies, datasets or runs")],
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
    print("\n".join(lines))


@datasets_app.command("show")
def show_dataset(dataset: Annotated[str, typer.Argument(help="A folder, a .csv/.jsonl, or a name.")]) -> None:
    """Show a data set's classes, their sizes, and what is odd about them.

    \b
    Example:
      snellen datasets show photos
    """
    from snellen.listing import dataset_lines

    for line in dataset_lines(dataset):
        print(line)


@app.command()
def export(
    format: Annotated[str, typer.Argument(help="csv, json or parquet")],
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Default: RUN/export.FORMAT.")] = None,
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
    FORMATS[format](Results(run), place)
    print(place)


def main() -> None:
    """Runs the command; an error a user can act on is one line and an exit code."""
    try:
        app()
    except SnellenError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
