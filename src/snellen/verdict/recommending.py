"""Which row to take within given limits, how sure that is, and why not one of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.pareto import domination, front
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.summary import dollars, rate_text
from snellen.verdict.candidates import TOLERANCE, Candidate, Measures, candidates_of, comparable, surely_better
from snellen.verdict.cascades import Planned, plan_cascades
from snellen.verdict.limits import Limits, Shortfall
from snellen.verdict.stopping import decided

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to take: `sentence` says it, `choice` is the row.

    `front` are the rows worth having, the most accurate first; `dropped` are all others of the same images, each with
    the reason. `notes` say which images, where the run is about several sets, and what does not hold.
    """

    sentence: str
    choice: Candidate | None
    front: tuple[Candidate, ...]
    dropped: tuple[tuple[ResultRow, str], ...]
    planned: Planned
    notes: tuple[str, ...] = ()


def recommend(results: Results, limits: Limits, seed: int = 0) -> Recommendation:
    """The recommendation for the largest set of rows about the same images; `seed` is that of the cross-validation."""
    rows, sets = comparable(results)
    notes = tuple(_notes(rows, sets))
    candidates = candidates_of(results, rows)
    known = {each.row.number for each in candidates}
    useless = tuple((row, _useless(row)) for row in rows if row.number not in known)
    if not candidates:
        answered = any(row.accuracy is not None for row in rows)
        said = "no row is right on any image" if answered else "no row has an answer" if rows else "there is no row"
        sentence = f"{said.capitalize()}, so there is nothing to recommend."
        return Recommendation(sentence, None, (), useless, Planned((), none_because=said), notes)
    better = surely_better(results, candidates)
    short = {each: limits.shortfalls(each.accuracy, each.measures) for each in candidates}
    within = [place for place, each in enumerate(candidates) if not short[each]]
    favoured = _favoured([candidates[place] for place in within], better[np.ix_(within, within)])
    stay = [place for place, favourite in zip(within, favoured, strict=True) if favourite < 0]
    best = [candidates[place] for place in stay]
    dropped = [(each.row, "; ".join(one.reason for one in found)) for each, found in short.items() if found]
    for place, favourite in zip(within, favoured, strict=True):
        if favourite >= 0:
            dropped.append((candidates[place].row, _why(candidates, better, within[favourite], place)))
    best_of = {decision.best for decision in results.decisions}
    choice = max(
        stay, key=lambda place: (candidates[place].row.number in best_of, candidates[place].merit), default=None
    )
    planned = plan_cascades(results, candidates, best, limits, seed)
    if choice is None:
        sentence = _impossible(short, planned)
    else:
        other = "row that is ever right" if useless else "row"
        known_best = _decided(results, candidates[choice])
        sentence = _sentence(candidates, choice, better, within, limits, other, known_best)
    order = {row.number: place for place, row in enumerate(rows)}
    dropped.sort(key=lambda pair: order[pair[0].number])
    return Recommendation(
        sentence,
        None if choice is None else candidates[choice],
        tuple(best),
        (*dropped, *useless),
        planned,
        notes,
    )


def _notes(rows: Sequence[ResultRow], sets: int) -> Iterator[str]:
    if sets > 1:
        images = f"{rows[0].images} images of {rows[0].classes} classes, seed {rows[0].seed}"
        yield f"{sets} sets of images are in this folder; this is about the largest: {images}"
    if any(row.interval == "anytime" for row in rows):
        yield "answers had a say in when to stop asking: the intervals of cascades of these rows do not hold to 95 %"


def _useless(row: ResultRow) -> str:
    if row.accuracy is not None:
        unread = f"; in {row.unparsed} answers no class could be read" if row.unparsed else ""
        return f"is right on none of {row.answered + row.unparsed} images{unread}"
    counts = [f"{count} {state}" for count, state in ((row.failed, "failed"), (row.pending, "pending")) if count]
    return f"has no answer ({', '.join(counts) or 'no images'})"


def _favoured(candidates: Sequence[Candidate], better: NDArray[np.bool_]) -> list[int]:
    """For each candidate the one in whose favour it is left out, or -1."""
    if not candidates:
        return []
    dominates = domination(better, np.asarray([each.measures.costs for each in candidates]), TOLERANCE)
    return [int(place) for place in front(dominates, np.asarray([each.merit for each in candidates]))]


# In words


def _sentence(
    candidates: Sequence[Candidate],
    choice: int,
    better: NDArray[np.bool_],
    within: Sequence[int],
    limits: Limits,
    other: str,
    known_best: Sequence[str],
) -> str:
    """What to take, why, and how sure that is; any `other` row is said to be compared."""
    chosen, row = candidates[choice], candidates[choice].row
    others = [place for place in within if place != choice]
    groups = {
        "on the images that both answered it is behind": [place for place in others if better[place, choice]],
        "these images do not tell its accuracy from that of": [
            place for place in others if not better[place, choice] and not better[choice, place]
        ],
    }
    parts = [
        f"Take {chosen.name}: right on {percent(row.accuracy)} of {row.answered + row.unparsed} images "
        f"(95 % interval {percent(row.accuracy_low)} to {percent(row.accuracy_high)}){taken(chosen.measures)}",
        *known_best,
    ]
    among = f" within the limit{'s' if limits.count > 1 else ''}" if limits.count else ""
    if not others:
        parts.append(f"no other {other} is{among}" if among else f"there is no other {other}")
    elif not any(groups.values()):
        parts.append(f"it is ahead of every other {other}{among}, more than chance explains")
    parts += [f"{said} {_some([candidates[place] for place in places])}" for said, places in groups.items() if places]
    if limits.min_accuracy is not None and (row.accuracy_low or 0) < limits.min_accuracy:
        parts.append(f"its interval reaches below the {100 * limits.min_accuracy:g} % asked for")
    return f"{'; '.join(parts)}.{_heard(limits, other) if len(within) == len(candidates) else ''}"


def _heard(limits: Limits, other: str) -> str:
    """That limits leave out no row, as else nothing shows that they were looked at."""
    if not limits.count:
        return ""
    return f" Every {other} keeps the limit{'s' if limits.count > 1 else ''}: {limits.text}."


def _decided(results: Results, chosen: Candidate) -> list[str]:
    """What a run that stopped by itself came to about rows of which this is one."""
    rows = {row.number: row for row in results.rows}
    return [
        decided(decision, rows)
        for decision in results.decisions
        if decision.best is not None and chosen.row.number in decision.stopped
    ]


def _some(candidates: Sequence[Candidate]) -> str:
    more = f" and {len(candidates) - _NAMED} more" if len(candidates) > _NAMED else ""
    return " or ".join(f"{each.name} ({percent(each.accuracy)})" for each in candidates[:_NAMED]) + more


def taken(measures: Measures, most: str = "") -> str:
    """What is known of what it takes, to be said behind what it reaches; `most` is said before the memory."""
    told = []
    if measures.images_per_second:
        told.append(f"{rate_text(measures.images_per_second)} images a second")
    if measures.gpu_gb:
        told.append(f"{measures.gpu_gb:.3g} GB of GPU memory")
    if measures.rss_gb:
        told.append(f"{most}{measures.rss_gb:.3g} GB of memory")
    if measures.cost_per_1000_usd:
        told.append(f"{dollars(measures.cost_per_1000_usd)} USD for 1000 images")
    return f", {', '.join(told)}" if told else ""


def _impossible(short: Mapping[Candidate, Sequence[Shortfall]], planned: Planned) -> str:
    """That no row keeps the limits, and which one comes nearest; a cascade may keep them."""

    def distance(candidate: Candidate) -> tuple[int, float, float]:
        shares = [one.share for one in short[candidate]]
        known = [share for share in shares if share < inf]
        return len(shares) - len(known), max(known, default=0.0), -candidate.merit

    nearest = min(short, key=distance)
    reasons = "; ".join(one.reason for one in short[nearest])
    sure = "may keep" if all(each.doubt for each in planned.cascades) else "keep"
    also = f" Two rows as a cascade {sure} them, see there." if planned.cascades else ""
    return f"No row keeps the limits; {nearest.name} comes nearest: {reasons}.{also}"


def _why(candidates: Sequence[Candidate], better: NDArray[np.bool_], favourite: int, place: int) -> str:
    """Why a row is left out in favour of another."""
    one, other = candidates[favourite], candidates[place]
    shares = f"({percent(other.accuracy)} against {percent(one.accuracy)})"
    worse = list(_dearer(other.measures, one.measures))
    if better[favourite, place]:
        told = "; ".join(worse) or "and in nothing better by more than a tenth"
        return f"less accurate than {one.name} {shares}, {told}"
    return f"not told apart in accuracy from {one.name} {shares}, but {'; '.join(worse)}"


def _dearer(one: Measures, other: Measures) -> Iterator[str]:
    """In what the first takes more than the other."""
    less = 1 - TOLERANCE
    if one.images_per_second and other.images_per_second and one.images_per_second < other.images_per_second * less:
        speeds = f"{rate_text(one.images_per_second)} against {rate_text(other.images_per_second)}"
        yield f"slower ({speeds} images a second)"
    for mine, its, what in ((one.gpu_gb, other.gpu_gb, "GPU memory"), (one.rss_gb, other.rss_gb, "memory")):
        if mine is not None and its is not None and its < mine * less:
            yield f"needs more {what} ({mine:.3g} against {its:.3g} GB)"
    mine, its = one.cost_per_1000_usd, other.cost_per_1000_usd
    if mine is not None and its is not None and its < mine * less:
        yield f"dearer ({dollars(mine)} against {dollars(its)} USD for 1000 images)"


def percent(value: float | None) -> str:
    """A share, short."""
    return "–" if value is None else f"{100 * value:.1f} %"
