"""The leaderboard: what it says of rows that are not done, and what it leaves out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import studies
from charted import html
from snellen.database import DATABASE, Database
from snellen.report.reported import ReportedRun
from snellen.report.sections import leaderboard
from snellen.results import Results

SAYS = "return Text(truth(image))"


def test_averages_over_classes_wait_for_pending_images(tmp_path: Path) -> None:
    folder, name = studies.photographs(tmp_path / "photos", 2), studies.model(tmp_path / "m.py", SAYS)
    with studies.ran(folder, name, out=tmp_path / "run") as results:
        assert "Macro-F1" in html(ReportedRun(results), leaderboard.section(ReportedRun(results)))
    with closing(Database(tmp_path / "run" / DATABASE)) as database, database.commit():
        database.execute("DELETE FROM records WHERE example = 1")
    with closing(Results(tmp_path / "run")) as results:
        assert results.rows[0].pending == 1 and results.rows[0].macro_f1 is not None
        page = html(ReportedRun(results), leaderboard.section(ReportedRun(results)))
    assert "Macro-F1" not in page and "Pending" in page
