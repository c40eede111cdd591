"""`model-index`: the part of a Hugging Face model card that tells results, a file for each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from snellen.console import visible
from snellen.errors import WrongUse, cannot_write
from snellen.exporting import Written, place_of
from snellen.exports import whole_file
from snellen.naming import slug
from snellen.progress import Progress
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.study_file import read_study

_METRICS = (  # of a row, the type that the hub knows, its name
    ("accuracy", "accuracy", "Accuracy"),
    ("top5_accuracy", "accuracy", "Top 5 accuracy"),
    ("balanced_accuracy", "accuracy", "Balanced accuracy"),
    ("macro_f1", "f1", "Macro F1"),
    ("weighted_f1", "f1", "Weighted F1"),
    ("macro_precision", "precision", "Macro precision"),
    ("macro_recall", "recall", "Macro recall"),
)
_DIGITS = 6


def write(results: Results, out: Path | None, _: Progress) -> Written:
    """One file for each model in a folder; `out` that ends in .yaml is the file of the only model.

    Raises WrongUse: no row has an answer, or several models for one file.
    """
    place = place_of("model-index", results, out)
    models: dict[str, list[ResultRow]] = {}
    for row in results.rows:
        if row.accuracy is not None and not row.superseded and not row.blind:
            models.setdefault(row.model, []).append(row)
    if not models:
        raise WrongUse(f"no row of {results.path} has an answer yet, so there is nothing for a model card")
    data = _data(results)
    if place.suffix.lower() in (".yaml", ".yml"):
        if len(models) > 1:
            raise WrongUse(f"a model card is about one model, and this run has {len(models)}: give a folder with -o")
        files = {place: next(iter(models))}
    else:
        if place.exists() and not place.is_dir():
            raise WrongUse(f"-o {place}: expected a folder, or for a run of one model a file that ends in .yaml")
        files = {place / f"{name}.yaml": model for name, model in _names(models)}
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(place, error) from error
    for file, model in files.items():
        _write(file, model, models[model], data)
    return Written(
        tuple(map(str, files)),
        ("the text of a file belongs between the lines --- at the top of the README.md of the model",),
    )


def _names(models: Mapping[str, Sequence[ResultRow]]) -> Iterator[tuple[str, str]]:
    """A name for the file of each model, each another, whatever the file system makes of large and small letters."""
    taken: set[str] = set()
    for model in models:
        name, number = slug(model), 1
        while name.casefold() in taken:
            number += 1
            name = f"{slug(model)}-{number}"
        taken.add(name.casefold())
        yield name, model


def _data(results: Results) -> dict[str, str]:
    """Which part of its data set a run is about, as far as the hub has words for it."""
    study = results.path / "study.yaml"
    dataset = read_study(study).get("dataset") if study.exists() else None
    given = dataset if isinstance(dataset, Mapping) else {}
    return {key: str(given[key]) for key in ("config", "split", "revision") if given.get(key)}


def _write(file: Path, model: str, rows: Sequence[ResultRow], data: Mapping[str, str]) -> None:
    index = [{"name": model, "results": [_result(row, data) for row in rows]}]
    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    with whole_file(file) as stream:
        yaml.dump({"model-index": _quoted(index)}, stream)


def _result(row: ResultRow, data: Mapping[str, str]) -> dict[str, Any]:
    about = {"classes": row.classes, "images": row.answered + row.unparsed, "seed": row.seed}
    return {
        "task": {"type": "image-classification", "name": "Image Classification"},
        "dataset": {
            "type": row.dataset,
            "name": f"{row.dataset}, {row.classes} classes",
            **data,
            "args": about,
        },
        "metrics": [
            {
                "type": kind,
                "value": round(value, _DIGITS),
                "name": f"{title}, {row.strategy}",
                "args": {"strategy": row.strategy, **_bounds(row, name)},
                "verified": False,
            }
            for name, kind, title in _METRICS
            if (value := getattr(row, name)) is not None
        ],
    }


def _bounds(row: ResultRow, name: str) -> dict[str, float]:
    """The ends of the 95 % interval, where the metric has one."""
    ends = {end: getattr(row, f"{name}_{end}", None) for end in ("low", "high")}
    return {f"{end}_95": round(value, _DIGITS) for end, value in ends.items() if value is not None}


def _quoted(value: Any) -> Any:
    """The value with each text in quotation marks: a model called `no` stays one for every reader of YAML."""
    if isinstance(value, str):
        return DoubleQuotedScalarString(visible(value))
    if isinstance(value, dict):
        return {key: _quoted(each) for key, each in value.items()}
    return [_quoted(each) for each in value] if isinstance(value, list) else value
