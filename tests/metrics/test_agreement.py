"""How often two models say the same equals scikit-learn's figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score

from snellen.metrics.comparison import agreement, cohens_kappa

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@settings(deadline=None)
@given(PAIRS)
def test_equal_to_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    assert agreement(first, second) == pytest.approx(accuracy_score(first, second))
    kappa = cohens_kappa(first, second)
    if len(set(first) | set(second)) == 1:
        assert kappa is None
    else:
        assert kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_agreement_by_chance_has_a_kappa_of_none_and_full_agreement_of_one() -> None:
    first = np.array([0, 0, 1, 1])
    assert cohens_kappa(first, np.array([0, 1, 0, 1])) == pytest.approx(0)
    assert cohens_kappa(first, first) == pytest.approx(1)


def test_without_an_image_it_raises() -> None:
    nothing = np.array([], dtype=np.int64)
    for figure in (agreement, cohens_kappa):
        with pytest.raises(ValueError, match="no image"):
            figure(nothing, nothing)
