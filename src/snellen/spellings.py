"""The spellings in which a model may give one and the same answer, and the score they have together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from snellen.types import Scores

Spellings = Mapping[str, tuple[str, ...]]

YES_NO: Spellings = {"yes": ("yes", "Yes", "YES"), "no": ("no", "No", "NO")}


def spellings_of(names: Sequence[str]) -> Spellings:
    """Each name as it is and with a capital first letter, unless that is another of the names."""
    known = set(names)
    capital = {name: name[:1].upper() + name[1:] for name in names}
    count = Counter(capital.values())
    return {
        name: (name,) if written in known or count[written] > 1 else (name, written)
        for name, written in capital.items()
    }


def choices_of(spellings: Spellings) -> tuple[str, ...]:
    """All spellings in order, as the choices of a question."""
    return tuple(written for group in spellings.values() for written in group)


def summed(scores: Scores, spellings: Spellings) -> dict[str, float]:
    """The log-probability of each answer, over all its spellings; -inf where none of them has any probability."""
    return log_sums(dict(zip(scores.choices, scores.values, strict=True)), spellings)


def log_sums(values: Mapping[str, float], spellings: Spellings) -> dict[str, float]:
    """The values by spelling added up for each answer as logarithms; -inf where all of its values are."""
    return {name: _log_sum([values[written] for written in group]) for name, group in spellings.items()}


def best(logs: Mapping[str, float]) -> str | None:
    """The answer with the highest logarithm, the first of equals; None where none is finite."""
    return None if probabilities(logs) is None else max(logs, key=logs.__getitem__)


def probabilities(logs: Mapping[str, float]) -> dict[str, float] | None:
    """Log-probabilities as probabilities that add up to 1; None where none is finite."""
    total = _log_sum(list(logs.values()))
    return {name: math.exp(value - total) for name, value in logs.items()} if math.isfinite(total) else None


def _log_sum(logs: list[float]) -> float:
    top = max(logs, default=-math.inf)
    if not math.isfinite(top):
        return -math.inf
    return top + math.log(math.fsum(math.exp(value - top) for value in logs))
