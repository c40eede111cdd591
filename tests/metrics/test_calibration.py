"""Calibration as scikit-learn and a plain count have it, and what a few images alone make of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearns_log_loss

from snellen.metrics.calibration import (
    LEAST,
    accuracy_at,
    auroc,
    brier_score,
    calibration_error,
    errors_by_chance,
    log_loss,
    reliability,
    risk_coverage,
)


def some(seed: int, count: int = 400, ties: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences, and whether each is right, more often than it says for low ones and less for high ones."""
    rng = np.random.default_rng(seed)
    values = rng.random(count)
    values = np.round(values, 1) if ties else values
    return values, rng.random(count) < 0.25 + values / 2


def plain_error(values: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> float:
    total = 0.0
    for number in range(bins):
        inside = [
            place
            for place, value in enumerate(values)
            if number / bins <= value < (number + 1) / bins or (number == bins - 1 and value == 1)
        ]
        if inside:
            total += len(inside) * abs(values[inside].mean() - right[inside].mean())
    return total / len(values)


@pytest.mark.parametrize("bins", [1, 2, 8, 16])
@pytest.mark.parametrize("seed", range(5))
def test_the_calibration_error_is_that_of_a_plain_count(seed: int, bins: int) -> None:
    values, right = some(seed)
    assert calibration_error(values, right, bins) == pytest.approx(plain_error(values, right, bins))
    diagram = reliability(values, right, bins)
    assert sum(each.images for each in diagram) == len(values)
    weighted = sum(each.images * abs((each.confidence or 0) - (each.accuracy or 0)) for each in diagram)
    assert weighted / len(values) == pytest.approx(calibration_error(values, right, bins))


def test_the_diagram_is_scikit_learns() -> None:
    values, right = some(7)
    accuracy, confidence = calibration_curve(right, values, n_bins=10)
    diagram = [each for each in reliability(values, right, 10) if each.images]
    assert [each.accuracy for each in diagram] == pytest.approx(accuracy)
    assert [each.confidence for each in diagram] == pytest.approx(confidence)


def test_an_empty_bin_has_no_accuracy() -> None:
    first, *between, last = reliability([0.0, 1.0], [False, True], 4)
    assert (first.accuracy, last.accuracy, last.confidence) == (0, 1, 1)
    assert [(each.images, each.confidence, each.accuracy) for each in between] == [(0, None, None)] * 2
    assert calibration_error([0.0, 1.0], [False, True]) == 0


def test_few_images_alone_make_an_error_that_the_chance_level_tells() -> None:
    rng = np.random.default_rng(0)
    for count in (30, 1000):
        values = rng.random(count)
        found = [calibration_error(values, rng.random(count) < values) for _ in range(300)]
        expected = errors_by_chance(values, np.random.default_rng(1), 300)
        assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.1)
        assert np.mean(np.array(found) > np.quantile(expected, 0.95)) < 0.12
    overconfident = calibration_error(np.full(100, 0.95), np.arange(100) < 70)
    assert overconfident == pytest.approx(0.25)
    assert overconfident > errors_by_chance(np.full(100, 0.95), rng).max()


def test_brier_and_log_loss_are_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    for classes in (2, 5):
        scores = rng.dirichlet([0.5] * classes, 200)
        labels = rng.integers(0, classes, 200)
        of_truth, squares = scores[np.arange(200), labels], (scores**2).sum(axis=1)
        expected = brier_score_loss(labels, scores, scale_by_half=False, labels=range(classes))
        assert brier_score(of_truth, squares) == pytest.approx(expected)
        if classes == 2:
            assert brier_score(of_truth, squares) == pytest.approx(2 * brier_score_loss(labels, scores[:, 1]))
        assert log_loss(of_truth) == (pytest.approx(sklearns_log_loss(labels, scores, labels=range(classes))), 0)


def test_a_probability_of_zero_is_counted_and_not_infinite() -> None:
    loss, raised = log_loss([0.0, 1.0, 0.5, LEAST / 2])
    assert raised == 2
    assert loss == pytest.approx(-(2 * math.log(LEAST) + math.log(0.5)) / 4)


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_is_scikit_learns(ties: bool) -> None:
    for seed in range(5):
        values, right = some(seed, 150, ties)
        assert auroc(values, right) == pytest.approx(roc_auc_score(right, values))
    assert auroc([0.2, 0.9], [True, True]) is None
    assert auroc([0.2, 0.9], [False, False]) is None
    assert auroc([-3.0, 2.0], [False, True]) == 1  # cosines have an order too


def test_risk_and_coverage_by_hand() -> None:
    risks = risk_coverage([0.9, 0.8, 0.7, 0.6], [True, False, True, False])
    assert risks.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert [accuracy_at(risks, share) for share in (0.25, 0.5, 0.6, 1)] == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert accuracy_at(risk_coverage(np.arange(10), np.arange(10) > 2), 0.7) == 1


def test_the_order_of_equally_sure_images_does_not_count() -> None:
    values, right = some(2, 200, ties=True)
    shuffle = np.random.default_rng(0).permutation(200)
    risks = risk_coverage(values, right)
    assert risks == pytest.approx(risk_coverage(values[shuffle], right[shuffle]))
    assert risks[-1] == pytest.approx(1 - right.mean())
    assert risk_coverage([1, 1, 1], [True, False, False]) == pytest.approx([2 / 3] * 3)


def test_no_images_and_no_confidences_are_errors() -> None:
    for call in (
        lambda: calibration_error([], []),
        lambda: calibration_error([0.5, 1.5], [True, True]),
        lambda: calibration_error([float("nan")], [True]),
        lambda: calibration_error([0.5], [True], 0),
        lambda: reliability([0.5], [True, False]),
        lambda: brier_score([], []),
        lambda: log_loss([]),
        lambda: auroc([], []),
        lambda: risk_coverage([], []),
        lambda: accuracy_at(np.array([0.5]), 0),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
