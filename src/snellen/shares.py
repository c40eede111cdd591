"""Shares of a row's answers other than its accuracy, each with its 95 % Wilson interval, computed by the database."""

from __future__ import annotations

from typing import Any

from snellen.database import Database
from snellen.metrics.classification import Confusion
from snellen.metrics.intervals import wilson
from snellen.runner import SCORES_BY
from snellen.store import TOP_SCORES

RECORDS_OF_ROW = """rows w
    JOIN selected s ON s.selection = w.selection
    JOIN records r ON r.row = w.number AND r.example = s.example
    WHERE w.number = ?"""
OF_ANSWERS = "state IN ('answered', 'unparsed')"
_RIGHT_YES = "label IN (SELECT value FROM json_each(details, '$.yes'))"


def shares_of(database: Database, row: int, classes: int, background: str | None) -> dict[str, Any]:
    """All shares of a row, None where they do not apply, and how its scores were had."""
    return {
        **top5_accuracy(database, row, classes),
        **accuracy_raw(database, row),
        **accuracy_substring(database, row),
        **ceiling(database, row),
        **true_positive_rate(database, row, background),
        **true_negative_rate(database, row, background),
        **scores_by(database, row),
    }


def top5_accuracy(database: Database, row: int, classes: int) -> dict[str, Any]:
    """How often the right class is among the five best-scored; None for up to five classes, or where none are ranked.

    An answer without scores, in which no class could be read, is not right.
    """
    several = "(SELECT count(*) FROM json_each(scores)) > 1"  # a table of mere predictions has the one score
    ranked = database.value(f"SELECT EXISTS (SELECT 1 FROM records WHERE row = ? AND scores != '' AND {several})", row)
    holds = "coalesce(label IN (SELECT key FROM json_each(scores)), 0)"
    return _share(database, "top5_accuracy", holds, "1" if ranked and classes > TOP_SCORES else "0", row)


def accuracy_raw(database: Database, row: int) -> dict[str, Any]:
    """The accuracy of what answers alone named, where others were mapped to a class."""
    return _share(database, "accuracy_raw", "json_extract(details, '$.raw') IS label", _has("raw"), row)


def accuracy_substring(database: Database, row: int) -> dict[str, Any]:
    """How often the class occurs anywhere in what was said (arXiv 2405.18415); with several votes, in the first."""
    holds = "label IN (SELECT value FROM json_each(details, '$.contains'))"
    return _share(database, "accuracy_substring", holds, _has("contains"), row)


def ceiling(database: Database, row: int) -> dict[str, Any]:
    """How often the right class was among those that a shortlist left."""
    holds = "label IN (SELECT value FROM json_each(details, '$.shortlist'))"
    return _share(database, "ceiling", holds, _has("shortlist"), row)


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


def scores_by(database: Database, row: int) -> dict[str, Any]:
    """How a hosted model's scores were had, all ways of a row joined by `+`; None where there are none."""
    found = database.execute(
        f"SELECT DISTINCT json_extract(details, '$.{SCORES_BY}') FROM {RECORDS_OF_ROW} AND {_has(SCORES_BY)}", row
    ).fetchall()
    return {"scores_by": "+".join(sorted({way for (ways,) in found for way in ways.split("+")})) or None}


def true_positive_rate(database: Database, row: int, background: str | None) -> dict[str, Any]:
    """How often the class of the image got a yes, where every class was asked about; the background never is."""
    return _share(database, "true_positive_rate", _RIGHT_YES, f"{_has('yes')} AND label IS NOT ?", row, background)


def true_negative_rate(database: Database, row: int, background: str | None) -> dict[str, Any]:
    """How often the other classes got none.

    Without an interval: many such questions are about one image, and it is images that are drawn by chance.
    """
    asked = "json_extract(details, '$.asked') - (label IS NOT ?)"
    false = f"json_array_length(details, '$.yes') - ({_RIGHT_YES})"
    false_count, count = database.execute(
        f"SELECT sum({false}), sum({asked}) FROM {RECORDS_OF_ROW} AND {OF_ANSWERS} AND {_has('yes')}", background, row
    ).fetchone()
    return {"true_negative_rate": 1 - false_count / count if count else None}


def _share(database: Database, name: str, holds: str, of: str, row: int, *values: Any) -> dict[str, Any]:
    """How often something holds of the answers of which `of` is true, in which `values` stand for its question marks.

    None where a row has none of them.
    """
    count, all_ = database.execute(
        f"SELECT sum({holds}), count(*) FROM {RECORDS_OF_ROW} AND {OF_ANSWERS} AND {of}", row, *values
    ).fetchone()
    low, high = wilson(count, all_) if all_ else (None, None)
    return {name: count / all_ if all_ else None, f"{name}_low": low, f"{name}_high": high}


def _has(detail: str) -> str:
    """SQL that is true of a record with this detail, be it null."""
    return f"json_type(details, '$.{detail}') IS NOT NULL"
