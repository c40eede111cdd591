"""Choices scored by the tokens of an answer: nothing is counted twice, and nothing that was not told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen.remote.tokens import read_choices


def token(alternatives: Mapping[str, float], taken: str | None = None) -> dict[str, Any]:
    """The alternatives with their probabilities; the first was taken unless another is named."""
    each = [{"token": text, "logprob": math.log(share)} for text, share in alternatives.items()]
    first = next(one for one in each if one["token"] == (taken or next(iter(alternatives))))
    return {**first, "top_logprobs": each}


def shares(choices: Sequence[str], *tokens: Mapping[str, float]) -> list[float] | None:
    values = read_choices(choices, [token(each) for each in tokens])
    return None if values is None else [math.exp(value) for value in values]


def test_one_token_each() -> None:
    assert shares(["yes", "no"], {"yes": 0.7, "no": 0.2, "maybe": 0.1}) == pytest.approx([0.7, 0.2])


def test_spaces_before_a_choice_are_looked_over() -> None:
    assert shares(["yes", "no"], {" yes": 0.5, "yes": 0.1, "\nno": 0.3}) == pytest.approx([0.6, 0.3])
    assert shares(["yes", "no"], {"\n": 0.9, "no": 0.1}, {"yes": 0.5, "no": 0.5}) == pytest.approx([0.45, 0.55])


def test_a_choice_of_several_tokens_is_known_by_its_first_where_no_other_begins_so() -> None:
    assert shares(["elephant", "cat"], {"cat": 0.6, "ele": 0.4}, {"!": 1.0}) == pytest.approx([0.4, 0.6])


def test_choices_that_begin_alike_part_where_the_answer_went() -> None:
    choices = ["horse", "horseshoe crab", "cat"]
    told = [{"horse": 0.8, "cat": 0.2}, {"shoe": 0.25, ".": 0.75}, {"!": 1.0}]
    # the answer went "horse", "shoe", "!": what does not go on after "horse" is the horse
    assert shares(choices, *told) == pytest.approx([0.6, 0.0, 0.2])
    told[2] = {" crab": 0.5, " maker": 0.5}
    assert shares(choices, *told) == pytest.approx([0.6, 0.1, 0.2])
    assert shares(choices, {"horse": 0.8, "cat": 0.2}, {".": 0.75, "shoe": 0.25}) == pytest.approx([0.6, 0.2, 0.2])


def test_an_answer_that_ends_with_a_choice_has_it() -> None:
    assert shares(["bat", "bat wing"], {"bat": 0.9}) == pytest.approx([0.9, 0.0])


def test_what_is_not_told_apart_is_no_score() -> None:
    assert shares(["horse", "horseshoe crab", "cat"], {"cat": 0.7, "horse": 0.3}, {".": 1.0}) is None
    assert shares(["horse", "horseshoe crab", "cat"], {"cat": 0.995, "horse": 0.005}, {".": 1.0}) == pytest.approx(
        [0, 0, 0.995]
    )


def test_an_answer_that_is_none_of_the_choices_leaves_them_none() -> None:
    assert shares(["yes", "no"], {"The": 0.9, "It": 0.1}, {" photo": 1.0}) == [0, 0]
    assert shares(["yes", "no"], {"": 1.0}) == [0, 0]


def test_a_token_that_was_taken_and_is_not_among_the_likeliest_counts_once() -> None:
    told = {"token": "yes", "logprob": math.log(0.1), "top_logprobs": [{"token": "no", "logprob": math.log(0.6)}]}
    assert read_choices(["yes", "no"], [told]) == pytest.approx((math.log(0.1), math.log(0.6)))


WORDS = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=5, unique=True)


@given(st.data(), WORDS)
def test_the_choices_never_have_more_than_all_probability(data: st.DataObject, choices: list[str]) -> None:
    told = []
    for _ in range(data.draw(st.integers(1, 4))):
        texts = data.draw(st.lists(st.text(" abc", max_size=3), min_size=1, max_size=5, unique=True))
        weights = [data.draw(st.floats(0.01, 1)) for _ in texts]
        total = sum(weights) + data.draw(st.floats(0, 1))
        told.append(token({text: weight / total for text, weight in zip(texts, weights, strict=True)}))
    values = read_choices(choices, told)
    if values is not None:
        assert math.fsum(map(math.exp, values)) <= 1 + 1e-9
