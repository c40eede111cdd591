"""Trees of tokens, and how many of them go into one pass."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from snellen.engines.hf.tree import Tree, common
from snellen.local.batching import buckets

SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=7), min_size=1, max_size=9)


def test_what_is_common_stands_once() -> None:
    tree = Tree(3)
    bat, wing, ball = tree.grow(2, [7]), tree.grow(2, [7, 8]), tree.grow(2, [7, 9])
    assert (bat, wing, ball) == ([3], [3, 4], [3, 5])
    assert tree.tokens == [7, 8, 9] and tree.parents == [2, 3, 3] and tree.depths == [3, 4, 4]
    assert tree.append(3, 8) == 6  # the same token, and yet a node of its own
    early = tree.grow(0, [5])
    assert tree.depths[early[0] - 3] == 1
    assert tree.sees(3, 8, []).astype(int).tolist() == [
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 1, 0, 0],
        [1, 1, 1, 1, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 0, 0, 1],
    ]


@given(SEQUENCES, st.integers(1, 4), st.data())
def test_every_node_sees_its_ancestors_and_itself(sequences: list[list[int]], trunk: int, data: st.DataObject) -> None:
    tree = Tree(trunk)
    for tokens in sequences:
        tree.grow(data.draw(st.integers(0, trunk - 1)), tokens)
    start = data.draw(st.integers(trunk, len(tree) - 1))
    expected = np.zeros((len(tree) - start, len(tree)), dtype=bool)
    for node in range(start, len(tree)):
        at = node
        while at >= trunk:
            expected[node - start, at] = True
            at = tree.parents[at - trunk]
        expected[node - start, : at + 1] = True
    assert (tree.sees(start, len(tree), range(trunk, start)) == expected).all()
    depths = np.asarray(tree.depths_of(range(trunk, start), start, len(tree)))
    assert (expected.sum(1) == depths[start:] + 1).all()
    # what is not needed can be left out
    kept = sorted(tree.needed(start, ()))
    columns = [*range(trunk), *kept, *range(start, len(tree))]
    assert (tree.sees(start, len(tree), kept) == expected[:, columns]).all()
    assert tree.depths_of(kept, start, len(tree)) == depths[columns].tolist()
    assert not expected[:, sorted(set(range(trunk, start)) - set(kept))].any()


@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=6))
def test_the_common_beginning(one: list[int], other: list[int]) -> None:
    length = common(one, other)
    assert one[:length] == other[:length]
    assert length == min(len(one), len(other)) or one[length] != other[length]


def test_like_lengths_go_together() -> None:
    assert buckets([], 10, 20) == []
    assert buckets([100], 10, 20) == [range(1)]
    assert buckets([5, 5, 5, 5, 5], 10, 20) == [range(4), range(4, 5)]
    assert buckets([10, 10, 100, 100], 20, 1000) == [range(2), range(2, 4)]  # else a third of it would be padding
    assert buckets([10, 100, 100], 20, 1000) == [range(3)]  # the first alone is not worth a pass


@given(st.lists(st.integers(1, 300), max_size=40))
def test_buckets_are_whole_and_bounded(lengths: list[int]) -> None:
    lengths.sort()
    found = buckets(lengths, 200, 900)
    assert [number for bucket in found for number in bucket] == list(range(len(lengths)))
    assert all(len(bucket) == 1 or len(bucket) * lengths[bucket[-1]] <= 900 for bucket in found)
