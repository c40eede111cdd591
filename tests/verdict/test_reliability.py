"""What the scores of rows are worth, against scikit-learn on the scores that the models gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.verdict.diagnosing import diagnose
from snellen.verdict.diagnosing_lines import lines
from snellen.verdict.reliability import (
    DISTRIBUTION,
    NO_SCORES,
    OF_PREDICTION,
    ORDER,
    UNNORMALISED,
    Calibration,
    calibration_of,
)
from snellen.verdict.replays import replayed
from studies import model, photographs, ran

NAMES = tuple("abcdefgh")


def row_of(results: Results, strategy: str) -> ResultRow:
    return next(each for each in results.rows if each.strategy == strategy)


def calibration(results: Results, strategy: str) -> Calibration:
    row = row_of(results, strategy)
    found = calibration_of(results, row, results.sheet(row))
    assert isinstance(found, Calibration), found
    return found


def probabilities(
    results: Results, row: ResultRow, names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """All probabilities [image, name] of what was replayed, the true classes, and which predictions are right."""
    sheet = results.sheet(row)
    label = dict(zip(sheet.examples.tolist(), sheet.labels.tolist(), strict=True))
    told = [(number, prediction) for number, prediction in replayed(results, row) if prediction.scores]
    matrix = np.array([[(each.scores or {}).get(name, 0.0) for name in names] for _, each in told])
    truth = np.array([label[number] for number, _ in told])
    right = np.array([each.label == sheet.classes[label[number]] for number, each in told])
    return matrix / matrix.sum(axis=1, keepdims=True), truth, right


GUESSES = """
from random import Random
chance = Random(image.digest)
if chance.random() < 0.05:
    return Failure("not this one")
best = truth(image) if chance.random() < 0.6 else chance.choice("abcdefgh")
logs = {name: chance.gauss(0, 1) + 3 * (name == best) for name in sorted("abcdefgh")}
logs = {name: -400.0 if value < -1.7 else value for name, value in logs.items()}
if question.choices[0] == "yes":
    name = question.prompt[1].split("Is the ")[1].split(" in ")[0]
    logs = {"yes": logs[name] - 1, "no": 0.0}
return Scores(question.choices, [logs.get(choice, -999.0) for choice in question.choices])
"""


def test_scores_of_all_classes_are_judged_as_scikit_learn_does(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 16, NAMES)
    name = model(tmp_path / "guesses.py", GUESSES)
    with ran(photos, name, "likelihood", "binary,decide=argmax", out=tmp_path / "run") as results:
        for strategy, meaning in (("likelihood", DISTRIBUTION), ("binary,decide=argmax", UNNORMALISED)):
            row, found = row_of(results, strategy), calibration(results, strategy)
            matrix, truth, right = probabilities(results, row, NAMES)
            confidences = results.confidences(row)[results.sheet(row).answered]
            assert (found.meaning, found.unscored) == (meaning, 0)
            assert found.images == found.images_of_all_scores == len(truth) == row.answered < 128
            assert found.accuracy == pytest.approx(row.accuracy)
            assert found.brier == pytest.approx(brier_score_loss(truth, matrix, scale_by_half=False, labels=range(8)))
            assert found.auroc == pytest.approx(roc_auc_score(right, confidences))
            clipped = np.maximum(matrix, np.finfo(np.float32).tiny)
            assert found.nll == pytest.approx(-np.log(clipped[np.arange(len(truth)), truth]).mean())
            assert found.clipped == (matrix[np.arange(len(truth)), truth] < np.finfo(np.float32).tiny).sum()
            if not found.clipped:
                assert found.nll == pytest.approx(log_loss(truth, matrix, labels=range(8)))
            assert found.confidence == pytest.approx(confidences.mean())
            assert found.ece_low <= found.ece <= found.ece_high
            assert sum(each.images for each in found.diagram) == found.images
            assert found.risk_coverage[-1] == pytest.approx((1.0, 1 - found.accuracy))
            assert list(found.accuracy_at) == ["50%", "80%", "90%"]
            order = np.argsort(-confidences, kind="stable")
            assert found.accuracy_at["50%"] == pytest.approx(right[order][: math.ceil(len(order) / 2)].mean(), abs=0.05)


def test_an_overconfident_model_is_told_from_a_calibrated_one(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 25, NAMES)
    body = """
from random import Random
chance = Random(image.digest)
sure = 0.3 + 0.7 * chance.random()
best = truth(image) if chance.random() < sure{power} else min(set("abcdefgh") - {{truth(image)}})
from math import log
logs = {{name: log(sure if name == best else (1 - sure) / 7) for name in "abcdefgh"}}
return Scores(question.choices, [logs.get(choice, -999.0) for choice in question.choices])
"""
    models = [
        model(tmp_path / f"{name}.py", body.format(power=power)) for name, power in (("well", ""), ("over", "**3"))
    ]
    with ran(photos, models, "likelihood", out=tmp_path / "run") as results:
        found = {}
        for row in results.rows:
            each = calibration_of(results, row, results.sheet(row))
            assert isinstance(each, Calibration)
            found[row.model.endswith("over.py:answer")] = each
    assert (found[False].off, found[True].off) == (False, True)
    assert (found[True].confidence or 0) > found[True].accuracy + 0.1
    assert (found[True].ece_low or 0) > (found[False].ece or 1)


def test_cosines_have_an_order_and_no_more(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 6, NAMES)
    body = """
from random import Random
names = "abcdefgh"
if isinstance(question, EmbedText):
    return Vector([float(question.text == f"a photo of a {name}.") for name in names]HOW)
chance = Random(image.digest)
return Vector([chance.random() + (name == truth(image)) for name in names])
"""
    hows = {"cosines": "", "sigmoid": ", scale=4.0, bias=-2.0", "softmax": ", scale=4.0"}
    models = [model(tmp_path / f"{name}.py", body.replace("HOW", how)) for name, how in hows.items()]
    with ran(photos, models, "zero-shot", out=tmp_path / "run") as results:
        found = {}
        for row in results.rows:
            each = calibration_of(results, row, results.sheet(row))
            assert isinstance(each, Calibration)
            found[Path(row.model.partition(":")[0]).stem] = each
    assert {name: each.meaning for name, each in found.items()} == {
        "cosines": ORDER,
        "sigmoid": UNNORMALISED,
        "softmax": DISTRIBUTION,
    }
    cosines = found["cosines"]
    assert (cosines.ece, cosines.brier, cosines.nll, cosines.confidence, cosines.diagram) == (
        None,
        None,
        None,
        None,
        (),
    )
    assert (cosines.auroc, cosines.aurc) == (found["sigmoid"].auroc, pytest.approx(found["sigmoid"].aurc))
    assert found["sigmoid"].brier is not None


def test_classes_that_are_never_scored_are_left_out_of_the_loss(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 6, ("cat", "dog", "bird", "cow"))
    body = """
names = ("cat", "dog", "bird", "car")
share = {truth(image): 0.5}
return Scores(names, [share.get(name, 0.1) for name in names])
"""
    with ran(photos, model(tmp_path / "net.py", body), "vocabulary", out=tmp_path / "run") as results:
        (row,) = results.rows
        found = calibration(results, "vocabulary")
        wanted = -math.log(0.5 / 0.7)
    assert (row.images, row.unparsed, found.images, found.images_of_all_scores) == (24, 0, 24, 18)
    assert found.meaning == UNNORMALISED
    assert found.nll == pytest.approx(wanted, rel=1e-6)
    assert found.clipped == 0


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        ("image,prediction", "{label}", "the score of each prediction is 1, as where a table tells none"),
        ("image,prediction,confidence", "{label},0.{digit}5", OF_PREDICTION),
    ],
)
def test_a_table_without_all_scores_is_judged_by_what_it_tells(
    tmp_path: Path, columns: str, cells: str, expected: str
) -> None:
    photos, table = photographs(tmp_path / "photos", 4, NAMES), tmp_path / "table.csv"
    lines = [f"{c}/{c}{n}.png,{cells.format(label=c if n else 'a', digit=n + 5)}" for c in NAMES for n in range(4)]
    table.write_text("\n".join((columns, *lines)))
    with ran(photos, f"predictions/{table}", "vocabulary", out=tmp_path / "run") as results:
        (row,) = results.rows
        found = calibration_of(results, row, results.sheet(row))
    if isinstance(found, str):
        assert found == expected
    else:
        assert (found.meaning, found.brier, found.nll) == (expected, None, None)
        assert found.ece is not None
        assert (found.auroc or 0) > 0.9  # the one that is right among the unsure is that of a


def test_scores_that_mean_nothing_are_left_out_and_it_is_said_why(tmp_path: Path) -> None:
    photos = photographs(tmp_path / "photos", 3)
    body = """
if isinstance(question, Generate):
    return truth(image)
values = [0.0 if choice == truth(image) else -math.inf for choice in question.choices]
return Scores(question.choices, values, by="choice")
"""
    name = model(tmp_path / "held.py", f"import math\n{body}")
    with ran(photos, name, "likelihood", "closed-set", out=tmp_path / "run") as results:
        for strategy, reason in (
            ("likelihood", "the model named one of the choices, and no probabilities"),
            ("closed-set", NO_SCORES),
        ):
            row = row_of(results, strategy)
            assert row.accuracy == 1
            assert calibration_of(results, row, results.sheet(row)) == reason


def test_images_too_much_alike_tell_no_interval_of_a_calibration_error(tmp_path: Path) -> None:
    body = "return Scores(question.choices, [{'a': -0.1}.get(each, -3.0) for each in question.choices])"
    photos = photographs(tmp_path / "photos", 3, ("a", "b"))
    with ran(photos, model(tmp_path / "sure.py", body), "likelihood", out=tmp_path / "run", limit=1) as results:
        found = calibration(results, "likelihood")
        (told,) = (line for line in lines(diagnose(results, results.rows[0])) if "ECE" in line)
    assert found.ece is not None and found.ece_low is found.ece_high is None
    assert "(15 bins)" in told
