"""Checkpoints of timm and open_clip, checked in a process that sees torchvision; see vision_checks.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import snellen

TESTS = Path(__file__).parents[1]
VISION = Path(sys.prefix) / "vision"  # where `make test` puts timm, open_clip and torchvision


def test_checkpoints_of_timm_and_open_clip(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One test, so that the libraries, which take seconds to import, are imported once."""
    assert VISION.is_dir(), f"{VISION} is not there: run 'make test'"
    photographs: list[Path] = []
    if os.environ.get("SNELLEN_TEST_DATA"):
        folder = request.getfixturevalue("real_data") / "data/photos/caltech101-97x3"
        photographs = sorted(folder.glob("*/*.jpg"))[::40]
    paths = [Path(snellen.__file__).parents[1], TESTS, TESTS / "engines", VISION]
    done = subprocess.run(
        [sys.executable, TESTS / "vision_checks.py", tmp_path, *photographs],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checks = json.loads(done.stdout.splitlines()[-1])
    assert len(checks) == 7
    assert not any(checks.values()), "\n".join(f"{name}: {why}" for name, why in checks.items() if why)
