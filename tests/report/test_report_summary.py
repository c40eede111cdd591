"""The summary of the report: its notes are no blame where nothing went wrong, and names keep apart."""

from __future__ import annotations

import csv
from pathlib import Path

from charted import html
from snellen.report.reported import ReportedRun
from snellen.report.sections import summary
from studies import photographs, ran


def test_notes_of_coverage_are_notes(tmp_path: Path) -> None:
    names = ("cat", "dog", "tench, Tinca tinca", "crane, bird")
    photos = photographs(tmp_path / "photos", 2, names)
    with (tmp_path / "said.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "prediction"])
        for name in names:
            said = name if name in ("cat", "dog") else "coho, cohoe"
            table.writerows([f"{name}/{name}{number}.png", said] for number in range(2))
    with ran(photos, f"predictions/{tmp_path / 'said.csv'}", "vocabulary", out=tmp_path / "run") as results:
        run = ReportedRun(results)
        made = summary.section(run)
        page = html(run, made)
    notes = made.context["notes"]
    assert any("not crane, bird; tench, Tinca tinca: " in line for line in notes)
    assert "  recognised instead, most often: coho (4)" in notes
    assert f"<summary>{len(notes)} notes</summary>" in page and "did not go" not in page
