"""What there is: providers, strategies, data sets with their options, runs, and a data set's classes."""

from __future__ import annotations

import dataclasses
import inspect
from collections import Counter
from collections.abc import Iterator
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


def describe(group: str) -> Iterator[str]:
    """Each name of a group with its meaning and its options; of a third party's that cannot be used, why."""
    for name in plugins.names(group):
        try:
            module = plugins.load(group, name)
        except SnellenError as error:
            yield f"{name}: {error}"
            continue
        meaning = (inspect.getdoc(module) or "").partition(chr(10))[0]
        yield f"{name}: {meaning.removeprefix(f'`{name}`: ')}"
        shown = [f"{field.name}={_short(_default(field))}" for field in _fields(module)]
        if shown:
            yield f"    {', '.join(shown)}"


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


def runs(place: Path) -> Iterator[str]:
    """Each run folder below a place: its rows, its examples, what is still to be asked, and the best row.

    That is the best of those about the most images, and of these about the most classes.
    """
    found = sorted(path.parent for path in place.glob(f"*/{DATABASE}"))
    if not found:
        yield f"no runs in {place}"
    for path in found:
        try:
            with closing(Results(path)) as results:
                rows = results.rows
                settled = frozenset[int]().union(*(decision.settled for decision in results.decisions))
        except SnellenError as error:
            yield f"{path}: {error}"
            continue
        open_ = sum(row.failed + row.pending for row in rows if row.number not in settled)
        most = max((row.images for row in rows), default=0)
        first = max(  # of equals the first, which is the most accurate
            (row for row in rows if not row.superseded and not row.blind),
            key=lambda row: (row.images, row.classes),
            default=None,
        )
        best = f", best {first.accuracy:.3f} {first.model}" if first and first.accuracy is not None else ""
        yield f"{path}: rows {len(rows)}, images {most}, failed or pending {open_}{best}"


def dataset_lines(spec: str, wordnet: Path | None = None, progress: Progress | None = None) -> Iterator[str]:
    """A data set's source, its classes with their sizes, and what its names give reason to warn of.

    `wordnet` is a folder of WordNet's files, by which synonyms are found.
    """
    net = WordNet(wordnet.expanduser()) if wordnet else None
    dataset, _ = load_dataset(spec, progress=progress)
    sizes = Counter(example.label for example in dataset)
    background = dataset.classes.background
    yield f"{dataset.name}: {sizes.total()} images of {len(dataset.classes.names)} classes ({dataset.source})"
    width = max(len(name) for name in dataset.classes.names)
    for name in dataset.classes.names:
        yield f"  {name:{width}}  {sizes[name]:6}{'  background' if name == background else ''}"
    said = (*lint(dataset.classes), *(synonyms(dataset.classes, net) if net else ()))
    yield from (f"note: {line}" for line in (*getattr(dataset, "warnings", ()), *said))
