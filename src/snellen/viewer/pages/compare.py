"""Two rows beside each other: who wins where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from snellen.metrics.comparison import mcnemar
from snellen.metrics.intervals import paired_difference
from snellen.metrics.sequential import difference_bounds, p_value
from snellen.viewer.filters import Filter, read_filter
from snellen.viewer.layout import respond
from snellen.viewer.pages.tiles import tiles
from snellen.viewer.served import ServedRun
from snellen.viewer.snapshot import ImageSet, Line, Snapshot

_PICTURES = 6
_CELLS = (
    ("both", "Both right", "right", "right"),
    ("only_a", "Only A right", "right", "wrong"),
    ("only_b", "Only B right", "wrong", "right"),
    ("neither", "Both wrong", "wrong", "wrong"),
)


def page(run: ServedRun, snapshot: Snapshot, request: Request) -> Response:
    """The rows a and b of the address; by default the two that are right most often."""
    query = request.query_params
    renamed = {"set": query.get("set", ""), "row": query.get("a", ""), "other": query.get("b", "")}
    asked, images, told = read_filter(renamed, snapshot)
    a = images.row(asked.row) or images.rows[0]
    b = images.row(asked.other) or next((row for row in images.seeing if row is not a), None)
    context: dict[str, Any] = {"images": images, "sets": snapshot.sets, "a": a, "b": b, "told": told}
    if b is not None and b is not a:
        context |= _compared(run, images, a, b, asked)
    return respond("compare.html", context, run, "compare")


def _compared(run: ServedRun, images: ImageSet, a: Line, b: Line, asked: Filter) -> dict[str, Any]:
    both = a.answered & b.answered
    right_a, right_b = images.right(a), images.right(b)
    masks = {
        "both": both & right_a & right_b,
        "only_a": both & right_a & ~right_b,
        "only_b": both & ~right_a & right_b,
        "neither": both & ~right_a & ~right_b,
    }
    counts = {name: int(mask.sum()) for name, mask in masks.items()}
    total = int(both.sum())
    base = Filter(set=asked.set, row=a.number, other=b.number)
    cells = []
    for name, title, answer, other in _CELLS:
        places = np.flatnonzero(masks[name])[:_PICTURES].tolist() if name.startswith("only") else []
        query = base.but(answer=answer, other_answer=other)
        shown = tiles(run, images, a if name != "only_b" else b, places)
        cells.append({"title": title, "count": counts[name], "query": query.query(), "asked": query, "tiles": shown})
    return {
        "total": total,
        "cells": cells,
        "pairs": len(images.p_values) or len(images.seeing) * (len(images.seeing) - 1) // 2,
        "test": _test(counts, total, a.anytime or b.anytime) if total else None,
        "corrected": images.p_values.get(frozenset((a.number, b.number))),
        "per_class": _per_class(images, both, right_a, right_b, base),
    }


def _test(counts: Mapping[str, int], total: int, anytime: bool) -> dict[str, Any]:
    """The difference of their accuracies with its interval, and how surprising it is of two that are equally good."""
    a, b = counts["only_a"], counts["only_b"]
    if anytime:
        (low, high), p = difference_bounds(a, total - a - b, b), p_value(a, total - a - b, b)
    else:
        (low, high), p = paired_difference(a, b, total), mcnemar(a, b)
    accuracies = (counts["both"] + a) / total, (counts["both"] + b) / total
    return {
        "difference": (a - b) / total,
        "low": low,
        "high": high,
        "p": p,
        "anytime": anytime,
        "accuracy_a": accuracies[0],
        "accuracy_b": accuracies[1],
        "either": (counts["both"] + a + b) / total,
    }


def _per_class(images: ImageSet, both: Any, right_a: Any, right_b: Any, base: Filter) -> list[dict[str, Any]]:
    """For each class how often each is right, the greatest difference first."""
    size = len(images.classes)
    known = both & (images.labels >= 0)
    labels = images.labels[known]
    count = np.bincount(labels, minlength=size)
    a = np.bincount(labels, weights=right_a[known], minlength=size)
    b = np.bincount(labels, weights=right_b[known], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = (a - b) / count
    order = np.argsort(-np.abs(np.nan_to_num(difference)), kind="stable")
    return [
        {
            "name": images.classes[place],
            "images": int(count[place]),
            "a": float(a[place] / count[place]),
            "b": float(b[place] / count[place]),
            "difference": float(difference[place]),
            "query": base.but(label=images.classes[place], disagreement="").query(),
        }
        for place in order.tolist()
        if count[place]
    ]
