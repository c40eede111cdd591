"""Commands about data sets, names and files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app, datasets_app
from snellen.cli.options import RunArgument
from snellen.cli.output import tell
from snellen.errors import WrongUse, nearest


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
    tell(f"wrote {out}; name your models in it, then: snellen run {out}")


@app.command(name="ls")
def list_names(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="models, strategies, datasets or runs")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, to be told all about it.")] = None,
) -> None:
    """List what there is, or tell what one of them does and what its options mean.

    \b
    Examples:
      snellen ls strategies
      snellen ls strategies zero-shot
      snellen ls runs
    """
    from snellen.listing import describe, explain, runs

    groups = {"models": "engines", "strategies": "strategies", "datasets": "datasets"}
    if kind == "runs":
        lines = list(runs(Path("runs")))
    elif kind in groups:
        lines = list(explain(groups[kind], name) if name else describe(groups[kind]))
    else:
        raise WrongUse(f"cannot list {kind!r}{nearest(kind, [*groups, 'runs'])}")
    tell("\n".join(lines))


@datasets_app.command("show")
def show_dataset(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="As for run -d.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Write a picture of each class to this .png, .jpg or .webp."),
    ] = None,
) -> None:
    """Show a data set's classes, their sizes, and what is odd about them; or a picture of each class.

    \b
    Examples:
      snellen datasets show photos
      snellen datasets show demo/pictograms -o sheet.png
    """
    from snellen.contact_sheet import write_contact_sheet
    from snellen.listing import dataset_lines
    from snellen.plan import load_dataset

    if out is None:
        tell("\n".join(dataset_lines(dataset)))
    else:
        write_contact_sheet(load_dataset(dataset)[0], out)
        tell(str(out))


@app.command()
def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="csv, json or parquet")],
    run: RunArgument,
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
    tell(str(place))
