"""Rows of one or several run folders on the images that they share."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snellen.errors import WrongUse
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import NO_ANSWER, Sheet
from snellen.verdict.names import meant

# an image by its content and its label; the last tells copies of it in one selection from each other
_Image: TypeAlias = tuple[bytes, str, int]
_Images: TypeAlias = Mapping[_Image, int]  # with their places on a sheet


@dataclass(frozen=True, slots=True)
class Entrant:
    """A row of one of the runs; `run` is that run's place among them.

    `also` are the rows of other runs that asked the same model the same and got the same answers; they count as this
    one. It is `decided` where its run stopped as it was found to be the best.
    """

    run: int
    row: ResultRow
    spec: Mapping[str, Any]
    also: tuple[Entrant, ...] = ()
    decided: bool = False

    @property
    def everywhere(self) -> tuple[Entrant, ...]:
        """The row in each run that has it."""
        return (self, *self.also)


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """Rows that took the same test: the same set of classes, and images that all of them were asked about.

    The most accurate comes first, those without an answer last. `labels` are places in `classes`; `predictions` has an
    array of them for each entrant, as in a Sheet. `left_out` is how many images of each run that takes part are not
    among them; `relabelled` how many images the runs have in common but under different labels, which are left out too.
    """

    classes: tuple[str, ...]
    entrants: tuple[Entrant, ...]
    labels: NDArray[np.int32]
    predictions: tuple[NDArray[np.int32], ...]
    left_out: Mapping[int, int]
    relabelled: int


@dataclass(frozen=True, slots=True, eq=False)
class _Selection:
    """The rows of a run about the same images and the same set of classes."""

    run: int
    rows: tuple[ResultRow, ...]
    images: _Images


def sittings(
    runs: Sequence[Results], models: Sequence[str] = (), strategies: Sequence[str] = ()
) -> tuple[Sitting, ...]:
    """All sittings of these runs, those of most runs first and then of most images.

    They are of these models and strategies alone where any are named. Rows whose sets of classes differ are never in
    one sitting. Superseded rows are left out. Raises WrongUse: a run shares no image with the others, a name that no
    row has.
    """
    every = [(number, rows) for number, run in enumerate(runs) for rows in run.alike()]
    wanted_models = meant(models, [row.model for _, rows in every for row in rows], "-m")
    wanted_strategies = meant(strategies, [row.strategy for _, rows in every for row in rows], "-s")
    selections: dict[frozenset[str], list[_Selection]] = {}
    for number, rows in every:
        wanted = [row for row in rows if row.model in wanted_models and row.strategy in wanted_strategies]
        if wanted and (sheet := runs[number].sheet(wanted[0])).digests:
            selection = _Selection(number, tuple(wanted), _images_of(sheet))
            selections.setdefault(frozenset(sheet.classes), []).append(selection)
    _check_images(runs, [each for same in selections.values() for each in same])
    found = [sitting for same in selections.values() for sitting in _sittings(runs, same)]
    return tuple(sorted(found, key=lambda each: (len(each.left_out), len(each.labels)), reverse=True))


def _check_images(runs: Sequence[Results], selections: Sequence[_Selection]) -> None:
    """Raises WrongUse where a run that takes part has no image that is in another too, whatever its label."""
    digests: dict[int, set[bytes]] = {}
    for each in selections:
        digests.setdefault(each.run, set()).update(digest for digest, _, _ in each.images)
    for number, own in digests.items():
        others = [other for other in digests if other != number]
        if others and own.isdisjoint(set().union(*(digests[other] for other in others))):
            raise WrongUse(
                f"{runs[number].path} has no image in common with {' or '.join(str(runs[o].path) for o in others)}; "
                "models are compared on the same images: name runs over the same data"
            )


def _images_of(sheet: Sheet) -> _Images:
    """The images of a sheet; copies under the same label are counted, so that each has its counterpart."""
    seen: Counter[tuple[bytes, str]] = Counter()
    images = {}
    for place, (digest, label) in enumerate(zip(sheet.digests, sheet.labels.tolist(), strict=True)):
        named = digest, sheet.classes[label]
        images[(*named, seen[named])] = place
        seen[named] += 1
    return images


def _sittings(runs: Sequence[Results], selections: Sequence[_Selection]) -> Iterator[Sitting]:
    """A sitting for each set of images that a selection shares with what is most like it in each of the other runs.

    All rows that were asked about all of these take part, so that few images more of some rows do not keep them apart.
    """
    done: set[frozenset[_Image]] = set()
    for first in selections:
        common = frozenset(first.images)
        for run in sorted({each.run for each in selections} - {first.run}):
            likest = max((common.intersection(each.images) for each in selections if each.run == run), key=len)
            common = likest or common
        if common not in done:
            done.add(common)
            yield _sitting(runs, [each for each in selections if common <= each.images.keys()], common)


def _sitting(runs: Sequence[Results], selections: Sequence[_Selection], common: frozenset[_Image]) -> Sitting:
    """The rows of these selections on the images that all of them have, in the order of `_order`."""
    images = [image for image in selections[0].images if image in common]
    classes = runs[selections[0].run].sheet(selections[0].rows[0]).classes
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[label] for _, label, _ in images], dtype=np.int32)
    taken = []
    for selection in selections:
        run, chosen = runs[selection.run], np.array([selection.images[image] for image in images], dtype=np.int64)
        for row in selection.rows:
            sheet = run.sheet(row)
            renumbered = np.array([*(places[name] for name in sheet.classes), len(classes)], dtype=np.int32)
            said = sheet.predictions[chosen]
            said = np.where(said == NO_ANSWER, np.int32(NO_ANSWER), renumbered[said])
            decided = row.number in {decision.best for decision in run.decisions}
            taken.append((Entrant(selection.run, row, run.spec(row), decided=decided), said))
    taken = _once(runs, taken)
    taken = [taken[place] for place in _order(labels, [said for _, said in taken])]
    left_out = {each.run: len(each.images) - len(images) for each in selections}
    return Sitting(
        classes,
        tuple(entrant for entrant, _ in taken),
        labels,
        tuple(said for _, said in taken),
        left_out,
        _relabelled(selections),
    )


def _once(
    runs: Sequence[Results], taken: Sequence[tuple[Entrant, NDArray[np.int32]]]
) -> list[tuple[Entrant, NDArray[np.int32]]]:
    """The entrants with what they said, those together that are the same row with the same answers in several runs."""
    same: dict[tuple[str, bytes], list[tuple[Entrant, NDArray[np.int32]]]] = {}
    for entrant, said in taken:
        found = same.setdefault((_asked(entrant, runs[entrant.run]), said.tobytes()), [])
        if all(entrant.run != other.run for other, _ in found):
            found.append((entrant, said))
        else:
            same[f"{entrant.run} {entrant.row.number}", b""] = [(entrant, said)]
    return [
        (
            replace(
                first,
                also=tuple(other for other, _ in others),
                decided=first.decided or any(other.decided for other, _ in others),
            ),
            said,
        )
        for (first, said), *others in same.values()
    ]


def _asked(entrant: Entrant, run: Results) -> str:
    """All that tells how a row was asked, whatever its folder."""
    row, models = entrant.row, entrant.spec["models"]
    identities = {role: run.store.identity(number) for role, number in models.items()}
    ran = [row.device, row.dtype, row.prefix_sharing, row.interval]
    return json.dumps([{**entrant.spec, "models": identities}, ran], sort_keys=True, default=str)


def _order(labels: NDArray[np.int32], predictions: Sequence[NDArray[np.int32]]) -> list[int]:
    """The places of rows in the order of their accuracy, those without an answer last.

    Where not all answered all images it is the order of how many others each is ahead of on the images that both
    answered: a row that failed on the hard ones is not put first for it.
    """
    answered = [said != NO_ANSWER for said in predictions]
    right = [said == labels for said in predictions]
    ahead = [0.0] * len(predictions)
    for a, b in combinations(range(len(predictions)), 2):
        both = answered[a] & answered[b]
        lead = int(right[a][both].sum()) - int(right[b][both].sum())
        ahead[a] += (lead > 0) + (lead == 0) / 2
        ahead[b] += (lead < 0) + (lead == 0) / 2
    accuracy = [float(right[place][each].mean()) if each.any() else -1.0 for place, each in enumerate(answered)]
    return sorted(
        range(len(predictions)), key=lambda place: (accuracy[place] >= 0, ahead[place], accuracy[place]), reverse=True
    )


def _relabelled(selections: Sequence[_Selection]) -> int:
    """How many images stand under other labels in one run than in another."""
    if len({selection.run for selection in selections}) < 2:
        return 0
    labels: dict[bytes, dict[int, set[str]]] = {}
    for selection in selections:
        for digest, label, _ in selection.images:
            labels.setdefault(digest, {}).setdefault(selection.run, set()).add(label)
    return sum(len(set(map(frozenset, by_run.values()))) > 1 for by_run in labels.values())
