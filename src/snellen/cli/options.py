"""The options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="STUDY", help="A study file, or the name of one (snellen ls studies); flags go before what it says."
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--dataset",
        envvar="SNELLEN_DATASET",
        metavar="DATASET",
        help="A folder of class folders, a .csv, .jsonl, .parquet or .tar, or a name (snellen ls datasets).",
    ),
]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="PROVIDER/NAME[,option=value…]")]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option("-m", "--model", metavar="MODEL", help="PROVIDER/NAME[,option=value…]; again for more models."),
]
StrategiesOption = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--strategy",
        metavar="STRATEGY",
        help="NAME[,option=value…]; again for more. Default: those that fit each model.",
    ),
]


ClassesOption = Annotated[
    str | None,
    typer.Option(
        "--classes", envvar="SNELLEN_CLASSES", metavar="N|NAMES", help="How many classes, or names: 21 or cat,dog."
    ),
]
PerClassOption = Annotated[
    int | None, typer.Option(envvar="SNELLEN_PER_CLASS", metavar="N", help="Images of each class.")
]
LimitOption = Annotated[
    int | None, typer.Option(envvar="SNELLEN_LIMIT", metavar="N", help="Images in all, over all classes.")
]
SeedOption = Annotated[
    int | None, typer.Option(envvar="SNELLEN_SEED", metavar="N", help="Chooses classes, images and orders.")
]
OutOption = Annotated[
    str | None, typer.Option(envvar="SNELLEN_OUT", metavar="FOLDER", help="The run folder. Default: runs/NAME.")
]
BatchSizeOption = Annotated[
    str | None,
    typer.Option(envvar="SNELLEN_BATCH_SIZE", metavar="auto|N", help="For all local models that name no other."),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        envvar="SNELLEN_MAX_COST", metavar="USD", help="Stop before the run folder has paid more than this in all."
    ),
]
PricesOption = Annotated[
    str | None,
    typer.Option(envvar="SNELLEN_PRICES", metavar="FILE", help="Prices that go before those that snellen knows."),
]
UntilDecidedOption = Annotated[
    float | None,
    typer.Option(
        envvar="SNELLEN_UNTIL_DECIDED",
        metavar="P",
        help="Stop asking rows that are not among the best, and all once the best is known so surely: 0.95.",
    ),
]
MarginOption = Annotated[
    float | None,
    typer.Option(
        envvar="SNELLEN_MARGIN", metavar="M", help="With it, stop also once no row can be better by more than M: 0.01."
    ),
]
RowModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "-m", "--model", metavar="MODEL", help="As the table names it, or without its options; again for more."
    ),
]
RowStrategiesOption = Annotated[
    list[str] | None,
    typer.Option(
        "-s", "--strategy", metavar="STRATEGY", help="As the table names it, or without its options; again for more."
    ),
]
NoReportOption = Annotated[
    bool, typer.Option("--no-report", envvar="SNELLEN_NO_REPORT", help="Do not write report.html at the end.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
