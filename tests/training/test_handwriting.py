"""Drawn handwriting looks like scikit-learn's digits to who knows only the one or the other."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from training.handwriting import draw


def test_digits_are_counts_of_ink_and_follow_from_the_generator() -> None:
    for digit in range(10):
        counts = draw(digit, np.random.default_rng(digit))
        assert counts.shape == (8, 8) and counts.min() >= 0 and counts.max() <= 16
        assert (counts == draw(digit, np.random.default_rng(digit))).all()
        assert (counts != draw(digit, np.random.default_rng(digit + 10))).any()


def test_who_learned_from_drawn_digits_reads_real_ones() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 150)
    drawn = np.stack([draw(int(label), rng).ravel() for label in labels])
    real = load_digits()
    read = SVC(gamma=0.001).fit(drawn, labels).predict(real.data)
    assert (read == real.target).mean() > 0.9
