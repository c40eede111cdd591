"""Images whose labels models contradict, the most suspicious first: those that models of different kinds agree on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from snellen.errors import WrongUse
from snellen.exports import whole_file
from snellen.metrics.suspicion import Witness, suspicion
from snellen.naming import printable
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import NO_ANSWER
from snellen.stored_rows import strategy_of
from snellen.types import Choose, EmbedText, Generate, Recognise

_CLASSIFIER, _ENCODER, _VLM = "classifier", "encoder", "vision-language model"
_SHARE = 0.1  # of the images to look at, where no number can be estimated
_COLUMNS = ("rank", "look", "example", "path", "label", "suggested", "kinds", "evidence", "says")


@dataclass(frozen=True, slots=True)
class Testimony:
    """A row as a witness: the best of its model, and of which kind that is."""

    row: ResultRow
    kind: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """An image and the class that is suggested instead of its label.

    `says` are the models that say so, each with the score of it, None where it gave none. `kinds` is how many kinds of
    models find it ten times as likely as the label, `evidence` how much likelier it is, as a natural logarithm.
    """

    example: str
    path: str | None
    label: str
    suggested: str
    says: tuple[tuple[str, float | None], ...]
    kinds: int
    evidence: float


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspects in the order in which to look at them, who testified, and of how many `images`.

    `count` is how many suspects there are, of whom the first are `found`; `expected` is how many labels are wrong by
    estimate, None where models of one kind alone testified.
    """

    images: int
    witnesses: tuple[Testimony, ...]
    found: tuple[Suspect, ...]
    count: int
    expected: float | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of models that testified."""
        return tuple(dict.fromkeys(each.kind for each in self.witnesses))

    @property
    def look(self) -> int:
        """How many to look at: as many as labels are wrong by estimate, or as a tenth of the images."""
        return min(self.count, ceil(self.images * _SHARE if self.expected is None else self.expected))


def suspects(results: Results, most: int | None = None) -> Suspects:
    """The suspects of a run, or so many of them, on the images that most kinds of models were asked about.

    The best row of each model testifies. Raises WrongUse where no row has an answer.
    """
    witnesses = _witnesses(results)
    if not witnesses:
        raise WrongUse(f"no row of {results.path} has an answer that could be compared with the labels; run it first")
    sheet = results.sheet(witnesses[0].row)
    heard = [_witness(results, each) for each in witnesses]
    told = suspicion(sheet.labels.astype(np.int64), len(sheet.classes), heard)
    names, files = sheet.classes, results.files(witnesses[0].row)
    found = []
    for place in told.order[:most]:
        instead = int(told.instead[place])
        says = tuple(
            (each.row.model, _score(witness, int(place), instead))
            for each, witness in zip(witnesses, heard, strict=True)
            if witness.predictions[place] == instead
        )
        (example, path), label = files[place], names[sheet.labels[place]]
        kinds, evidence = int(told.against[place]), float(told.evidence[place])
        found.append(Suspect(example, path, label, names[instead], says, kinds, evidence))
    images = int(np.any([each.predictions != NO_ANSWER for each in heard], axis=0).sum())
    return Suspects(images, witnesses, tuple(found), len(told.order), told.expected)


def _witnesses(results: Results) -> tuple[Testimony, ...]:
    """The best row of each model: of those about the same images, the most kinds of models, then the most images."""
    groups: dict[tuple[int, str], dict[str, Testimony]] = {}
    for row in results.rows:  # the most accurate first
        if row.superseded or row.blind or row.accuracy is None:
            continue
        spec = results.spec(row)
        group = groups.setdefault((row.selection, json.dumps(spec["classes"])), {})
        group.setdefault(row.model, Testimony(row, _kind(strategy_of(spec))))
    best = max(groups.values(), key=_reach, default={})
    return tuple(best.values())


def _reach(group: dict[str, Testimony]) -> tuple[int, int]:
    rows = [each.row for each in group.values()]
    return len({each.kind for each in group.values()}), max(row.answered + row.unparsed for row in rows)


def _kind(strategy: Any) -> str:
    """What a model is by what it is asked; a few labelled examples make a classifier of an encoder."""
    if strategy.asks & {Generate, Choose}:
        return _VLM
    learns = getattr(strategy, "shots", 0) and EmbedText not in strategy.asks
    return _CLASSIFIER if Recognise in strategy.asks or learns else _ENCODER


def _witness(results: Results, testimony: Testimony) -> Witness:
    """What a row said; of a class that its vocabulary does not have it has no say."""
    sheet = results.sheet(testimony.row)
    ranked, scores = results.best_scored(testimony.row)
    beyond = [sheet.classes.index(name) for name in testimony.row.classes_uncovered or ()]
    predictions = np.where(np.isin(sheet.labels, beyond), NO_ANSWER, sheet.predictions).astype(np.int64)
    return Witness(testimony.kind, predictions, ranked, scores)


def _score(witness: Witness, place: int, instead: int) -> float | None:
    hits = np.flatnonzero(witness.ranked[place] == instead)
    return float(witness.scores[place, hits[0]]) if len(hits) else None


# Told


def lines(told: Suspects) -> Iterator[str]:
    """Who testified, how many to look at, and what the list is worth."""
    for each in told.witnesses:
        yield f"witness: {each.row.model} · {each.row.strategy}, {_a(each.kind)}"
    yield f"{told.count} of {told.images} images have another class than their label by some model"
    if not told.count:
        return
    if told.expected is None:
        yield (
            f"only one kind of model testifies, which is weaker: where {_a(told.kinds[0])} is mistaken it may be sure; "
            f"a tenth of the images is worth a look: the first {told.look}"
        )
    else:
        number = f"some {told.expected:.0f} labels are" if told.expected >= 1.5 else "hardly a label is"
        yield f"{number} wrong by estimate (fewer, where models err alike): look at the first {told.look}"
    yield "a suspect is no proof: look at the image before its label is changed"


def _a(kind: str) -> str:
    return f"an {kind}" if kind == _ENCODER else f"a {kind}"


def says_text(suspect: Suspect, names: dict[str, str] | None = None) -> str:
    """Who says so, with the score where there is one; `names` are shorter ones."""
    shown = ((names or {}).get(model, model) for model, _ in suspect.says)
    scores = ("" if score is None else f" {score:.2f}" for _, score in suspect.says)
    return "; ".join(f"{name}{score}" for name, score in zip(shown, scores, strict=True))


def as_data(told: Suspects, top: int | None = None) -> dict[str, Any]:
    """The list as JSON holds it, its first `top`."""
    return {
        "images": told.images,
        "witnesses": [
            {"model": each.row.model, "strategy": each.row.strategy, "kind": each.kind, "accuracy": each.row.accuracy}
            for each in told.witnesses
        ],
        "expected": told.expected,
        "look": told.look,
        "suspects": [
            {
                "example": each.example,
                "path": each.path,
                "label": each.label,
                "suggested": each.suggested,
                "kinds": each.kinds,
                "evidence": each.evidence,
                "says": [{"model": model, "score": score} for model, score in each.says],
            }
            for each in told.found[:top]
        ],
    }


def write_csv(found: Sequence[Suspect], look: int, path: Path) -> None:
    """All suspects as a table; the first `look` are marked. Raises WrongUse where it is not to be named .csv."""
    if path.suffix.lower() != ".csv":
        raise WrongUse(f"expected a file named .csv for the suspects, not {path}")
    with whole_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for rank, each in enumerate(found, 1):
            place = printable(each.path) if each.path else ""
            judged = (each.label, each.suggested, each.kinds, f"{each.evidence:.2f}", says_text(each))
            writer.writerow((rank, "yes" if rank <= look else "", each.example, place, *judged))
