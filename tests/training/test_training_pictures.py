"""Pictures for training: always the same, kept, and none of those that the data set shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from snellen.datasets.demo import FIRST_SHOWN
from training.pictures import NAMES, READ, SEEN, SIZE, picture, training_pictures


def test_pictures_are_drawn_once_and_kept(tmp_path: Path) -> None:
    first = training_pictures(tmp_path, range(2))
    assert first.pixels.shape == (2 * len(NAMES), SIZE, SIZE, 3)
    assert np.bincount(first.labels).tolist() == [2] * len(NAMES)
    for place in (0, 140, 150, 297):
        number, label = divmod(place, len(NAMES))
        assert (first.pixels[place] == picture(label, number)).all()
    (file,) = tmp_path.iterdir()
    kept = file.stat().st_mtime_ns
    assert (training_pictures(tmp_path, range(2)).pixels == first.pixels).all()
    assert file.stat().st_mtime_ns == kept


def test_no_picture_of_the_data_set_is_for_training() -> None:
    assert max(SEEN.stop, READ.stop) < FIRST_SHOWN
    assert not set(SEEN) & set(READ)
