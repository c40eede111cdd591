"""Bootstrap intervals are of the figures themselves, the same for the same images, and hold the truth as they say."""

from __future__ import annotations

import time
import tracemalloc
import warnings
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from snellen.metrics.bootstrap import bootstrap_intervals, bootstrap_statistic, intervals_of_counts, paired_macro_f1
from snellen.metrics.bootstrap.cells import _drawn, cells_of, resampled
from snellen.metrics.bootstrap.figures import F1, FIGURES, influences, macro, slopes

Places = NDArray[np.int64]
NAMES = set(FIGURES)


def seeded(*seed: int) -> np.random.Generator:
    return np.random.default_rng([*seed])


def answered(images: int, classes: int, accuracy: float, rng: np.random.Generator) -> tuple[Places, Places]:
    """Labels and predictions; a tenth of the misses is unparsed."""
    labels = rng.integers(0, classes, images)
    wrong = (labels + rng.integers(1, max(2, classes), images)) % classes
    wrong[rng.random(images) < 0.1] = classes
    return labels, np.where(rng.random(images) < accuracy, labels, wrong)


def by_scikit_learn(labels: Places, predictions: Places, classes: int) -> dict[str, float]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # an unparsed answer is no class of the labels
        figures = {"balanced_accuracy": balanced_accuracy_score(labels, predictions)}
    for average in ("macro", "weighted"):
        found = precision_recall_fscore_support(
            labels, predictions, labels=range(classes), average=average, zero_division=0
        )
        figures |= {f"{average}_{name}": found[place] for place, name in enumerate(("precision", "recall", "f1"))}
    return figures


def figures(labels: Places, predictions: Places, classes: int) -> dict[str, float]:
    cells = cells_of(labels, (predictions,), classes)
    return {
        name: float(average(cells.support) @ measure.value(*cells.tally(0), cells.support))
        for name, (measure, average) in FIGURES.items()
    }


# The resamples


def test_the_figures_of_a_resample_are_scikit_learns() -> None:
    rng = seeded(1)
    labels, predictions = answered(300, 7, 0.7, rng)
    for _ in range(20):
        drawn = rng.integers(0, 300, 300)
        expected = by_scikit_learn(labels[drawn], predictions[drawn], 7)
        assert figures(labels[drawn], predictions[drawn], 7) == pytest.approx(expected, abs=1e-12)


def test_resamples_are_those_of_images_drawn_within_their_class() -> None:
    rng = seeded(2)
    labels, predictions = answered(200, 4, 0.7, rng)
    cells = cells_of(labels, (predictions,), 4)
    hits, predicted = (np.concatenate(part, axis=2)[0] for part in zip(*resampled(cells, rng, 20_000), strict=True))
    by_class = [np.flatnonzero(labels == place) for place in range(4)]
    images = np.concatenate([rng.choice(places, (20_000, len(places))) for places in by_class], axis=1)
    slowly_predicted = np.stack([(predictions[images] == place).sum(axis=1) for place in range(4)])
    right = (predictions == labels)[images]
    slowly_hits = np.stack([(right & (labels[images] == place)).sum(axis=1) for place in range(4)])
    for fast, slow in ((hits, slowly_hits), (predicted, slowly_predicted)):
        assert fast.mean(axis=1) == pytest.approx(slow.mean(axis=1), abs=0.1)
        assert np.cov(fast) == pytest.approx(np.cov(slow), abs=0.8)  # of up to 30


@pytest.mark.parametrize("counts", [[1], [7], [60, 1, 2, 1], [3, 40, 200, 30], [1, 1, 1, 1, 1]])
def test_what_is_drawn_of_a_class_is_a_multinomial_however_it_is_drawn(counts: list[int]) -> None:
    drawn = _drawn(np.array(counts), seeded(3), 40_000)
    total, shares = sum(counts), np.array(counts) / sum(counts)
    assert drawn.shape == (len(counts), 40_000)
    assert (drawn.sum(axis=0) == total).all() and drawn.min() >= 0
    covariance = total * (np.diag(shares) - np.outer(shares, shares))
    assert drawn.mean(axis=1) == pytest.approx(np.array(counts), abs=0.02 * sqrt(total))
    assert np.cov(drawn) == pytest.approx(covariance.squeeze(), abs=0.03 * total)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_influences_are_what_a_little_more_of_a_cell_does(name: str) -> None:
    measure, average = FIGURES[name]
    cells = cells_of(*_one(answered(150, 5, 0.7, seeded(4))), 5)
    weights, support = average(cells.support), cells.support
    predictions, right = cells.predictions[0], cells.predictions[0] == cells.labels

    def at(counts: NDArray[np.float64]) -> float:
        hits = np.bincount(cells.labels, counts * right, 5)
        return float(weights @ measure.value(hits, np.bincount(predictions, counts, 6)[:-1], support))

    found = influences(cells, 0, *slopes(cells, 0, measure, weights))
    for place, label in enumerate(cells.labels):
        fewer = np.where(cells.labels == label, cells.counts / support[label], 0)
        moved = 1e-5 * ((np.arange(len(found)) == place) - fewer)
        slope = (at(cells.counts + moved) - at(cells.counts - moved)) / 2e-5
        assert found[place] == pytest.approx(slope, abs=1e-8)


def _one(pair: tuple[Places, Places]) -> tuple[Places, tuple[Places]]:
    return pair[0], (pair[1],)


# The intervals


def test_the_same_seed_gives_the_same_bounds_in_any_order_of_the_images() -> None:
    labels, predictions = answered(400, 12, 0.8, seeded(5))
    bounds = bootstrap_intervals(labels, predictions, 12, seeded(6))
    assert set(bounds) == NAMES
    order = seeded(7).permutation(400)
    assert bootstrap_intervals(labels[order], predictions[order], 12, seeded(6)) == bounds
    assert bootstrap_intervals(labels.astype(np.int32), predictions.astype(np.int32), 12, seeded(6)) == bounds
    assert bootstrap_intervals(labels, predictions, 12, seeded(8)) != bounds


def test_counts_give_what_the_images_give() -> None:
    labels, predictions = answered(400, 12, 0.8, seeded(9))
    counts = np.zeros((12, 13), dtype=np.int64)
    np.add.at(counts, (labels, predictions), 1)
    assert intervals_of_counts(counts, seeded(1)) == bootstrap_intervals(labels, predictions, 12, seeded(1))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 10**6))
def test_bounds_are_around_the_figure_and_within_its_range(images: int, classes: int, seed: int) -> None:
    rng = seeded(seed)
    labels, predictions = rng.integers(0, classes, images), rng.integers(0, classes + 1, images)
    found = figures(labels, predictions, classes)
    for name, (low, high) in bootstrap_intervals(labels, predictions, classes, rng, 50).items():
        assert -1e-12 <= low <= found[name] + 1e-12 <= high + 2e-12 <= 1 + 3e-12
    _, low, high = paired_macro_f1(labels, predictions, rng.permutation(predictions), classes, rng, 50)
    assert -1 <= low <= high <= 1


def test_a_higher_confidence_is_wider_and_more_images_are_narrower() -> None:
    widths = []
    for images, confidence in ((300, 0.99), (300, 0.95), (3000, 0.95), (3000, 0.8)):
        labels, predictions = answered(images, 10, 0.8, seeded(10))
        low, high = bootstrap_intervals(labels, predictions, 10, seeded(1), confidence=confidence)["macro_f1"]
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[1] / widths[2] == pytest.approx(sqrt(10), rel=0.15)


@pytest.mark.parametrize(
    ("classes", "each", "name"), [(21, 24, "macro_f1"), (50, 10, "macro_f1"), (100, 2, "balanced_accuracy")]
)
def test_intervals_hold_the_truth(classes: int, each: int, name: str) -> None:
    """A short form of benchmarks/intervals.py. Not widened, those of classes of 2 images hold it in 83 % of cases."""
    rng, held, labels = seeded(11, classes), 0, np.repeat(np.arange(classes), each)
    for _ in range(150):
        right = rng.random(len(labels)) < 0.7
        predictions = np.where(right, labels, (labels + rng.integers(1, 3, len(labels))) % classes)
        low, high = bootstrap_intervals(labels, predictions, classes, rng, 300)[name]
        held += low <= 0.7 <= high
    assert 0.91 <= held / 150 <= 0.985


# What leaves nothing to draw


def test_where_all_are_right_the_bounds_are_wilsons() -> None:
    labels = np.repeat(np.arange(5), 42)
    for bounds in bootstrap_intervals(labels, labels, 5, seeded(1)).values():
        assert bounds == (pytest.approx(1 - 0.01796, abs=1e-5), 1.0)
    for name, bounds in bootstrap_intervals(labels, np.full(210, 5), 5, seeded(1)).items():
        assert bounds == (0.0, pytest.approx(0.01796, abs=1e-5)), name


def test_classes_without_images_hold_macro_figures_down() -> None:
    labels = np.repeat(np.arange(4), 20)
    bounds = bootstrap_intervals(labels, labels, 5, seeded(1))
    assert bounds["macro_f1"] == (pytest.approx(0.8 * (1 - 3.8415 / 83.8415), abs=1e-5), pytest.approx(0.8))
    assert bounds["balanced_accuracy"] == (pytest.approx(1 - 3.8415 / 83.8415, abs=1e-5), 1.0)


def test_a_class_of_few_images_leaves_more_open_than_the_same_images_in_even_classes() -> None:
    uneven = np.repeat([0, 1], [198, 2])
    low, _ = bootstrap_intervals(uneven, uneven, 2, seeded(1))["balanced_accuracy"]
    assert low == pytest.approx(1 - 3.8415 / (4 / (1 / 198 + 1 / 2) + 3.8415), abs=1e-5)


def test_a_small_class_that_is_all_right_is_as_uncertain_as_the_other() -> None:
    """200 images of one class with 160 right, 2 of another; that both of these are right says little."""
    labels = np.repeat([0, 1], [200, 2])
    predictions = np.where(np.arange(202) < 40, 2, labels)
    low, high = bootstrap_intervals(labels, predictions, 2, seeded(1))["balanced_accuracy"]
    assert 0.6 < low < 0.8
    assert high == 1.0


@pytest.mark.parametrize(("label", "prediction"), [(0, 0), (0, 1), (0, 2), (1, 0)])
def test_a_single_image_says_little(label: int, prediction: int) -> None:
    for low, high in bootstrap_intervals(np.array([label]), np.array([prediction]), 2, seeded(1)).values():
        assert (low == 0 or high in (0.5, 1)) and high - low > 0.35


def test_two_models_that_agree_differ_by_as_little_as_paired_shares() -> None:
    labels, predictions = answered(200, 1, 0.8, seeded(1))
    margin = 3.84146 / 203.84146
    agreeing = paired_macro_f1(labels, predictions, predictions, 1, seeded(1))
    assert agreeing == pytest.approx((0, -margin, margin), abs=1e-6)
    disagreeing = paired_macro_f1(labels, labels, np.full(200, 1), 1, seeded(1))
    assert disagreeing == pytest.approx((1, 1 - 2 * margin, 1), abs=1e-6)


@pytest.mark.parametrize(
    ("labels", "predictions", "options"),
    [
        ([], [], {}),
        ([0, 1], [0], {}),
        ([0, 2], [0, 0], {}),
        ([0, 1], [0, 3], {}),
        ([0, 1], [0, -1], {}),
        ([0, 0], [0, 1], {"confidence": 1.0}),
        ([0, 1], [0, 1], {"confidence": 0.0}),
        ([0, 0], [0, 1], {"resamples": 0}),
    ],
)
def test_what_cannot_be_raises(labels: list[int], predictions: list[int], options: dict[str, Any]) -> None:
    given = np.array(labels, dtype=np.int64), np.array(predictions, dtype=np.int64)
    with pytest.raises(ValueError, match=r"nothing was answered|expected"):
        bootstrap_intervals(*given, 2, seeded(1), **options)
    with pytest.raises(ValueError, match=r"nothing was answered|expected"):
        paired_macro_f1(*given, given[1], 2, seeded(1), **options)


# Two models


def test_a_paired_difference_is_that_of_the_figures_and_turns_around() -> None:
    labels, first = answered(500, 21, 0.85, seeded(12))
    second = answered(500, 21, 0.7, seeded(12))[1]
    difference, low, high = paired_macro_f1(labels, first, second, 21, seeded(1))
    one, other = (by_scikit_learn(labels, each, 21)["macro_f1"] for each in (first, second))
    assert difference == pytest.approx(one - other)
    assert 0 < low < difference < high
    back, least, most = paired_macro_f1(labels, second, first, 21, seeded(1))
    assert (back, least, most) == pytest.approx((-difference, -high, -low), abs=0.006)


def test_the_same_images_tell_models_apart_that_separate_intervals_do_not() -> None:
    labels, first = answered(500, 10, 0.8, seeded(13))
    second = np.where(seeded(14).random(500) < 0.05, 10, first)
    apart = [bootstrap_intervals(labels, each, 10, seeded(1))["macro_f1"] for each in (first, second)]
    assert apart[1][1] > apart[0][0]
    assert paired_macro_f1(labels, first, second, 10, seeded(1))[1] > 0


def test_a_hundred_thousand_images_take_no_time_and_little_memory() -> None:
    rng, started = seeded(15), time.process_time()
    labels = np.sort(rng.integers(0, 1000, 100_000))
    near = (labels + rng.geometric(0.3, 100_000)) % 1000
    predictions = np.where(rng.random(100_000) < 0.8, labels, near)
    bootstrap_intervals(labels, predictions, 1000, rng, 500)
    assert time.process_time() - started < 2
    tracemalloc.start()
    cells = cells_of(labels, (predictions,), 1000)
    next(resampled(cells, rng, 100))
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()


# Any other figure


def test_a_statistic_gets_as_many_images_of_each_stratum() -> None:
    strata = np.array([3, 1, 3, 3, 1, 7])

    def statistic(places: NDArray[np.int64]) -> float:
        assert np.sort(strata[places]).tolist() == [1, 1, 3, 3, 3, 7]
        return float(places.mean())

    low, high = bootstrap_statistic(statistic, strata, seeded(1), 100)
    assert low < 2.5 < high
    assert bootstrap_statistic(statistic, strata, seeded(1), 100) == (low, high)


def test_the_mean_of_a_quantity_has_the_bounds_of_theory() -> None:
    values = seeded(16).normal(3, 2, 400)
    low, high = bootstrap_statistic(lambda places: float(values[places].mean()), np.zeros(400, int), seeded(1))
    error = values.std(ddof=1) / sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.1 * error)


def test_strata_of_two_images_are_widened() -> None:
    strata, values = np.repeat(np.arange(200), 2), seeded(17).normal(0, 1, 400)
    low, high = bootstrap_statistic(lambda places: float(values[places].mean()), strata, seeded(1))
    assert high - low == pytest.approx(2 * 1.96 / sqrt(400), rel=0.12)


def test_what_chance_makes_higher_is_taken_back() -> None:
    """The mean distance between shares and confidences, in ten bins, where the truth is 0.05."""
    rng, held = seeded(18), 0
    for _ in range(60):
        confidence = rng.random(400) * 0.8 + 0.1
        right = rng.random(400) < confidence - 0.05

        def error(places: NDArray[np.int64], confidence: Any = confidence, right: Any = right) -> float:
            bins = (confidence[places] * 10).astype(int)
            return float(np.abs(np.bincount(bins, right[places] - confidence[places], 10)).sum() / len(places))

        low, high = bootstrap_statistic(error, np.zeros(400, int), rng, 150)
        held += low <= 0.05 <= high
    assert held >= 50


def test_a_figure_that_is_no_number_raises() -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_statistic(lambda places: float("nan"), np.zeros(3, int), seeded(1), 5)
    with pytest.raises(ValueError, match="expected images"):
        bootstrap_statistic(lambda places: 0.0, np.zeros(0, int), seeded(1), 5)
    assert bootstrap_statistic(lambda places: 0.5, np.zeros(3, int), seeded(1), 5) == (0.5, 0.5)


def test_influences_add_up_to_the_variance_of_what_is_drawn() -> None:
    labels, predictions = answered(3000, 10, 0.7, seeded(19))
    cells = cells_of(labels, (predictions,), 10)
    weights = macro(cells.support)
    values = [weights @ F1.value(h[0], p[0], cells.support[:, None]) for h, p in resampled(cells, seeded(1), 4000)]
    squares = (cells.counts * influences(cells, 0, *slopes(cells, 0, F1, weights)) ** 2).sum()
    assert np.concatenate(values).var() == pytest.approx(squares, rel=0.08)
