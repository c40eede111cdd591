"""A budget is never passed, whatever the order in which jobs are taken and answers come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.budget import Budget

AMOUNTS = st.floats(0, 3)


@given(st.data())
def test_the_limit_is_never_passed_whatever_the_order(data: st.DataObject) -> None:
    budget = Budget(data.draw(st.floats(0, 10)), spent=0.0)
    left: dict[int, list[float]] = {}
    for job in range(data.draw(st.integers(0, 12))):
        questions = data.draw(st.lists(AMOUNTS, max_size=4))
        if budget.reserve(job, sum(questions)):
            left[job] = questions
        while left and data.draw(st.booleans()):
            chosen = data.draw(st.sampled_from(sorted(left)))
            if left[chosen] and data.draw(st.booleans()):
                most = left[chosen].pop()
                budget.spend(chosen, most * data.draw(st.floats(0, 1)), most)
            else:
                budget.release(chosen)
                del left[chosen]
        assert budget.spent <= budget.limit + 1e-6
        assert budget.spent + sum(map(sum, left.values())) <= budget.limit + 1e-6


@given(st.lists(AMOUNTS, min_size=1), st.floats(0, 10))
def test_what_was_not_needed_is_free_again(mosts: list[float], limit: float) -> None:
    budget = Budget(limit)
    taken = [job for job, most in enumerate(mosts) if budget.reserve(job, most)]
    for job in taken:
        budget.release(job)
    assert budget.idle and budget.reserved == 0 and budget.spent == 0
    assert budget.reserve(99, limit)


def test_earlier_spending_counts() -> None:
    budget = Budget(1.0, spent=0.75)
    assert not budget.reserve(1, 0.5)
    assert budget.idle
    assert budget.reserve(1, 0.25)


def test_an_answer_dearer_than_expected_makes_all_others_dearer() -> None:
    budget = Budget(10.0)
    assert budget.reserve(1, 2.0) and budget.reserve(2, 2.0)
    budget.spend(1, 2.0, 1.0)
    assert budget.reserved == pytest.approx(2 * (1.0 + 2.0))
    assert not budget.reserve(3, 1.1)
    assert budget.reserve(3, 1.0)


def test_what_is_lost_leaves_the_reserve_and_is_expected_of_others() -> None:
    budget = Budget(10.0)
    assert budget.reserve(1, 2.0) and budget.reserve(2, 2.0)
    budget.lose(1.0, job=1)
    assert budget.spent == 1.0
    assert budget.reserved == pytest.approx(1.5 * (2.0 + 2.0))
    assert not budget.passed and not budget.exhausted
    budget.lose(8.0)
    assert budget.passed and not budget.exhausted
    budget.release_all()
    assert budget.idle and not budget.passed
