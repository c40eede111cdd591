"""Which two rows can be run as a cascade, the first of them sparing the second some work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snellen.results import Results
from snellen.stored_rows import strategy_of
from snellen.types import Choose, Generate
from snellen.verdict.candidates import TOLERANCE, Candidate

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two rows about the same examples; `confidence` says of each how sure the first is, nan where it does not tell."""

    first: Candidate
    second: Candidate
    confidence: _Numbers

    @property
    def both(self) -> NDArray[np.bool_]:
        """The examples that both have answered."""
        both: NDArray[np.bool_] = (self.first.right >= 0) & (self.second.right >= 0)
        return both


def pairs_of(results: Results, candidates: Sequence[Candidate]) -> tuple[list[Pair], str | None]:
    """All such pairs, in which the first has scores and is faster or cheaper than the second; or why there are none."""
    alone = [each for each in candidates if _is_single(results, each)]
    scores = {each: found for each in alone if (found := _scores(results, each)) is not None}
    pairs = [
        Pair(first, second, confidence)
        for first, confidence in scores.items()
        for second in alone
        if _is_cheaper(first, second) and not _asks_the_same(results, first, second)
    ]
    return pairs, None if pairs else _why_none(alone, scores, _kept_out(results, candidates))


def _is_single(results: Results, candidate: Candidate) -> bool:
    """Whether one model is asked, and shown no labelled examples: others cannot take part in a cascade."""
    spec = results.spec(candidate.row)
    return len(spec["models"]) == 1 and not spec.get("shots")


def _scores(results: Results, candidate: Candidate) -> _Numbers | None:
    """How sure it is of each example; None where it never says, as an answer in words does not."""
    if Generate in strategy_of(results.spec(candidate.row)).asks:
        return None
    found = results.confidences(candidate.row)
    return None if np.isnan(found).all() else found


def _asks_the_same(results: Results, first: Candidate, second: Candidate) -> bool:
    """Whether both put the one question that there is about a photo to one model: its labels' scores, or its vector."""
    specs = [results.spec(each.row) for each in (first, second)]
    asked = strategy_of(specs[0]).asks | strategy_of(specs[1]).asks
    return specs[0]["models"] == specs[1]["models"] and not asked & {Generate, Choose}


def _is_cheaper(first: Candidate, second: Candidate) -> bool:
    """Whether it is faster, or costs less money."""
    pairs = [(one.costs[0], one.costs[-1]) for one in (first.measures, second.measures)]
    return any(one < other * (1 - TOLERANCE) for one, other in zip(*pairs, strict=True))


def _kept_out(results: Results, candidates: Sequence[Candidate]) -> str:
    """Which rows cannot take part in a cascade, in words; empty where all can."""
    specs = [results.spec(each.row) for each in candidates]
    told = []
    if any(spec.get("shots") for spec in specs):
        told.append("rows with labelled examples")
    if any(len(spec["models"]) > 1 for spec in specs):
        told.append("rows of more than one model")
    return f"{' and '.join(told)} cannot take part" if told else ""


def _why_none(alone: Sequence[Candidate], scores: Mapping[Candidate, _Numbers], kept_out: str) -> str:
    if len(alone) < 2 and kept_out:
        return f"{kept_out}, and {'one other row' if alone else 'no other row'} is left"
    why = _why_no_pair(alone, scores)
    return f"{why}; {kept_out}" if kept_out else why


def _why_no_pair(alone: Sequence[Candidate], scores: Mapping[Candidate, _Numbers]) -> str:
    if len(alone) < 2:
        return "it takes two rows of one model each"
    if not scores:
        return "no row has scores, by which a first model can tell what it is not sure of"
    if np.isnan([each.measures.costs[0] for each in alone]).all():
        return "no speed was measured, so it is not known what one would save (run without --no-timing)"
    return "no row with scores is faster or cheaper than another"
