"""The eye test for vision models: which one classifies your images best, how fast, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snellen.results import Results

__all__ = ["__version__", "open_run", "run"]
__version__ = version("snellen")


def run(
    dataset: str | Path | Mapping[str, Any],
    models: Sequence[str | Mapping[str, Any]],
    strategies: Sequence[str | Mapping[str, Any]] = (),
    *,
    classes: int | Sequence[str] | None = None,
    per_class: int | None = None,
    limit: int | None = None,
    seed: int | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    timing: bool = True,
    blind: bool = False,
    until_decided: float | None = None,
    margin: float | None = None,
    report: bool = True,
) -> Results:
    """Runs a study, or what is left of it, and returns its results; the words are those of a study file.

    Writes `report.html` into the run folder, where the packages of the extra `report` are installed. Raises
    snellen.errors.SnellenError with a message for the user.
    """
    from snellen.plan import Request, resolve
    from snellen.report import PAGE, missing, write_report_of
    from snellen.specs import name_and_options
    from snellen.study import run as run_plan
    from snellen.study_file import check_keys

    path, options = name_and_options(str(dataset) if isinstance(dataset, Path) else dataset, "path")
    subset = {"classes": classes, "per_class": per_class, "limit": limit, "seed": seed}
    given = {key: value for key, value in subset.items() if value is not None}
    asked = {
        "dataset": {"path": path, **options, **given},
        "models": models,
        "strategies": strategies,
        "name": name,
        "out": None if out is None else str(out),
        "timing": timing,
        "blind": blind,
        "until_decided": until_decided,
        "margin": margin,
    }
    results = run_plan(resolve(Request(**{"models": (), **check_keys(asked, "snellen.run")})))
    if report and not missing():
        write_report_of([results], results.path / PAGE)
    return results


def open_run(path: str | Path) -> Results:
    """The results of a run folder. Raises snellen.errors.WrongUse where it is none."""
    from snellen.results import Results

    return Results(path)
