"""What there is: providers, strategies, data sets with their options, runs, and a data set's classes."""

from __future__ import annotations

import dataclasses
import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

from snellen import plugins
from snellen.database import DATABASE
from snellen.errors import SnellenError
from snellen.lint import lint
from snellen.plan import load_dataset
from snellen.progress import Progress
from snellen.results import Results
from snellen.wordnet import WordNet, synonyms

_LONGEST = 30  # characters of a default in a list


def entries(group: str) -> Iterator[dict[str, Any]]:
    """Each name of a group with its meaning and its options; of a third party's that cannot be used, the error."""
    for name in plugins.names(group):
        try:
            module = plugins.load(group, name)
        except SnellenError as error:
            yield {"name": name, "error": str(error)}
            continue
        yield {"name": name, "meaning": _meaning(module, name), "options": _defaults(module)}


def describe(group: str) -> Iterator[str]:
    """Each name of a group with its meaning and its options; of a third party's that cannot be used, why."""
    for entry in entries(group):
        yield f"{entry['name']}: {entry.get('error', entry.get('meaning'))}"
        if shown := [f"{name}={_short(value)}" for name, value in entry.get("options", {}).items()]:
            yield f"    {', '.join(shown)}"


def entry(group: str, name: str) -> dict[str, Any]:
    """All that is said of one name of a group, as data."""
    module = plugins.load(group, name)
    about = {"name": name, "meaning": _meaning(module, name), "about": inspect.getdoc(module)}
    if hasattr(module, "stands_for"):
        return about
    options = _options(module)
    return {**about, "options": _defaults(module), "options_about": inspect.getdoc(options) if options else None}


def _meaning(module: ModuleType, name: str) -> str:
    return (inspect.getdoc(module) or "").partition(chr(10))[0].removeprefix(f"`{name}`: ")


def _defaults(module: ModuleType) -> dict[str, str]:
    """The options with their defaults, as they are written."""
    return {field.name: _default(field) for field in _fields(module)}


def explain(group: str, name: str) -> Iterator[str]:
    """All that is said of one name of a group: its meaning, its options with their defaults, what they mean."""
    module = plugins.load(group, name)
    yield inspect.getdoc(module) or name
    if hasattr(module, "stands_for"):
        return  # its models have the options of others, of which it tells
    fields = [f"    {field.name}={_default(field)}" for field in _fields(module)]
    yield "\n".join(["\nOptions and their defaults:", *fields]) if fields else "\nIt has no options."
    if fields:
        yield f"\n{inspect.getdoc(_options(module))}"


def _options(module: ModuleType) -> Any:
    return getattr(module, "Options", None) or getattr(module, "Strategy", None)


def _fields(module: ModuleType) -> tuple[dataclasses.Field[Any], ...]:
    options = _options(module)
    return dataclasses.fields(options) if options else ()


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 2]}…{value[-1]}"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "…"
    return repr(field.default) if isinstance(field.default, str) else str(field.default)


def run_entries(place: Path) -> Iterator[dict[str, Any]]:
    """Each run folder below a place: its rows, its images, what is still to be asked, and the best row; or the error.

    The best is that of those about the most images, and of these about the most classes.
    """
    for path in sorted(path.parent for path in place.glob(f"*/{DATABASE}")):
        try:
            with closing(Results(path)) as results:
                rows = results.rows
                settled = frozenset[int]().union(*(decision.settled for decision in results.decisions))
        except SnellenError as error:
            yield {"path": str(path), "error": str(error)}
            continue
        first = max(  # of equals the first, which is the most accurate
            (row for row in rows if not row.superseded and not row.blind),
            key=lambda row: (row.images, row.classes),
            default=None,
        )
        best = None
        if first and first.accuracy is not None:
            best = {"row": first.number, "accuracy": first.accuracy, "model": first.model, "strategy": first.strategy}
        yield {
            "path": str(path),
            "rows": len(rows),
            "images": max((row.images for row in rows), default=0),
            "failed_or_pending": sum(row.failed + row.pending for row in rows if row.number not in settled),
            "best": best,
        }


def runs(place: Path) -> Iterator[str]:
    """Each run folder below a place as a line."""
    found = list(run_entries(place))
    if not found:
        yield f"no runs in {place}"
    for each in found:
        if "error" in each:
            yield f"{each['path']}: {each['error']}"
            continue
        best = f", best {each['best']['accuracy']:.3f} {each['best']['model']}" if each["best"] else ""
        counts = f"rows {each['rows']}, images {each['images']}, failed or pending {each['failed_or_pending']}"
        yield f"{each['path']}: {counts}{best}"


def dataset_data(spec: str, wordnet: Path | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """A data set's source, its classes with their sizes, and what its names give reason to warn of.

    `wordnet` is a folder of WordNet's files, by which synonyms are found.
    """
    net = WordNet(wordnet.expanduser()) if wordnet else None
    dataset, _ = load_dataset(spec, progress=progress)
    sizes = Counter(example.label for example in dataset)
    said = (*lint(dataset.classes), *(synonyms(dataset.classes, net) if net else ()))
    return {
        "name": dataset.name,
        "source": dataset.source,
        "images": sizes.total(),
        "classes": [
            {"name": name, "images": sizes[name], "background": name == dataset.classes.background}
            for name in dataset.classes.names
        ],
        "notes": [*getattr(dataset, "warnings", ()), *said],
    }


def dataset_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """What is known of a data set, as lines."""
    classes = data["classes"]
    yield f"{data['name']}: {data['images']} images of {len(classes)} classes ({data['source']})"
    width = max(len(each["name"]) for each in classes)
    for each in classes:
        yield f"  {each['name']:{width}}  {each['images']:6}{'  background' if each['background'] else ''}"
    yield from (f"note: {line}" for line in data["notes"])
