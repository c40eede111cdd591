"""The rows of a run beside what others have published of the same model, way of asking and data set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.verdict.published_figures import Figure, Source, class_names, sources
from snellen.words import normalise

_LEAST_CLASSES = 9  # whose names are all those of a published data set, so that it is taken to be that one
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")  # as in gpt-4o-2024-08-06
_CACHED = "models--"  # a folder of the hub's cache: models--OWNER--NAME
_SUBSTRING = "substring"
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Measure:
    """A published value beside the measured one and the bounds of its 95 % interval, None where there are none.

    Beside an accuracy by substring stands the strict one, of which nothing is published.
    """

    name: str
    published: Decimal | None
    measured: float | None
    low: float | None
    high: float | None

    @property
    def within(self) -> bool | None:
        """Whether the interval holds what may have been rounded to the published value; None without an interval."""
        if self.published is None or self.low is None or self.high is None:
            return None
        half = float(Decimal(1).scaleb(int(self.published.as_tuple().exponent))) / 2
        return self.low <= float(self.published) + half and float(self.published) - half <= self.high


@dataclass(frozen=True, slots=True)
class Beside:
    """A row beside a figure; `differs` is what was done otherwise than there, as far as the source tells."""

    row: ResultRow
    source: Source
    figure: Figure
    measures: tuple[Measure, ...]
    differs: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "row": self.row.number,
            "model": self.row.model,
            "strategy": self.row.strategy,
            "source": self.source.title,
            "url": self.source.url,
            "figure": self.figure.as_data(),
            "measures": [
                {
                    "name": measure.name,
                    "published": None if measure.published is None else float(measure.published),
                    "measured": measure.measured,
                    "low": measure.low,
                    "high": measure.high,
                    "within": measure.within,
                }
                for measure in self.measures
            ],
            "differs": self.differs,
        }


def beside(results: Results) -> list[Beside]:
    """For each row that has answers, the figure of each source that is nearest to it in protocol; often there is none.

    A row matches by the model's name, the strategy, and the names of at least nine classes other than the background.
    """
    found = []
    for row in results.rows:
        if row.superseded or row.blind or row.accuracy is None:
            continue
        spec = results.spec(row)
        datasets = _datasets(spec)
        for source in sources():
            fitting = [figure for figure in source.figures if _fits(figure, row, spec, datasets)]
            if fitting:
                figure = min(fitting, key=lambda figure: _distance(figure, row, spec))
                found.append(
                    Beside(row, source, figure, _measures(figure, row), tuple(_differences(figure, row, spec)))
                )
    return found


def _datasets(spec: Mapping[str, Any]) -> frozenset[str]:
    """The published data sets that the classes of a row belong to."""
    names = set(map(normalise, _foreground(spec)))
    if len(names) < _LEAST_CLASSES:
        return frozenset()
    return frozenset(dataset for dataset, known in class_names().items() if names <= set(map(normalise, known)))


def _foreground(spec: Mapping[str, Any]) -> list[str]:
    return [name for name in spec["classes"]["names"] if name != spec["classes"]["background"]]


def _fits(figure: Figure, row: ResultRow, spec: Mapping[str, Any], datasets: frozenset[str]) -> bool:
    protocol = figure.protocol
    return (
        protocol.strategy == spec["strategy"]["name"]
        and protocol.dataset in datasets
        and not names_of(row.model).isdisjoint(figure.model.aliases)
    )


def names_of(model: str) -> frozenset[str]:
    """What a model's name may say of it: its parts without provider, options and date, in lower case."""
    parts = model.partition(",")[0].lower().replace("\\", "/").split("/")[1:]
    parts += [part.rpartition("--")[2] for part in parts if part.startswith(_CACHED)]
    return frozenset(_DATED.sub("", part) for part in parts)


def _distance(figure: Figure, row: ResultRow, spec: Mapping[str, Any]) -> tuple[int, int]:
    return len(list(_other_options(figure, spec))), abs(figure.classes - row.classes)


def _measures(figure: Figure, row: ResultRow) -> tuple[Measure, ...]:
    """The published values that a row has too; an accuracy is compared to that of the same scoring."""
    values: dict[str, Decimal | None] = dict(figure.values)
    if figure.protocol.scoring == _SUBSTRING:
        values = {"accuracy_substring": values["accuracy"], "accuracy": None}
    return tuple(_measure(name, value, row) for name, value in values.items() if hasattr(row, name))


def _measure(name: str, published: Decimal | None, row: ResultRow) -> Measure:
    return Measure(
        name, published, getattr(row, name), getattr(row, f"{name}_low", None), getattr(row, f"{name}_high", None)
    )


def _differences(figure: Figure, row: ResultRow, spec: Mapping[str, Any]) -> Iterator[str]:
    """What was done otherwise than by the published protocol."""
    protocol = figure.protocol
    if row.images != protocol.images and protocol.images is not None:
        yield f"{row.images:,} images, there {protocol.images:,}"
    if row.classes != figure.classes:
        yield f"{row.classes} classes, there {figure.classes}"
    has_background = spec["classes"]["background"] is not None
    if has_background != protocol.background:
        yield "with a background class, there without" if has_background else "no background class, there one"
    if protocol.names and (other := set(_foreground(spec)) - class_names()[protocol.names]):
        yield f"names that are not there: {_shown(sorted(other))}"
    for key, own, there in _other_options(figure, spec):
        yield f"{key} {_shown(own)}, there {_shown(there)}"
    if protocol.dtype and row.dtype and row.dtype.removeprefix("torch.") != protocol.dtype:
        yield f"precision {row.dtype}, there {protocol.dtype}"


def _other_options(figure: Figure, spec: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The options of the strategy that are known to be others: name, this row's, the published."""
    given = spec["strategy"]["options"]
    for key, there in figure.protocol.options.items():
        if key in given and given[key] != there:
            yield key, given[key], there


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return f"“{text}”" if " " in text else text
