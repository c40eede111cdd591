"""A run's results for other programs: a module for each format, and the table of formats."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snellen.errors import WrongUse, nearest

if TYPE_CHECKING:
    from snellen.progress import Progress
    from snellen.results import Results


@dataclass(frozen=True, slots=True)
class Format:
    """What a format is, in words, and the place in the run folder that it is written to by default."""

    meaning: str
    place: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, each place a line, and what there is to be told about it."""

    places: tuple[str, ...]
    notes: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    "csv": Format("all records as a table", "export.csv"),
    "json": Format("results.json and all records, one a line", "export.json"),
    "parquet": Format("all records as a Parquet table", "export.parquet"),
    "wandb": Format("a run of Weights & Biases for each row, by wandb's own settings (WANDB_MODE=offline …)", "."),
    "mlflow": Format("a run of MLflow for each row, at MLFLOW_TRACKING_URI where that is set", "mlflow"),
    "model-index": Format("for each model the part of a Hugging Face model card with its results", "model-index"),
    "fiftyone": Format("images, labels and all predictions as a data set of FiftyOne", "fiftyone"),
    "openai-batch": Format("what is left to ask, for OpenAI's Batch API and for 'vllm run-batch'", "batch"),
}


def write(format: str, results: Results, out: Path | None, progress: Progress) -> Written:
    """Writes the results to `out`, or to the format's own place. Raises WrongUse, and Missing without its package."""
    check(format)
    module = importlib.import_module(f"snellen.exporting.{format.replace('-', '_')}")
    written: Written = module.write(results, out, progress)
    return written


def check(format: str) -> None:
    """Raises WrongUse for a format that is unknown."""
    if format not in FORMATS:
        raise WrongUse(f"unknown format {format!r}{nearest(format, FORMATS)}")


def place_of(format: str, results: Results, out: Path | None) -> Path:
    """Where a format is written to. Raises WrongUse for a file that the run itself rests on."""
    if out is not None and out.exists():
        from snellen.database import DATABASE

        for name in (DATABASE, "study.yaml", "marks.json"):
            if (own := results.path / name).exists() and out.samefile(own):
                raise WrongUse(f"{out} is a part of the run itself; choose another place with -o")
    return out or results.path / FORMATS[format].place
