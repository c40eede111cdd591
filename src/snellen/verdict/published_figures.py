"""Figures that others have published, as they stand in the files of `snellen/published`, with source and protocol."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "published"
_CLASSES = "classes.json"


@dataclass(frozen=True, slots=True, eq=False)
class Protocol:
    """How figures were measured; None, and an option that is not there, is what the source does not tell.

    `options` are those of the strategy of that name. `names` is the list of class names that it used. `scoring` is how
    an answer counts as right where that is not by reading one class in it; `not_told` are words about what the source
    leaves open.
    """

    name: str
    dataset: str
    strategy: str
    options: Mapping[str, Any]
    classes: int
    background: bool
    images: int | None = None
    names: str | None = None
    dtype: str | None = None
    scoring: str | None = None
    not_told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model as a source calls it, and the names it goes by elsewhere, in lower case and without their owners."""

    model: str
    aliases: tuple[str, ...]
    parameters_billions: Decimal | None = None
    mmmu: Decimal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """What a source says of a model by a protocol, over so many classes; `values` have the digits that it gives."""

    model: PublishedModel
    protocol: Protocol
    classes: int
    values: Mapping[str, Decimal]

    def as_data(self) -> dict[str, Any]:
        """All of it for JSON."""
        mmmu, parameters = self.model.mmmu, self.model.parameters_billions
        return {
            "model": self.model.model,
            "parameters_billions": None if parameters is None else float(parameters),
            "mmmu": None if mmmu is None else float(mmmu),
            "protocol": dataclasses.asdict(self.protocol),
            "classes": self.classes,
            **{name: float(value) for name, value in self.values.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Who published figures, where, and what is to be known about them."""

    name: str
    title: str
    url: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]

    def as_data(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "url": self.url,
            "notes": self.notes,
            "figures": [figure.as_data() for figure in self.figures],
        }


@cache
def sources() -> tuple[Source, ...]:
    """All sources, by name."""
    files = sorted(path for path in _FOLDER.glob("*.json") if path.name != _CLASSES)
    return tuple(_source(json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)) for path in files)


def _source(read: Mapping[str, Any]) -> Source:
    protocols = {name: Protocol(name, **_fields(told)) for name, told in read["protocols"].items()}
    models = {told["model"]: PublishedModel(**_fields(told)) for told in read["models"]}
    figures = tuple(_figure(told, models, protocols) for told in read["figures"])
    return Source(read["name"], read["title"], read["url"], tuple(read["notes"]), figures)


def _fields(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}


def _figure(told: Mapping[str, Any], models: Mapping[str, PublishedModel], protocols: Mapping[str, Protocol]) -> Figure:
    protocol = protocols[told["protocol"]]
    values = {key: Decimal(value) for key, value in told.items() if key not in ("model", "protocol", "classes")}
    return Figure(models[told["model"]], protocol, told.get("classes", protocol.classes), values)


@cache
def class_names() -> Mapping[str, frozenset[str]]:
    """Lists of class names without the background: those of data sets in all spellings, and those that were used."""
    read = json.loads((_FOLDER / _CLASSES).read_text(encoding="utf-8"))
    return {name: frozenset(names) for name, names in read.items()}
