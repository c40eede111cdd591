"""Suspect labels as arrays: what counts against a label, how much, and in which order."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from snellen.metrics.suspicion import AGAINST, Suspicion, Witness, suspicion


def witness(predictions: Any, kind: str = "classifier", scores: Any = None) -> Witness:
    """One that gave no scores, or one with a score of every class for each image."""
    said = np.asarray(predictions, dtype=np.int64)
    if scores is None:
        return Witness(kind, said, np.full((len(said), 0), -1), np.full((len(said), 0), np.nan))
    ranked = np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :5]
    return Witness(kind, said, ranked, np.take_along_axis(np.asarray(scores, dtype=np.float64), ranked, axis=1))


def drawn(truth: NDArray[np.int64], classes: int, strength: float, seed: int, power: float = 1.0) -> Witness:
    """A witness of what it sees under noise; scores are the exact probabilities, or these to a power.

    What it sees of each class is normal with a variance of 1 and a mean of `strength` for the true one, else of 0.
    """
    seen = np.random.default_rng(seed).normal(size=(len(truth), classes))
    seen[np.arange(len(truth)), truth] += strength
    powers = np.exp(power * strength * (seen - seen.max(axis=1, keepdims=True)))
    return witness(seen.argmax(axis=1), f"kind {seed}", powers / powers.sum(axis=1, keepdims=True))


def flipped(classes: int, each: int, share: float, seed: int) -> tuple[NDArray[np.int64], Any, NDArray[np.bool_]]:
    """True labels, the same with a share of them flipped, and which."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(classes), each)
    wrong = np.zeros(len(truth), dtype=bool)
    wrong[random.choice(len(truth), round(share * len(truth)), replace=False)] = True
    labels = np.where(wrong, (truth + random.integers(1, classes, len(truth))) % classes, truth)
    return truth, labels, wrong


def test_counts_weigh_another_class_by_how_often_each_is_called_so() -> None:
    """Five labelled 0, of which one is called 1, and five 1: smoothed by five images, the image itself left out."""
    labels = np.repeat([0, 1], 5)
    told = suspicion(labels, 2, [witness([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])])
    accuracy = (9 + 1) / (10 + 2)
    called_1_of_1 = (5 + 5 * accuracy) / (5 + 5)
    called_1_of_0 = (0 + 5 * (1 - accuracy) / 2) / (4 + 5)
    assert list(told.order) == [4] and told.instead[4] == 1
    assert told.evidence[4] == pytest.approx(log(called_1_of_1 / called_1_of_0))
    assert (told.instead == -1).sum() == 9 and np.isneginf(told.evidence[[0, 9]]).all()


def test_scores_weigh_no_more_than_counts_and_are_tempered() -> None:
    truth, labels, _ = flipped(6, 40, 0.05, 1)
    sees = drawn(truth, 6, 2.5, 2)
    told, by_counts = suspicion(labels, 6, [sees]), suspicion(labels, 6, [witness(sees.predictions)])
    assert (told.evidence <= by_counts.evidence + 1e-9).all() and (told.evidence < by_counts.evidence - 0.1).any()
    again = suspicion(labels, 6, [drawn(truth, 6, 2.5, 2, power=3.0)])  # thrice as sure of all it says
    assert set(again.order[:10]) == set(told.order[:10])
    assert again.evidence[told.order] == pytest.approx(told.evidence[told.order], rel=0.15, abs=0.01)


def test_what_a_model_often_mistakes_is_not_suspected_before_what_it_says_once() -> None:
    """A model that calls eight of ten trees (0) a carrot (1), very surely, and one dog (2) a cat (3), less surely."""
    labels = np.repeat([0, 1, 2, 3], 10)
    said = labels.copy()
    said[:8], said[20] = 1, 3
    scores = np.full((40, 4), 1e-4)
    scores[np.arange(40), said] = np.where(np.arange(40) < 8, 0.999, 0.9)
    told = suspicion(labels, 4, [witness(said, scores=scores)])
    assert list(told.order[:1]) == [20] and told.evidence[20] > 2 > told.evidence[:8].max()
    assert not told.against[:8].any()


def test_models_of_one_kind_have_one_voice() -> None:
    truth, labels, _ = flipped(5, 20, 0.05, 3)
    one, other = drawn(truth, 5, 3.0, 4), drawn(truth, 5, 3.0, 5)
    twice = suspicion(labels, 5, [one, one, other])
    once = suspicion(labels, 5, [one, other])
    assert np.array_equal(twice.order, once.order)
    assert twice.evidence[once.order] == pytest.approx(once.evidence[once.order])
    assert twice.expected == pytest.approx(once.expected) and suspicion(labels, 5, [one, one]).expected is None


def test_what_two_kinds_speak_against_comes_first() -> None:
    truth, labels, wrong = flipped(10, 30, 0.05, 6)
    told = suspicion(
        labels, 10, [drawn(truth, 10, strength, seed) for strength, seed in ((3.0, 7), (3.0, 8), (1.5, 9))]
    )
    agreed = told.against[told.order] >= 2
    assert agreed.any() and not agreed.all()
    assert agreed[: agreed.sum()].all()
    for group in (told.order[agreed], told.order[~agreed]):
        assert (np.diff(told.evidence[group]) <= 0).all()
    assert wrong[told.order[: wrong.sum()]].mean() > 0.8
    assert (told.instead[told.order] != labels[told.order]).all()
    assert pytest.approx(log(10)) == AGAINST


@pytest.mark.parametrize("share", [0.02, 0.05, 0.15])
def test_how_many_labels_are_wrong_is_estimated_where_kinds_err_apart(share: float) -> None:
    truth, labels, wrong = flipped(20, 50, share, 10)
    told = suspicion(labels, 20, [drawn(truth, 20, 3.5, 11), drawn(truth, 20, 3.0, 12)])
    assert told.expected is not None and 0.6 * wrong.sum() < told.expected < 1.2 * wrong.sum()
    assert wrong[told.order[: wrong.sum()]].mean() > 0.85


@pytest.mark.parametrize("meaning", ["cosines", "sigmoids", "one", "none"])
def test_scores_of_any_meaning_find_the_flips(meaning: str) -> None:
    truth, labels, wrong = flipped(8, 25, 0.05, 13)
    made = drawn(truth, 8, 3.0, 14)
    logits = np.log(made.scores)
    scores = {"cosines": logits / 40, "sigmoids": 1 / (1 + np.exp(-logits)), "one": made.scores, "none": made.scores}
    said = Witness("any", made.predictions, made.ranked, scores[meaning])
    if meaning == "one":  # a table of mere predictions
        said = Witness("any", made.predictions, np.where(np.arange(5) > 0, -1, made.ranked), np.ones((200, 5)))
    elif meaning == "none":
        said = witness(made.predictions)
    told = suspicion(labels, 8, [said, drawn(truth, 8, 3.0, 15)])
    assert np.isfinite(told.evidence[told.order]).all()
    assert wrong[told.order[: wrong.sum()]].mean() >= 0.8


def test_who_has_no_say_says_nothing() -> None:
    labels = np.repeat([0, 1, 2], 6)
    said = labels.copy()
    said[0] = 1
    some = suspicion(labels, 3, [witness(said), witness(np.full(18, -1), "mute"), witness(np.full(18, 3), "unread")])
    alone = suspicion(labels, 3, [witness(said)])
    assert np.array_equal(some.order, alone.order) and some.evidence[0] == pytest.approx(alone.evidence[0])


@pytest.mark.parametrize("said", [[-1], [0], [1]])
def test_one_class_one_image_and_no_answer_are_no_suspects(said: list[int]) -> None:
    told = suspicion(np.zeros(1, dtype=np.int64), 1, [witness(said), witness(said, "encoder")])
    assert isinstance(told, Suspicion) and not len(told.order)
    assert told.expected is not None and told.expected < 1


def test_what_does_not_fit_is_refused() -> None:
    labels = np.array([0, 1])
    for wrong in (
        lambda: suspicion(labels[:0], 2, [witness([])]),
        lambda: suspicion(labels, 2, []),
        lambda: suspicion(labels, 1, [witness([0, 0])]),
        lambda: suspicion(labels, 2, [witness([0])]),
        lambda: suspicion(labels, 2, [witness([0, 3])]),
        lambda: suspicion(labels, 2, [Witness("x", labels, np.zeros((2, 5), dtype=np.int64), np.zeros((2, 4)))]),
        lambda: suspicion(labels, 2, [Witness("x", labels, np.full((2, 1), 2), np.zeros((2, 1)))]),
    ):
        with pytest.raises(ValueError, match=r"expected|witness"):
            wrong()
