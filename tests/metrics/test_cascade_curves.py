"""The curve of a cascade, thresholds chosen on it, and what cross-validation makes of them."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest

from snellen.metrics.cascade import (
    Curve,
    as_right,
    by_share,
    cross_validated,
    curve,
    folds,
    most_right,
    round_threshold,
)
from snellen.metrics.intervals import wilson


def flags(text: str) -> Any:
    return np.array([letter == "1" for letter in text])


def drawn(n: int, seed: int = 0, values: int = 30) -> tuple[Any, Any, Any]:
    """Confidences with ties and gaps, a first model that is right where it is sure, and a second that often is."""
    rng = np.random.default_rng(seed)
    sure = rng.random(n)
    confidence = np.round(sure * values) / values
    confidence[rng.random(n) < 0.1] = nan
    first = (rng.random(n) < 0.3 + 0.7 * sure) & ~np.isnan(confidence)
    return confidence, first, rng.random(n) < 0.9


def test_a_curve_counts_what_each_threshold_gives() -> None:
    confidence, first, second = drawn(300)
    found = curve(confidence, first, second)
    assert (found.first, found.second) == (first.mean(), second.mean())
    assert found.thresholds.tolist() == sorted(set(confidence[~np.isnan(confidence)].tolist()))
    for threshold, share, accuracy in zip(found.thresholds, found.shares, found.accuracies, strict=True):
        over = ~(confidence >= threshold)
        assert share == pytest.approx(over.mean())
        assert accuracy == pytest.approx(np.where(over, second, first).mean())


def test_without_confidence_everything_is_handed_over_and_there_is_no_point() -> None:
    found = curve(np.full(4, nan), flags("0000"), flags("1100"))
    assert len(found.thresholds) == 0 and found.second == 0.5
    assert most_right()(found) is None and as_right()(found) is None and by_share(0.5)(found) is None


def test_a_single_image_and_equal_confidences_have_the_one_point_that_keeps_all() -> None:
    for n in (1, 5):
        found = curve(np.full(n, 0.5), np.ones(n, dtype=bool), np.zeros(n, dtype=bool))
        assert (found.thresholds.tolist(), found.shares.tolist(), found.accuracies.tolist()) == ([0.5], [0.0], [1.0])


def test_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="expected arrays of one length"):
        curve(np.array([]), flags(""), flags(""))
    with pytest.raises(ValueError, match="expected arrays of one length"):
        curve(np.array([0.5]), flags("10"), flags("10"))


POINTS = Curve(np.arange(5.0), np.array([0.0, 0.1, 0.2, 0.3, 0.6]), np.array([0.7, 0.8, 0.9, 0.9, 0.85]), 0.7, 0.8)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (most_right(), 2),  # of equals the fewest handed over
        (most_right(0.15), 1),
        (most_right(0.05), 0),
        (as_right(), 1),
        (as_right(0.05), 0),  # nothing reaches the second: the most that can be had
        (by_share(0.25), 2),
        (by_share(1.0), 4),
    ],
)
def test_a_rule_finds_its_place_on_the_curve(rule: Any, place: int) -> None:
    assert rule(POINTS) == place


def test_a_share_below_that_of_images_without_confidence_cannot_be_had() -> None:
    found = curve(np.array([nan, 0.5, 0.6, 0.7]), flags("0111"), flags("1111"))
    assert found.shares[0] == 0.25 and most_right(0.2)(found) is None and by_share(0.25)(found) == 0


def test_folds_are_even_and_by_chance() -> None:
    found = folds(23, 5, np.random.default_rng(0))
    assert sorted(np.bincount(found).tolist()) == [4, 4, 5, 5, 5]
    assert found.tolist() == folds(23, 5, np.random.default_rng(0)).tolist() != sorted(found.tolist())
    with pytest.raises(ValueError, match="at least 2 folds"):
        folds(3, 5, np.random.default_rng(0))


def test_cross_validation_judges_each_image_by_a_threshold_chosen_without_it() -> None:
    confidence, first, second = drawn(200, seed=4)
    fold = folds(200, 5, np.random.default_rng(1))
    (right,) = cross_validated(confidence, first, second, fold, [most_right()])
    assert right is not None
    for number in range(5):
        held = fold == number
        by_hand = curve(confidence[~held], first[~held], second[~held])
        over = ~(confidence[held] >= by_hand.thresholds[by_hand.accuracies.argmax()])
        assert right[held].tolist() == np.where(over, second[held], first[held]).tolist()


def test_a_rule_without_a_point_in_some_fold_has_no_estimate() -> None:
    confidence = np.array([nan, nan, nan, 0.5])
    found = cross_validated(
        confidence, flags("0001"), flags("1111"), np.array([0, 0, 1, 1]), [most_right(), by_share(0.1)]
    )
    assert found == [None, None]


def test_the_estimate_is_not_better_than_what_other_images_give_as_the_best_point_of_the_curve_is() -> None:
    """Of confidences that say nothing, the best point looks good by chance; cross-validation does not fall for it."""
    rng = np.random.default_rng(2)
    promised, estimated = [], []
    for _ in range(300):
        confidence, first, second = rng.random(60), rng.random(60) < 0.7, rng.random(60) < 0.7
        found = curve(confidence, first, second)
        promised.append(found.accuracies.max())
        (estimate,) = cross_validated(confidence, first, second, folds(60, 5, rng), [most_right()])
        assert estimate is not None
        estimated.append(estimate.mean())
    assert np.mean(promised) > 0.75
    assert np.mean(estimated) == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("rule", [most_right(), as_right(), most_right(0.3)])
def test_the_intervals_hold_what_the_cascade_truly_does(rule: Any) -> None:
    """Of 300 studies of 200 images, each with the threshold that it would run the cascade with, on 20,000 others."""
    others = drawn(20_000, seed=777)
    accuracies_held = shares_held = 0
    for study in range(300):
        confidence, first, second = drawn(200, seed=study)
        found = curve(confidence, first, second)
        place = rule(found)
        (right,) = cross_validated(confidence, first, second, folds(200, 5, np.random.default_rng(study)), [rule])
        assert right is not None
        over = ~(others[0] >= found.thresholds[place])
        low, high = wilson(int(right.sum()), 200)
        accuracies_held += low <= np.where(over, others[2], others[1]).mean() <= high
        low, high = wilson(round(200 * found.shares[place]), 200)
        shares_held += low <= over.mean() <= high
    # of 1,000 studies with each rule and of 100 to 2,000 images: accuracies in 93.2 to 95.1 %, shares in 90.1 to 96.2 %
    assert accuracies_held / 300 >= 0.92 and shares_held / 300 >= 0.92


@pytest.mark.parametrize(
    ("values", "least_kept", "threshold"),
    [
        ([0.2, 0.812, 0.8741, 0.9], 0.8741, 0.84),
        ([0.2, 0.4, 0.9], 0.9, 0.7),  # 0.65 with the fewest digits
        ([0.2, 0.4], 0.2, 0.0),
        ([-3.5, nan], -3.5, -3.5),
        ([0.1, 0.1 + 1e-17, np.nextafter(0.5, 0), 0.5], 0.5, 0.5),
        ([0.5, 0.5 + 1e-9], 0.5 + 1e-9, 0.500000001),
    ],
)
def test_a_threshold_has_few_digits_and_hands_over_the_same_images(
    values: list[float], least_kept: float, threshold: float
) -> None:
    confidence = np.array(values)
    found = round_threshold(confidence, least_kept)
    assert found == threshold and type(found) is float
    assert (confidence >= found).tolist() == (confidence >= least_kept).tolist()


def test_rounded_thresholds_hand_over_the_same_images_everywhere() -> None:
    confidence, first, second = drawn(500, seed=9, values=10**9)
    for least_kept in curve(confidence, first, second).thresholds:
        assert ((confidence >= round_threshold(confidence, least_kept)) == (confidence >= least_kept)).all()
