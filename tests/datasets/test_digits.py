"""The bundled digits are drawn the same everywhere, and can be read."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snellen import plugins
from snellen.datasets.digits import Options, enlargement, load
from snellen.errors import Missing, WrongUse


def test_all_digits_come_in_their_order_with_their_labels() -> None:
    dataset = load("", Options(size=32))
    examples = list(dataset)
    assert len(examples) == len(dataset) == 1797
    assert "".join(example.label for example in examples[:12]) == "012345678901"
    assert (examples[0].id, examples[-1].id) == ("0000", "1796")
    assert [(e.id, e.image.digest) for e in examples] == [(e.id, e.image.digest) for e in dataset]
    words = load("", Options(names="words"))
    assert words.classes.names[:3] == ("zero", "one", "two") and next(iter(words)).label == "zero"


def test_the_bytes_never_change_as_answers_are_kept_by_them() -> None:
    first = next(iter(load("", Options())))
    assert first.image.digest == "1aaa99820ce4559a4515a79e3a4be184a85e45eb9afbe0dff0e65a21fdd4eb0a"
    digest = hashlib.sha256()
    for example in load("", Options(size=40)):
        digest.update(example.image.data)
    assert digest.hexdigest() == "172fe96bd077e51c53fa9cf3d53677382e926f28aed7f15238c4b56c5aded804"


def test_a_picture_is_ink_on_white_and_its_counts_can_be_read_from_it() -> None:
    dataset = load("", Options(size=100))
    for number, example in zip(range(20), dataset, strict=False):
        gray = np.asarray(example.image.pixels().convert("L")).astype(int)
        assert gray[:4].min() == gray[:, -4:].min() == 255 and gray.min() < 40
        # the mean of the two pixels on either side of a cell's centre is the cell's count
        centres = [slice(14 + 10 * cell, 16 + 10 * cell) for cell in range(8)]
        seen = np.array([[255 - gray[row, column].mean() for column in centres] for row in centres])
        assert np.abs(seen / 255 * 16 - dataset.counts[number]).max() < 1.5


def test_sizes_and_names_have_their_limits() -> None:
    assert next(iter(load("", Options(size=32)))).image.pixels().size == (32, 32)
    assert load("", Options(size=32)).source != load("", Options()).source
    for options in ({"size": 8}, {"size": 5000}, {"names": "roman"}):
        with pytest.raises(WrongUse):
            plugins.configure(Options, options, "digits")
    with pytest.raises(WrongUse, match="expected no path, got 'here'"):
        load("here", Options())


def test_without_scikit_learn_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(Missing, match=r"pip install 'snellen\[data\]'"):
        load("", Options())


@given(st.integers(1, 12), st.integers(1, 40))
def test_every_pixel_gets_its_whole_weight_from_its_neighbours(cells: int, size: int) -> None:
    weights = enlargement(cells, size)
    assert (weights.sum(axis=1) == 2 * size).all() and weights.min() >= 0
    places = (np.arange(size) + 0.5) * cells / size - 0.5
    expected = np.interp(places, np.arange(cells), np.arange(cells))
    assert np.allclose(weights @ np.arange(cells) / (2 * size), expected)


def test_a_study_on_digits(snellen: Any, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("def answer(question, image):\n    return '7'\n")
    said = snellen("run", "-d", "digits,size=32", "-m", f"scripted/{tmp_path}/model.py:answer", "-s", "closed-set",
                   "--per-class", 2, "--no-timing", "--out", tmp_path / "run")  # fmt: skip
    assert said.code == 0, said.err
    assert "0.100" in said.out
