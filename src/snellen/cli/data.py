"""Commands about data sets, names and files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app, datasets_app
from snellen.cli.options import JsonOption, NoReportOption, QuietOption, RunArgument
from snellen.cli.output import progress_shown, say, show, tell, tell_json
from snellen.errors import WrongUse, nearest
from snellen.exporting import FORMATS

_FAILURES_SHOWN = 5


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

    write_template(dataset, out, progress_shown(False))
    tell(f"wrote {out}; name your models in it, then: snellen run {out}")


@app.command(name="ls")
def list_names(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="models, strategies, datasets, studies or runs")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, to be told all about it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what there is, or tell what one of them does and what its options mean.

    \b
    Examples:
      snellen ls strategies
      snellen ls strategies zero-shot
      snellen ls studies clarifai-2024 > mine.yaml
      snellen ls runs
    """
    from snellen import listing
    from snellen.shipped import shipped_meanings, shipped_text

    groups = {"models": "engines", "strategies": "strategies", "datasets": "datasets"}
    if kind == "runs" and as_json:
        tell_json([*listing.run_entries(Path("runs"))])
    elif kind == "runs":
        tell("\n".join(listing.runs(Path("runs"))))
    elif kind == "studies" and as_json:
        studies = shipped_meanings()
        text = {"name": name, "text": shipped_text(name)} if name else None
        tell_json(text or [{"name": each, "meaning": meaning} for each, meaning in studies.items()])
    elif kind == "studies":
        told = shipped_meanings()
        tell(shipped_text(name) if name else "\n".join(f"{each}: {meaning}" for each, meaning in told.items()))
    elif kind not in groups:
        raise WrongUse(f"cannot list {kind!r}{nearest(kind, [*groups, 'studies', 'runs'])}")
    elif as_json:
        tell_json(listing.entry(groups[kind], name) if name else [*listing.entries(groups[kind])])
    else:
        tell("\n".join(listing.explain(groups[kind], name) if name else listing.describe(groups[kind])))


@datasets_app.command("show")
def show_dataset(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="As for run -d.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Write a picture of each class to this .png, .jpg or .webp."),
    ] = None,
    wordnet: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="WordNet's files (its folder dict): warns of synonyms, too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a data set's classes, their sizes, and what is odd about them; or a picture of each class.

    \b
    Examples:
      snellen datasets show photos
      snellen datasets show demo/pictograms -o sheet.png
    """
    from snellen.contact_sheet import write_contact_sheet
    from snellen.listing import dataset_data, dataset_lines
    from snellen.plan import load_dataset

    progress = progress_shown(False)
    if out is not None:
        write_contact_sheet(load_dataset(dataset, progress=progress)[0], out)
        if as_json:
            tell_json({"picture": str(out)})
        else:
            tell(str(out))
        return
    found = dataset_data(dataset, wordnet, progress)
    if as_json:
        tell_json(found)
    else:
        tell("\n".join(dataset_lines(found)))


_EXPORT = """Write a run's results for other programs, or what it has left to ask as files for a batch API.

{formats}

wandb and mlflow need the package of that name; a row is one run there, however often it is exported.
openai-batch is for strategies of one round and models that are asked by OpenAI's API. What comes back is read by
'snellen import-batch'.

\b
Examples:
  snellen export parquet runs/photos -o photos.parquet
  WANDB_MODE=offline snellen export wandb runs/photos
  snellen export fiftyone runs/photos -o photos-fiftyone
  snellen run -d photos -m openai/gpt-4o -s closed-set --plan-only
  snellen export openai-batch runs/photos
""".format(formats="\n\n".join(f"{name}: {each.meaning}." for name, each in FORMATS.items()))


@app.command(help=_EXPORT)
def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help=", ".join(FORMATS))],
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE|FOLDER", help="Default: RUN/export.FORMAT, or the folder RUN/FORMAT."
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Writes the files, tells their names and what is to be known about them."""
    from snellen.exporting import check, write
    from snellen.results import Results

    check(format)
    with closing(Results(run)) as results:
        written = write(format, results, out, progress_shown(quiet))
    for line in written.notes:
        say(line)
    if written.places:
        tell("\n".join(written.places))


@app.command(name="import-batch")
def import_answers(
    run: RunArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Output and error files of a batch.")],
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read what came back for files of 'snellen export openai-batch', and derive all records and tables anew.

    Reading a file twice does no harm. What failed stays to be asked: export again, or 'snellen run'.

    \b
    Example:
      snellen import-batch runs/photos output.jsonl errors.jsonl
    """
    from snellen.batch_import import import_batch
    from snellen.study import rescore

    progress = progress_shown(quiet)
    done = import_batch(run, files, progress)
    with closing(rescore(run, progress)) as results:
        show(results, as_json, page=not no_report)
        say(f"{done.answers} answers read" + (f", {done.again} that were known" if done.again else ""))
        if done.differing:
            say(f"{done.differing} of them say otherwise than the first answer, which is kept")
        for reason, count in done.failures.most_common(_FAILURES_SHOWN):
            say(f"not answered: {count} x {reason}")
        if done.strangers:
            say(f"{done.strangers} lines are for another run, or for what this one did not export")
        if done.broken:
            say(f"{done.broken} lines are none of a batch's output; is a file cut?")
        if any((row.failed or row.pending) and not row.superseded for row in results.rows):
            say("some examples have no answer yet")
            raise typer.Exit(4)
