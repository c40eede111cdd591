"""Comparisons of rows equal what references say of the same answers, and say nothing where nothing can be said."""

from __future__ import annotations

import json
from itertools import combinations
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from snellen.comparisons import Comparison, compare, ranks
from snellen.metrics.comparison import holm, images_to_tell_apart, mcnemar
from snellen.metrics.intervals import paired_difference, wilson
from studies import model, photographs, ran


def test_results_compare_each_two_rows_as_references_do(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", count=10)
    of = "int(image.digest, 16)"
    models = [
        model(tmp_path / "a.py", f"return 'no idea' if {of} % 5 == 0 else truth(image)"),
        model(tmp_path / "b.py", f"return Failure('no') if {of} % 4 == 1 else 'cat'"),
        model(tmp_path / "c.py", f"return truth(image) if {of} % 7 else 'dog'"),
    ]
    with ran(photos, models, out=tmp_path / "run") as results:
        said: dict[int, dict[str, tuple[str, str]]] = {row.number: {} for row in results.rows}
        for record in results.records():
            if record["state"] in ("answered", "unparsed"):
                said[record["row"]][record["example"]] = (record["label"], record["prediction"] or "none")
        found = results.comparisons
        corrected = holm([each["mcnemar_p"] for each in found])
        for (a, b), each, p in zip(combinations(results.rows, 2), found, corrected, strict=True):
            assert (each["a"]["row"], each["b"]["row"]) == (a.number, b.number)
            both = sorted(said[a.number].keys() & said[b.number].keys())
            labels = [said[a.number][image][0] for image in both]
            first, second = ([said[row.number][image][1] for image in both] for row in (a, b))
            accuracies = [accuracy_score(labels, predicted) for predicted in (first, second)]
            f1 = [
                f1_score(labels, x, labels=("bird", "cat", "dog"), average="macro", zero_division=0)
                for x in (first, second)
            ]
            only = each["only_a_right"], each["only_b_right"]
            n = len(both)
            either = sum(label in pair for label, *pair in zip(labels, first, second, strict=True))
            assert each["images"] == n
            assert each["difference"] == pytest.approx(accuracies[0] - accuracies[1])
            assert (each["difference_low"], each["difference_high"]) == paired_difference(*only, n)
            assert (each["mcnemar_p"], each["mcnemar_p_holm"]) == (mcnemar(*only), p)
            assert each["macro_f1_difference"] == pytest.approx(f1[0] - f1[1])
            assert each["macro_f1_difference_low"] <= each["macro_f1_difference"] <= each["macro_f1_difference_high"]
            assert each["agreement"] == pytest.approx(accuracy_score(first, second))
            assert each["kappa"] == pytest.approx(cohen_kappa_score(first, second))
            assert each["either_right"] == pytest.approx(either / n)
            assert (each["either_right_low"], each["either_right_high"]) == wilson(either, n)
            assert each["images_needed"] == images_to_tell_apart(*only, n, 0.05 / 3)
        assert json.loads((tmp_path / "run" / "results.json").read_text())["comparisons"] == list(found)


def test_rows_without_a_common_answer_are_not_tested_and_do_not_count_as_tests() -> None:
    labels = np.arange(20) % 2
    right, wrong, mute = labels.copy(), 1 - labels, np.full(20, -1)
    found = compare(labels, [right, mute, wrong], 2)
    assert found[0, 1] == found[1, 2] == Comparison(0, 0, 0)
    assert found[0, 2].mcnemar_p_holm == found[0, 2].mcnemar_p == mcnemar(20, 0)
    assert (found[0, 1].better, found[0, 2].better) == (None, 0)
    assert ranks(3, found) == [(1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    "predictions",
    [[[2, 2], [2, 2]], [[-1, -1], [-1, -1]], [[0, 0], [0, 0]], [[0, 1], [1, 0]], [[0], [1]], [[], []], [[0, 1]], []],
)
def test_whatever_was_said_all_is_a_number_or_none(predictions: list[list[int]]) -> None:
    said = [np.array(each, dtype=np.int32) for each in predictions]
    labels = np.zeros(len(predictions[0]) if predictions else 0, dtype=np.int32)
    found = compare(labels, said, 2)
    assert len(found) == (len(said) == 2)
    for each in found.values():
        values = [getattr(each, name) for name in Comparison.__dataclass_fields__]
        assert all(value is None or isfinite(value) for value in values)
        assert each.better is None


def test_the_same_answers_always_give_the_same_figures() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 50)
    said = [np.where(rng.random(50) < 0.7, labels, rng.integers(0, 4, 50)) for _ in range(3)]
    assert compare(labels, said, 3) == compare(labels, said, 3)
    turned = compare(labels, said[::-1], 3)
    for (a, b), each in compare(labels, said, 3).items():
        other = turned[2 - b, 2 - a]
        assert (other.only_b_right, other.only_a_right, other.mcnemar_p_holm) == (
            each.only_a_right,
            each.only_b_right,
            each.mcnemar_p_holm,
        )
        assert other.macro_f1_difference == pytest.approx(-(each.macro_f1_difference or 0))
        assert (other.agreement, other.images_needed) == (each.agreement, each.images_needed)
