"""What sets the rows of a sitting apart beside their models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.meters import read_environments
from snellen.results import Results
from snellen.types import MODEL
from snellen.verdict.sittings import Entrant, Sitting

_MACHINE = ("python", "platform", "cpu")


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that is not the same for all rows: each value, and the places of the rows that have it."""

    name: str
    values: tuple[tuple[str, tuple[int, ...]], ...]

    def as_data(self) -> dict[str, Any]:
        """It for JSON; places count from 1."""
        values = [{"value": value, "places": [place + 1 for place in places]} for value, places in self.values]
        return {"name": self.name, "values": values}


def settings(sitting: Sitting, runs: Sequence[Results]) -> tuple[Setting, ...]:
    """What differs between rows that would be the same but for their models.

    The options of a strategy (its prompt among them) and its shots are compared among the rows asked by it, a model's
    weights and options among rows with its name; seed, order of the classes, background, number format, device, prefix
    sharing, machine and versions of packages among all rows. What is not known of a row is not compared; where answers
    of a run came from several environments, its rows stand beside each.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for place, entrant in enumerate(sitting.entrants):
        for name, value in (pair for each in entrant.everywhere for pair in _values(each, runs[each.run])):
            if value is not None:
                places = found.setdefault(name, {}).setdefault(_text(value), [])
                if place not in places:
                    places.append(place)
    return tuple(
        Setting(name, tuple((value, tuple(places)) for value, places in values.items()))
        for name, values in found.items()
        if len(values) > 1
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _values(entrant: Entrant, run: Results) -> Iterator[tuple[str, Any]]:
    """What a row was asked with, each under a name that only rows share of which it should be the same."""
    spec, row = entrant.spec, entrant.row
    strategy = spec["strategy"]
    for option, value in strategy["options"].items():
        yield f"{strategy['name']}, {option}", _given(value)
    if "shots" in spec:
        yield f"{strategy['name']}, pictures shown", sorted(digest for _, digest, _ in spec["shots"])
    yield "seed", spec["seed"]
    yield "order of the classes", spec["classes"]["names"]
    yield "background", _given(spec["classes"]["background"])
    identity = run.store.identity(spec["models"][MODEL])
    for part, value in identity.items():
        yield f"{row.model}, {part}", value
    yield from (("dtype", row.dtype), ("device", row.device), ("prefix sharing", row.prefix_sharing))
    for environment in read_environments(run.path / "environment.json"):
        yield from ((name, environment.get(name)) for name in _MACHINE)
        yield from environment.get("packages", {}).items()


def _given(value: Any) -> Any:
    """A value that may be none, which is one too."""
    return "none" if value is None else value
