"""Checkpoints of timm and open_clip, checked in a process that sees torchvision; see vision_checks.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
VISION = Path(sys.prefix) / "vision"  # where `make test` puts timm, open_clip and torchvision
NAMES = (
    *("timm test_vit", "timm test_resnet", "timm test_convnext", "timm labels", "timm backbone"),
    *("open_clip clip", "open_clip siglip"),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """What each check says."""
    if not VISION.is_dir():
        pytest.skip(f"{VISION} is not there: run 'make test'")
    photographs: list[Path] = []
    if os.environ.get("SNELLEN_TEST_DATA"):
        folder = request.getfixturevalue("real_data") / "data/photos/caltech101-97x3"
        photographs = sorted(folder.glob("*/*.jpg"))[::40]
    source = Path(__import__("snellen").__file__).parents[1]
    paths = [source, TESTS, TESTS / "engines", VISION]
    done = subprocess.run(
        [sys.executable, TESTS / "vision_checks.py", tmp_path_factory.mktemp("vision"), *photographs],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checks: Mapping[str, str] = json.loads(done.stdout.splitlines()[-1])
    assert tuple(checks) == NAMES
    return checks


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_of_timm_and_open_clip(name: str, found: Mapping[str, str]) -> None:
    assert not found[name], found[name]
