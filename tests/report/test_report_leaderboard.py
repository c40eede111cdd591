"""The leaderboard: what it says of rows that are not done, and what it leaves out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import studies
from charted import html
from snellen.database import DATABASE, Database
from snellen.report.reported import ReportedRun
from snellen.report.sections import leaderboard, summary
from snellen.results import Results

SAYS = "return Text(truth(image))"


def test_nothing_is_called_the_best_while_images_are_pending(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 12)
    models = [
        studies.model(tmp_path / "good.py", SAYS),
        studies.model(tmp_path / "bad.py", "return Text('cat')"),
    ]
    with studies.ran(folder, models, out=tmp_path / "run") as results:
        reported = ReportedRun(results)
        assert ">best</span>" in html(reported, leaderboard.section(reported))
        assert "Not finished" not in html(reported, summary.section(reported))
    with closing(Database(tmp_path / "run" / DATABASE)) as database, database.commit():
        database.execute("DELETE FROM records WHERE example < 4 AND row = 2")
    with closing(Results(tmp_path / "run")) as results:
        reported = ReportedRun(results)
        assert "best</span>" not in html(reported, leaderboard.section(reported))
        assert "3 of 72 answers are still to come" in html(reported, summary.section(reported))


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
