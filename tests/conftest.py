"""Data that tests share: a small folder of drawn pictures, and the place of real photographs where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snellen.datasets import shapes


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs, broken files and classifiers; skips where it is not at hand."""
    place = os.environ.get("SNELLEN_TEST_DATA")
    if not place:
        pytest.skip("SNELLEN_TEST_DATA is not set")
    return Path(place).resolve()


def draw_folder(
    place: Path, pictures: int = 4, names: tuple[str, ...] = ("circle", "star", "ring", "background")
) -> Path:
    """A class folder of drawn pictures."""
    for example in shapes.load("", shapes.Options(pictures=pictures)):
        if example.label in names:
            file = place / f"{example.id}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(example.image.data)
    return place


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A folder of four classes, one of them the background, with four pictures each."""
    return draw_folder(tmp_path / "drawn")
