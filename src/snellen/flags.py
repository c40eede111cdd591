"""What was asked on the command line, put over what a study file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse
from snellen.plan import SUBSET, Request
from snellen.shipped import study_file
from snellen.specs import Spec, name_and_options
from snellen.study_file import read_study


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of `snellen run`, or the environment's values in their place; None and () where nothing was said."""

    dataset: str | None = None
    models: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    subset: Mapping[str, Any] | None = None
    out: str | None = None
    batch_size: str | None = None
    timing: bool = True
    max_cost: float | None = None
    prices: str | None = None
    blind: bool = False
    until_decided: float | None = None
    margin: float | None = None


def request(study: Path | None, flags: Flags) -> Request:
    """A study's request with the flags put over it; `study` is a file, or the name of one that comes with Snellen.

    Raises WrongUse where either is wrong or no data set named.
    """
    study = None if study is None else study_file(study)
    if study is not None and (study.is_dir() or study.suffix.lower() not in (".yaml", ".yml")):
        raise WrongUse(f"{study} is no study file (.yaml); to run on a data set write: snellen run -d {study} -m MODEL")
    _check_batch_size(flags.batch_size)
    asked: dict[str, Any] = read_study(study) if study else {}
    asked["dataset"] = dataset_spec(asked.get("dataset"), flags)
    if flags.models:
        asked["models"] = flags.models
    elif flags.batch_size:
        asked["models"] = tuple(map(_without_batch_size, asked.get("models", ())))
    if flags.strategies:
        asked["strategies"] = flags.strategies
    if flags.out:
        asked["out"] = flags.out
    if not flags.timing:
        asked["timing"] = False
    if flags.max_cost is not None:
        if not 0 <= flags.max_cost < float("inf"):
            raise WrongUse(f"--max-cost: expected a number of USD of at least 0, got {flags.max_cost!r}")
        asked["max_cost"] = flags.max_cost
    if flags.prices:
        asked["prices"] = flags.prices
    if flags.blind:
        asked["blind"] = True
    if flags.until_decided is not None:
        asked["until_decided"] = flags.until_decided
    if flags.margin is not None:
        asked["margin"] = flags.margin
    return Request(**{"models": (), **asked})


def _check_batch_size(given: str | None) -> None:
    if given is not None and given != "auto" and not (given.isascii() and given.isdigit() and int(given)):
        raise WrongUse(f"--batch-size: expected auto or a whole number of at least 1, got {given!r}")


def dataset_spec(written: Spec | None, flags: Flags) -> Spec:
    """The data set, where a flag names another one with the file's choice of classes and images."""
    given = {key: value for key, value in (flags.subset or {}).items() if value is not None}
    if flags.dataset is not None:
        kept = name_and_options(written, "path")[1] if written is not None else {}
        path, options = name_and_options(flags.dataset, "path")
        if written is None or path != name_and_options(written, "path")[0]:  # the same one keeps its own options too
            kept = {key: kept[key] for key in SUBSET if key in kept}
        return {"path": path, **kept, **options, **given}
    if written is None:
        raise WrongUse("no data set is given; name one with -d, such as -d FOLDER, or a study file")
    if not given:
        return written
    path, options = name_and_options(written, "path")
    return {"path": path, **options, **given}


def _without_batch_size(model: Spec) -> Spec:
    name, options = name_and_options(model, "model")
    return {"model": name, **{key: value for key, value in options.items() if key != "batch_size"}}
