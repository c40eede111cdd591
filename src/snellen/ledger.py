"""What a run folder may have paid beside the counted answers in its store, kept as tokens and, in flight, as money."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from snellen.database import Database
from snellen.remote.prices import Tally

_IN_FLIGHT, _LOST = "usd in flight", "usd lost in flight"
_NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Beside:
    """What a model may have been paid beside its counted answers.

    `told` are attempts without an answer by their own count. `most` is a bound: of attempts that told no count, and of
    those `answers` in the store that came without one; they are no answers of the tally, as the store has them.
    """

    told: Tally = _NOTHING
    most: Tally = _NOTHING
    answers: int = 0

    def __add__(self, other: Beside) -> Beside:
        return Beside(self.told + other.told, self.most + other.most, self.answers + other.answers)


def beside(database: Database, model: int) -> Beside:
    """What is kept of a model."""
    found = database.fact(_name(model))
    if not found:
        return Beside()
    kept = json.loads(found)
    return Beside(Tally(**kept["told"]), Tally(**kept["most"]), kept["answers"])


def add(database: Database, more: Mapping[int, Beside]) -> None:
    """Adds to what is kept of these models."""
    for model, each in more.items():
        database.set_fact(_name(model), json.dumps(asdict(beside(database, model) + each)))


def _name(model: int) -> str:
    return f"beside the answers of model {model}"


# What is on its way cannot be counted where this process or the model's is killed; it may cost so much in USD


def keep_in_flight(database: Database, usd: float) -> None:
    """Keeps, before it is sent, what all that is in flight may cost."""
    database.set_fact(_IN_FLIGHT, repr(usd))


def in_flight(database: Database) -> float:
    """What may have been in flight when the latest run into the folder was killed."""
    return float(database.fact(_IN_FLIGHT) or 0.0)


def lose(database: Database, usd: float) -> None:
    """What was in flight will never be known: it counts as spent."""
    database.set_fact(_LOST, repr(lost(database) + usd))


def lost(database: Database) -> float:
    """What may have been paid for answers that were in flight when a process ended."""
    return float(database.fact(_LOST) or 0.0)
