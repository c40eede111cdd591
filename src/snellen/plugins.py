"""Finds data sets, strategies and engines by name, and turns options given as text into typed ones.

A built-in is a module of the package (`closed-set` is `snellen.strategies.closed_set`); a third party's is an entry
point of the group `snellen.datasets`, `snellen.strategies` or `snellen.engines`, whose value is such a module. There is
no registry to edit; docs/adding.md shows one of each.

- a data set module has a dataclass `Options` and `load(name, options) -> Dataset`; one that fetches what it reads may
  have `obtain(name, options, progress)`, which is called before and tells how that goes on, and one that may fetch in
  `load` has `at_hand(name)`, whether it need not;
- an engine module has `ANSWERS`, a dataclass `Options`, `identity(name, options)` and `load(name, options) -> Engine`,
  and may have `NEEDS`, the packages of its extra that must be installed, and `refuses(name, options)`, the kinds among
  `ANSWERS` that this very model does not answer with the reason; one that answers `Recognise` may have
  `vocabulary(name, options)`, the names it recognises, and `synsets(name, options)`, their WordNet ids or None, both
  as tuples read without loading the model; one of hosted models may have `provider(name, options)`, the translation
  of questions that goes without a key, `forcing(name, options)`, the ways to hold a server to choices, and
  `key(name, options)`, which raises Missing where the key for it is not set;
- an engine module whose models are those of other providers under names of their own has `stands_for(name)`, which
  gives the provider and the name there, and nothing else;
- a strategy module has a frozen dataclass `Strategy`, whose fields are its options.

A strategy or engine that needs packages beyond those of Snellen lists them in `NEEDS`; `EXTRA` is what to install for
them: the name of an extra of Snellen's for a built-in, anything that pip takes for a third party's.

A field of `Options` marked `metadata={"answers": False}` is no part of the identity: it changes no answer, or what it
names is in the identity by its content. One marked `{"title": False}` never tells two models apart and is not shown.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from snellen.errors import Missing, WrongUse, nearest

_SINGULAR = {"datasets": "data set", "strategies": "strategy", "engines": "model provider"}
_HAS = {  # what a module must have
    "datasets": ("Options", "load"),
    "strategies": ("Strategy",),
    "engines": ("ANSWERS", "Options", "identity", "load"),
}
T = TypeVar("T")


def _built_in(group: str) -> list[str]:
    folder = Path(__file__).parent / group
    return [module.name.replace("_", "-") for module in pkgutil.iter_modules([str(folder)])]


def names(group: str) -> list[str]:
    """All names of a group (`datasets`, `strategies`, `engines`), sorted."""
    third_party = (point.name for point in importlib.metadata.entry_points(group=f"snellen.{group}"))
    return sorted({*_built_in(group), *third_party})


def load(group: str, name: str) -> ModuleType:
    """The module behind a name.

    Raises WrongUse: no such name (the nearest known one is named), or a third party's that is no plug-in; Missing where
    a third party's cannot be imported.
    """
    if name in _built_in(group):
        return importlib.import_module(f"snellen.{group}.{name.replace('-', '_')}")
    for point in importlib.metadata.entry_points(group=f"snellen.{group}", name=name):
        return _of_third_party(group, point)
    raise WrongUse(f"unknown {_SINGULAR[group]} {name!r}{nearest(name, names(group))}")


def _of_third_party(group: str, point: importlib.metadata.EntryPoint) -> ModuleType:
    owner = f"the {_SINGULAR[group]} {point.name!r} ({point.value}{f' of {point.dist.name}' if point.dist else ''})"
    try:
        module: ModuleType = point.load()
    except Exception as error:  # what a module may raise as it is imported has no limits
        raise Missing(f"{owner} cannot be imported: {type(error).__name__}: {error}") from error
    wanted = () if group == "engines" and hasattr(module, "stands_for") else _HAS[group]
    if lacking := [name for name in wanted if not hasattr(module, name)]:
        raise WrongUse(f"{owner} has no {' and no '.join(lacking)}: its entry point must name a module with them")
    return module


def configure(options: type[T], given: Mapping[str, Any], owner: str) -> T:
    """An instance of the dataclass `options` from given values, text or typed.

    Raises WrongUse: an unknown key (the nearest known one is named) or a value of the wrong type or range.
    """
    from pydantic import TypeAdapter, ValidationError

    known = [field.name for field in dataclasses.fields(options)]  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise WrongUse(f"{owner} has no option {key!r}{nearest(key, known)}")
    try:
        return TypeAdapter(options).validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = str(next(iter(first["loc"]), ""))  # what follows in a union are pydantic's own words
        if first["type"] == "missing":
            raise WrongUse(f"{owner} needs the option {where}: write {owner},{where}=…") from None
        message = first["msg"].removeprefix("Value error, ")
        said = (
            f"{where}={first['input']!r}: {message}" if first["loc"] else message
        )  # of all options together: as it is
        raise WrongUse(f"{owner}: {said}") from None
    except ValueError as error:
        raise WrongUse(f"{owner}: {error}") from None


def changes_answers(options: object) -> dict[str, Any]:
    """The options that are part of a model's identity: all fields but those marked `metadata={"answers": False}`."""
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)  # type: ignore[arg-type]
        if field.metadata.get("answers", True)
    }
