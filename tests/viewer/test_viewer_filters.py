"""What filters let pass and in which order, against the records read one by one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from predicted import Model, predicted, wrong
from snellen.report.links import quoted
from snellen.results import Results
from snellen.viewer.filters import Filter, chosen, read_filter
from snellen.viewer.links import ToPages
from snellen.viewer.snapshot import Snapshot, load

COUNT = 10
MODELS = {
    "sure": Model(
        lambda label, number: wrong(label) if number == 1 else label, lambda label, number: 0.5 + number / 20
    ),
    "mixed": Model(
        lambda label, number: ("unicorn", wrong(label), label)[number % 3], lambda label, number: 0.9 - number / 20
    ),
    "mute": Model(lambda label, number: None if number > 6 else label if number % 2 else wrong(label)),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return predicted(tmp_path_factory.mktemp("filters"), MODELS, COUNT)


@pytest.fixture(scope="module")
def snapshot(run: Path) -> Snapshot:
    return load(run)


@pytest.fixture(scope="module")
def records(run: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The records by model and image."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with closing(Results(run)) as results:
        for each in results.records():
            found.setdefault(Path(each["model"]).stem, {})[each["example"]] = each
    return found


def row_of(snapshot: Snapshot, model: str) -> int:
    return next(row.number for row in snapshot.sets[0].rows if model in row.model)


def ids(snapshot: Snapshot, **asked: Any) -> list[str]:
    images = snapshot.sets[0]
    places = chosen(snapshot, images, Filter(**asked), {})
    return [images.images.ids[place] for place in places]


def right(record: dict[str, Any]) -> bool:
    return bool(record["prediction"] == record["label"])


def answered(record: dict[str, Any]) -> bool:
    return record["state"] in ("answered", "unparsed")


ANSWERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "right": right,
    "wrong": lambda record: answered(record) and not right(record),
    "misnamed": lambda record: record["state"] == "answered" and not right(record),
    "unparsed": lambda record: record["state"] == "unparsed",
    "failed": lambda record: record["state"] == "failed",
    "pending": lambda record: record["state"] == "pending",
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("model", MODELS)
def test_answers_are_those_of_the_records(snapshot: Snapshot, records: Any, model: str, answer: str) -> None:
    found = ids(snapshot, row=row_of(snapshot, model), answer=answer)
    assert found == [id for id, record in records[model].items() if ANSWERS[answer](record)]


def test_labels_predictions_and_outcomes(snapshot: Snapshot, records: Any) -> None:
    row, said = row_of(snapshot, "mixed"), records["mixed"]
    assert ids(snapshot, row=row, label="cat", prediction="dog") == [
        id for id, each in said.items() if (each["label"], each["prediction"]) == ("cat", "dog")
    ]
    outcome = next(each["outcome"] for each in said.values() if each["state"] == "unparsed")
    assert ids(snapshot, row=row, outcome=outcome) == [id for id, each in said.items() if each["outcome"] == outcome]


@pytest.mark.parametrize("how", ["differ", "some", "only-right", "only-wrong", "none-right", "all-right"])
def test_disagreement(snapshot: Snapshot, records: Any, how: str) -> None:
    row = row_of(snapshot, "sure")
    expected = []
    for id, own in records["sure"].items():
        each = [records[model][id] for model in MODELS]
        rights, voices = sum(map(right, each)), sum(map(answered, each))
        said = {one["prediction"] for one in each if answered(one)}
        holds = {
            "differ": len(said) > 1,
            "some": 0 < rights < voices,
            "only-right": right(own) and rights == 1,
            "only-wrong": answered(own) and not right(own) and rights == voices - 1,
            "none-right": rights == 0,
            "all-right": rights == voices,
        }
        expected += [id] * holds[how]
    assert ids(snapshot, row=row, disagreement=how) == expected


def test_confidence_names_and_another_row(snapshot: Snapshot, records: Any) -> None:
    row, other = row_of(snapshot, "sure"), row_of(snapshot, "mixed")
    said = records["sure"]
    sure = {id: each["scores"][each["prediction"]] for id, each in said.items()}
    assert ids(snapshot, row=row, low=0.6, high=0.8) == [id for id in said if 0.6 - 1e-6 <= sure[id] <= 0.8 + 1e-6]
    assert ids(snapshot, row=row, text="CAT/cat1") == ["cat/cat1.png"]
    assert ids(snapshot, row=row, text="no such name\n") == []
    assert ids(snapshot, row=row, text=".png") == list(said)
    assert ids(snapshot, row=row, answer="right", other=other, other_answer="wrong") == [
        id for id, each in said.items() if right(each) and ANSWERS["wrong"](records["mixed"][id])
    ]
    assert ids(snapshot, row=row, sort="unsure") == sorted(said, key=lambda id: round(sure[id], 6))
    by_name = ids(snapshot, row=row, sort="id")
    assert by_name == sorted(said)


def test_most_disagreement_and_most_suspect_come_first(snapshot: Snapshot) -> None:
    images = snapshot.sets[0]
    order = chosen(snapshot, images, Filter(sort="disagreement"), {})
    assert (np.diff(images.outvoted[order]) <= 0).all()
    evidence = {"dog/dog2.png": 1.0, "cat/cat3.png": 3.0, "gone": 9.0}
    suspects = chosen(snapshot, images, Filter(sort="suspect"), evidence)
    assert [images.images.ids[place] for place in suspects[:2]] == ["cat/cat3.png", "dog/dog2.png"]
    assert len(suspects) == len(images)


def test_pairs_are_tested_as_the_results_test_them(run: Path, snapshot: Snapshot) -> None:
    with closing(Results(run)) as results:
        told = {
            frozenset((each["a"]["row"], each["b"]["row"])): each["mcnemar_p_holm"] for each in results.paired_tests
        }
    assert len(told) == 3 and snapshot.sets[0].p_values == pytest.approx(told)


def test_a_filter_goes_through_an_address(snapshot: Snapshot) -> None:
    row, other = row_of(snapshot, "sure"), row_of(snapshot, "mixed")
    asked = Filter(
        **{"row": row, "label": "cat", "answer": "right", "other": other, "other_answer": "wrong"},
        **{"low": 0.25, "text": "a&b=ü\u202e%2e", "sort": "sure"},
    )
    back, images, told = read_filter(dict(parse_qsl(asked.query())), snapshot)
    assert (back, told) == (asked, [])
    assert images is snapshot.sets[0]


def test_a_chart_puts_the_address_of_a_confusion_together(snapshot: Snapshot) -> None:
    row, links = row_of(snapshot, "mixed"), ToPages("/runs/1")
    start = links.images(row, "cat", "")
    for prediction, answer in (("dog", ""), ("", "unparsed")):
        whole = start + quoted(prediction)
        assert whole == links.images(row, "cat", prediction)
        asked, _, told = read_filter(dict(parse_qsl(urlsplit(whole).query, keep_blank_values=True)), snapshot)
        assert (asked, told) == (Filter(row=row, label="cat", prediction=prediction, answer=answer), [])


def test_values_that_make_no_sense_are_told_and_ignored(snapshot: Snapshot) -> None:
    query = {"row": "99", "label": "<unicorn>", "low": "nan", "sort": "best", "set": "7", "other": "-1", "answer": "x"}
    asked, _, told = read_filter(query, snapshot)
    assert asked == Filter(row=snapshot.sets[0].rows[0].number)
    assert len(told) == 7
    assert read_filter({"row": "9" * 5000, "high": "1e999"}, snapshot)[0].row == asked.row


def test_a_blind_control_is_none_of_the_rows_that_it_is_compared_with(snapshot: Snapshot, records: Any) -> None:
    images = snapshot.sets[0]
    (blind,) = [replace(row, blind=True) for row in images.rows if "mute" in row.model]
    held = replace(images, rows=tuple(blind if row.number == blind.number else row for row in images.rows))
    sighted = [records[model] for model in MODELS if model != "mute"]
    for how, rights in (("only-right", False), ("only-wrong", True)):
        found = chosen(replace(snapshot, orders={}), held, Filter(row=blind.number, disagreement=how), {})
        expected = [
            id
            for id, own in records["mute"].items()
            if answered(own) and right(own) != rights and all(right(each[id]) == rights for each in sighted)
        ]
        assert [held.images.ids[place] for place in found] == expected


def test_what_is_suspect_is_ordered_anew_when_more_is_known(snapshot: Snapshot) -> None:
    images = snapshot.sets[0]
    for first in ("dog/dog2.png", "cat/cat3.png"):
        order = chosen(snapshot, images, Filter(sort="suspect"), {first: 1.0})
        assert images.images.ids[order[0]] == first


def test_bounds_that_no_score_can_have_are_told(snapshot: Snapshot) -> None:
    for bound in ("1e300", "-1e39", "inf", "x"):
        asked, _, told = read_filter({"low": bound}, snapshot)
        assert asked.low is None and len(told) == 1
