"""Whole studies of hosted models by their own APIs, through a server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

import studies
from native import serving_natively

SECRET = "secret-of-the-test"


def test_a_study_asks_each_provider_in_its_own_way_and_writes_no_key_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "CLARIFAI_PAT"):
        monkeypatch.setenv(variable, SECRET)
    folder = studies.photographs(tmp_path / "photos", count=3, names=("star", "ring"))
    names = ("anthropic/claude-sonnet-4-6", "google/gemini-2.5-flash", "clarifai/general-image-recognition")
    with serving_natively() as url:
        models = [f"{name},base_url={url}" for name in names]
        with studies.ran(folder, models, "closed-set", "vocabulary", out=tmp_path / "run") as results:
            rows = [(row.model.partition(",")[0], row.strategy, row.answered) for row in results.rows]
    assert sorted(rows) == sorted(
        (name, "vocabulary" if name.startswith("clarifai") else "closed-set", 6) for name in names
    )
    assert len(studies.stored(tmp_path / "run")) > 0
    written = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
