"""Shares of a row's answers other than its accuracy, each with its 95 % Wilson interval, computed by the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snellen.database import Database
from snellen.metrics.classification import Confusion
from snellen.metrics.intervals import wilson
from snellen.runner import SCORES_BY
from snellen.sheets import OF_ANSWERS
from snellen.store import TOP_SCORES

RECORDS_OF_ROW = """rows w
    JOIN selected s ON s.selection = w.selection
    JOIN records r ON r.row = w.number AND r.example = s.example
    WHERE w.number = ?"""
_RIGHT_YES = "label IN (SELECT value FROM json_each(details, '$.yes'))"
_BACKGROUND = ":background"


def _has(detail: str) -> str:
    """SQL that is true of a record with this detail, be it null."""
    return f"json_type(details, '$.{detail}') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Share:
    """How often `holds` is true of the answers of which `of` is true, both in SQL about a record."""

    name: str
    holds: str
    of: str


# the right class is among the five best-scored; an answer without scores, in which no class could be read, is not right
_TOP5 = "coalesce(label IN (SELECT key FROM json_each(scores)), 0)"
_SHARES = (
    # what answers alone named, where others were mapped to a class
    _Share("accuracy_raw", "json_extract(details, '$.raw') IS label", _has("raw")),
    # the class occurs anywhere in what was said (arXiv 2405.18415); with several votes, in the first
    _Share("accuracy_substring", "label IN (SELECT value FROM json_each(details, '$.contains'))", _has("contains")),
    # the right class was among those that a shortlist left
    _Share("ceiling", "label IN (SELECT value FROM json_each(details, '$.shortlist'))", _has("shortlist")),
    # the class of the image got a yes, where every class was asked about; the background never is
    _Share("true_positive_rate", _RIGHT_YES, f"{_has('yes')} AND label IS NOT {_BACKGROUND}"),
)
# without an interval: many such questions are about one image, and it is images that are drawn by chance
_OTHERS = f"json_extract(details, '$.asked') - (label IS NOT {_BACKGROUND})"
_FALSE = f"json_array_length(details, '$.yes') - ({_RIGHT_YES})"


def shares_of(database: Database, row: int, classes: int, background: str | None) -> dict[str, Any]:
    """All shares of a row, None where they do not apply, and how its scores were had: all ways joined by `+`.

    There is no top five of up to five classes, or where none are ranked: a table of mere predictions has the one score.
    """
    several = "(SELECT count(*) FROM json_each(scores)) > 1"
    ranked = database.value(f"SELECT EXISTS (SELECT 1 FROM records WHERE row = ? AND scores != '' AND {several})", row)
    shares = [_Share("top5_accuracy", _TOP5, "1" if ranked and classes > TOP_SCORES else "0"), *_SHARES]
    sums = [f"sum(CASE WHEN {each.of} THEN {each.holds} END), sum({each.of})" for each in shares]
    sums += [f"sum(CASE WHEN {_has('yes')} THEN {value} END)" for value in (_FALSE, _OTHERS)]
    sums.append(f"group_concat(DISTINCT json_extract(details, '$.{SCORES_BY}'))")
    found = database.execute(
        f"SELECT {', '.join(sums)} FROM {RECORDS_OF_ROW.replace('?', ':row')} AND {OF_ANSWERS}",
        named={"row": row, "background": background},
    ).fetchone()
    values: dict[str, Any] = {}
    for place, share in enumerate(shares):
        count, all_ = found[2 * place : 2 * place + 2]
        low, high = wilson(count, all_) if all_ else (None, None)
        values |= {share.name: count / all_ if all_ else None, f"{share.name}_low": low, f"{share.name}_high": high}
    false, others, ways = found[-3:]
    values["true_negative_rate"] = 1 - false / others if others else None
    values["scores_by"] = "+".join(sorted({way for each in (ways or "").split(",") for way in each.split("+")})) or None
    return values


def covered(coverage: Any, confusion: Confusion) -> dict[str, Any]:
    """The figures of a row about the classes that a vocabulary covers; None where no coverage is known."""
    if coverage is None:
        keys = ("classes_covered", "classes_covered_by", "classes_uncovered", "concepts_unknown")
        return dict.fromkeys((*keys, "accuracy_covered", "accuracy_covered_low", "accuracy_covered_high"))
    places = [place for place, name in enumerate(confusion.classes) if name not in coverage.uncovered]
    correct, answered = int(confusion.counts[places, places].sum()), int(confusion.counts[places].sum())
    low, high = wilson(correct, answered) if answered else (None, None)
    return {
        "classes_covered": len(places),
        "classes_covered_by": coverage.classes_by,
        "classes_uncovered": tuple(coverage.uncovered),
        "concepts_unknown": tuple(coverage.unknown),
        "accuracy_covered": correct / answered if answered else None,
        "accuracy_covered_low": low,
        "accuracy_covered_high": high,
    }
