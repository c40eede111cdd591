"""The linear probe against scikit-learn's own probabilities."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from snellen.images import Image
from snellen.strategies.linear_probe import Strategy
from snellen.types import Classes, Embed, Example, Vector


@pytest.mark.parametrize("count", [2, 3, 5])
def test_probabilities_are_those_of_logistic_regression_on_unit_vectors(count: int) -> None:
    names = tuple("edcba"[:count])  # not in the order of the alphabet
    rng = np.random.default_rng(count)
    features = rng.standard_normal((4 * count, 6)).astype(np.float32)
    shots = [Example(str(n), Image(data=str(n).encode()), names[n // 4]) for n in range(4 * count)]
    strategy = Strategy(shots=4, strength=3.0)
    preparing = strategy.prepare(Classes(names), shots)
    assert next(preparing) == [Embed(shot.image) for shot in shots]
    with pytest.raises(StopIteration) as stop:
        preparing.send([Vector(row) for row in features])
    inquiry = strategy.inquire(Classes(names), stop.value.value, Random(0))
    next(inquiry)
    photo = rng.standard_normal(6).astype(np.float32)
    with pytest.raises(StopIteration) as stop:
        inquiry.send([Vector(photo)])
    long = np.linalg.norm(features, axis=1, keepdims=True)
    fitted = LogisticRegression(C=3.0, max_iter=1000).fit(features / long, [shot.label for shot in shots])
    expected = dict(zip(fitted.classes_, fitted.predict_proba([photo / np.linalg.norm(photo)])[0], strict=True))
    assert stop.value.value.scores == pytest.approx(expected, abs=1e-3)
    assert stop.value.value.label == max(expected, key=expected.__getitem__)
