"""Predictions derived anew from stored answers, with all their scores."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from snellen.verdict.replays import replayed
from studies import model, photographs, ran

NAMES = tuple("abcdefgh")

UNSURE = """
if "c1" in image.path.name:
    return Failure("not this one")
first, count = question.choices.index(truth(image)), len(question.choices)
return Scores(question.choices, tuple(-float((place - first) % count) for place in range(count)))
"""


def test_all_scores_come_back_where_records_keep_the_five_best(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 3, NAMES)
    name = model(tmp_path / "unsure.py", UNSURE)
    with ran(photos, name, "likelihood", out=tmp_path / "run") as results:
        (row,) = results.rows
        found = dict(replayed(results, row))
        sheet = results.sheet(row)
        records = {each["example"]: each for each in results.records() if each["state"] in ("answered", "unparsed")}
    assert list(found) == sorted(found) == sheet.examples[sheet.answered].tolist()
    assert (len(found), len(records), row.failed) == (23, 23, 1)
    for number, record in zip(found, sorted(records), strict=True):  # examples are numbered in the order of their ids
        prediction, kept = found[number], records[record]
        assert (prediction.label, str(prediction.outcome)) == (kept["prediction"], kept["outcome"])
        assert prediction.details == kept["details"]
        assert prediction.scores is not None
        assert len(prediction.scores) == len(NAMES)
        assert math.fsum(prediction.scores.values()) == pytest.approx(1)
        assert len(kept["scores"]) == 5
        assert kept["scores"].items() <= dict(prediction.scores).items()


def test_what_a_row_prepared_is_prepared_again_from_what_is_stored(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 3, NAMES)
    body = """
if isinstance(question, EmbedText):
    return Vector([float(question.text == f"a photo of a {name}.") for name in "abcdefgh"], scale=3.0)
return Vector([float(name == truth(image)) for name in "abcdefgh"])
"""
    with ran(photos, model(tmp_path / "twin.py", body), "zero-shot", out=tmp_path / "run") as results:
        (row,) = results.rows
        found = [prediction for _, prediction in replayed(results, row)]
    assert row.accuracy == 1
    assert [max((each.scores or {}).values()) for each in found] == pytest.approx([1 / (1 + 7 * math.exp(-3))] * 24)
