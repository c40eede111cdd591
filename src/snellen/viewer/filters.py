"""Which images are shown, in which order: read from an address, written into one, and applied to a set of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from snellen.types import Outcome, State
from snellen.viewer.snapshot import OUTCOMES, STATES, Bits, ImageSet, Line, Snapshot

ANSWERS = {
    "right": "right",
    "wrong": "wrong (unparsed, too)",
    "misnamed": "another class",
    "unparsed": "unparsed",
    "failed": "failed",
    "pending": "pending",
}
DISAGREEMENTS = {
    "differ": "rows disagree",
    "some": "some rows right, some wrong",
    "only-right": "only this row is right",
    "only-wrong": "only this row is wrong",
    "none-right": "no row is right",
    "all-right": "all that answered are right",
}
SORTS = {
    "": "as in the data set",
    "id": "by name",
    "sure": "surest first",
    "unsure": "least sure first",
    "disagreement": "most disagreement first",
    "suspect": "most suspect label first",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What an image has to be like; an empty value asks for nothing.

    `answer` is what became of `row`, `other_answer` of another row; `outcome` is how its prediction came about;
    `low` and `high` bound its confidence.
    """

    set: int | None = None
    row: int | None = None
    label: str = ""
    prediction: str = ""
    answer: str = ""
    outcome: str = ""
    disagreement: str = ""
    other: int | None = None
    other_answer: str = ""
    low: float | None = None
    high: float | None = None
    text: str = ""
    sort: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is asked for beside a set, a row and an order."""
        return any(getattr(self, each.name) not in (None, "") for each in _NARROWING)

    def query(self, **more: Any) -> str:
        """As the query of an address, with further values."""
        values = {**dataclasses.asdict(self), **more}
        kept = {key: value for key, value in values.items() if value not in (None, "")}
        return urlencode(kept, errors="backslashreplace")

    def but(self, **changes: Any) -> Filter:
        return dataclasses.replace(self, **changes)


_NARROWING = tuple(each for each in dataclasses.fields(Filter) if each.name not in ("set", "row", "sort"))


def read_filter(query: Mapping[str, str], snapshot: Snapshot) -> tuple[Filter, ImageSet, list[str]]:
    """The filter of an address, the set that it is about, and a sentence on each value that makes no sense.

    The set is the one named, else that of the row, else the largest. There must be one. `taken` is what the image was
    taken for in addresses of the report: a prediction, or nothing for an answer that named no class.
    """
    told: list[str] = []
    if (taken := query.get("taken")) is not None:
        query = {**query, "prediction": taken} if taken else {**query, "answer": "unparsed"}
    wanted, numbered = _whole(query, "set", told), _whole(query, "row", told)
    found = next((each for each in snapshot.sets if each.key == wanted), None)
    if wanted is not None and found is None:
        told.append(f"There is no set of images {wanted}.")
    if found is None and numbered is not None:
        found = next((each for each in snapshot.sets if each.row(numbered)), None)
    images = found or snapshot.sets[0]
    if numbered is not None and images.row(numbered) is None:
        told.append(f"There is no row {numbered} here.")
        numbered = None
    other = _whole(query, "other", told)
    if other is not None and images.row(other) is None:
        told.append(f"There is no row {other} here.")
        other = None
    low, high = _bound(query, "low", told), _bound(query, "high", told)
    first = images.rows[0].number
    made = Filter(
        set=images.key if images is not snapshot.sets[0] else None,
        row=first if numbered is None else numbered,
        label=_one_of(query, "label", images.classes, told),
        prediction=_one_of(query, "prediction", images.classes, told),
        answer=_one_of(query, "answer", ANSWERS, told),
        outcome=_one_of(query, "outcome", OUTCOMES, told),
        disagreement=_one_of(query, "disagreement", DISAGREEMENTS, told),
        other=other,
        other_answer=_one_of(query, "other_answer", ANSWERS, told) if other is not None else "",
        low=low,
        high=high,
        text=query.get("text", "")[:200],
        sort=_one_of(query, "sort", SORTS, told),
    )
    return made, images, told


def _whole(query: Mapping[str, str], key: str, told: list[str]) -> int | None:
    text = query.get(key, "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    told.append(f"Expected a number as {key}; it is ignored.")
    return None


def _bound(query: Mapping[str, str], key: str, told: list[str]) -> float | None:
    text = query.get(key, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not abs(value) < 1e30:  # more than a score of single precision holds, or no number
        told.append(f"Expected a number such as 0.5 as the confidence ({key}); it is ignored.")
        return None
    return value


def _one_of(query: Mapping[str, str], key: str, known: Any, told: list[str]) -> str:
    text = query.get(key, "")
    if text and text not in known:
        told.append(f"{text[:60]!r} is none of the known values of {key.replace('_', ' ')}; it is ignored.")
        return ""
    return text


def chosen(snapshot: Snapshot, images: ImageSet, asked: Filter, evidence: Mapping[str, float]) -> NDArray[np.int64]:
    """The places of the images that pass, in the order asked for; kept for the next page of the same."""
    key = (images.key, asked)
    known = snapshot.orders
    if (kept := known.get(key)) is not None and (asked.sort != "suspect" or kept[0] is evidence):
        return kept[1]
    passed = np.flatnonzero(_passing(images, asked))
    found: NDArray[np.int64] = passed[_order(images, asked, passed, evidence)]
    if len(known) >= 16:
        known.clear()
    known[key] = evidence, found
    return found


def _passing(images: ImageSet, asked: Filter) -> Bits:
    row = images.row(asked.row) or images.rows[0]
    kept: Bits = np.ones(len(images), dtype=np.bool_)
    if asked.label:
        kept &= images.labels == images.classes.index(asked.label)
    if asked.prediction:
        kept &= row.predictions == images.classes.index(asked.prediction)
    if asked.answer:
        kept &= _answered(images, row, asked.answer)
    if asked.outcome:
        kept &= row.outcomes == OUTCOMES.index(Outcome(asked.outcome))
    if asked.disagreement:
        kept &= _disagreeing(images, row, asked.disagreement)
    if asked.other is not None and asked.other_answer:
        other = images.row(asked.other)
        assert other is not None
        kept &= _answered(images, other, asked.other_answer)
    if asked.low is not None:
        kept &= row.confidences >= asked.low
    if asked.high is not None:
        kept &= row.confidences <= asked.high
    if asked.text:
        kept &= _named(images, asked.text)
    return kept


def _answered(images: ImageSet, row: Line, answer: str) -> Bits:
    if answer == "right":
        return images.right(row)
    if answer == "wrong":
        return row.answered & ~images.right(row)
    unparsed: Bits = row.predictions == len(images.classes)
    if answer == "unparsed":
        return unparsed
    if answer == "misnamed":
        return row.answered & ~images.right(row) & ~unparsed
    kept: Bits = row.states == STATES.index(State(answer))
    return kept


def _disagreeing(images: ImageSet, row: Line, how: str) -> Bits:
    right, count, voices = images.right(row), images.rights, images.voices
    seen = any(each is row for each in images.seeing)  # a blind control is none of them
    others, others_right = (voices - row.answered, count - right) if seen else (voices, count)
    found: Mapping[str, Callable[[], Bits]] = {
        "differ": lambda: images.outvoted > 0,
        "some": lambda: (count > 0) & (count < voices),
        "only-right": lambda: right & (others_right == 0),
        "only-wrong": lambda: row.answered & ~right & (others_right == others),
        "none-right": lambda: count == 0,
        "all-right": lambda: (count == voices) & (voices > 0),
    }
    return found[how]()


def _named(images: ImageSet, text: str) -> Bits:
    """Which ids hold the text, whatever the case."""
    wanted = text.lower()
    return np.fromiter((wanted in id for id in images.searchable), np.bool_, len(images))


def _order(
    images: ImageSet, asked: Filter, passed: NDArray[np.int64], evidence: Mapping[str, float]
) -> NDArray[np.int64]:
    """How the passing images are ordered; equal ones stay as in the data set, those without a value come last."""
    row = images.row(asked.row) or images.rows[0]
    if asked.sort == "id":
        rank = np.empty(len(images), dtype=np.int64)
        rank[images.by_id] = np.arange(len(images))
        return np.argsort(rank[passed])
    if asked.sort in ("sure", "unsure"):
        values = row.confidences[passed]
        return np.argsort(-values if asked.sort == "sure" else values, kind="stable")
    if asked.sort == "disagreement":
        return np.argsort(-images.outvoted[passed], kind="stable")
    if asked.sort == "suspect":
        weights = np.full(len(images), -np.inf)
        for id, weight in evidence.items():
            if (place := images.images.places.get(id)) is not None:
                weights[place] = weight
        return np.argsort(-weights[passed], kind="stable")
    return np.arange(len(passed))
