"""A run that goes on, seen in the viewer from its beginning to its end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from snellen.heartbeat import heartbeat
from snellen.plan import Request, resolve
from snellen.study import make
from studies import model, photographs
from viewed import Page, until, viewing

_SLOW = """
if not Path(__file__).with_name("go").exists():
    time.sleep(0.4)
return truth(image)
"""


def answered(page: Page) -> int:
    """How many images a row has answered rightly, by the grid."""
    found = re.search(r"<strong>(\d+)</strong>", page.text)
    return int(found[1]) if found else 0


def test_a_run_is_watched_until_it_ends(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 6), tmp_path / "run"
    name = model(tmp_path / "slow.py", _SLOW)
    words = ("run", "-d", photos, "-m", f"{name},batch_size=1", "-s", "closed-set", "--no-timing", "-q", "--out", out)
    script = "import sys; from snellen.cli import main; sys.argv[0] = 'snellen'; main()"
    study = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: heartbeat(out), lambda beat: beat is not None and beat.total == 18, 60)
        with viewing(out) as viewer:
            state = until(
                lambda: viewer.get("progress.json").data,
                lambda state: "slow" in state.get("task", "") and state["done"] > 0,
                60,
            )
            assert state["going"] and state["total"] == 18 and 0 < state["done"] < 18
            grid = until(lambda: viewer.get("images", answer="right"), lambda page: answered(page) > 0)
            assert 'data-progress="/runs/1/progress.json"' in grid.text
            assert viewer.ask("GET", "/runs/1/").status == 200
            some = answered(grid)
            assert 0 < some < 18
            assert answered(viewer.get("images", answer="pending")) > 0
            (tmp_path / "go").touch()
            assert study.wait(60) == 0
            assert until(lambda: viewer.get("progress.json").data, lambda state: not state["going"]) == {"going": False}
            until(lambda: viewer.get("images", answer="right"), lambda page: answered(page) == 18)
            report = until(
                lambda: viewer.ask("GET", "/runs/1/"),
                lambda page: (
                    'id="leaderboard"' in page.text and "100.0 %" in page.text and "has changed" not in page.text
                ),
                60,
            )
            assert "data-progress" not in report.text
    finally:
        study.kill()
        study.communicate()


def test_a_run_in_which_nothing_was_asked_yet(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 2), tmp_path / "run"
    name = model(tmp_path / "m.py", "return truth(image)")
    make(resolve(Request(str(photos), (name,), ("closed-set", "likelihood"), out=str(out), timing=False)))
    with viewing(out) as viewer:
        assert viewer.get("images", answer="pending").text.count("<li><a href=") >= 6
        assert "There is no image that both answered" in viewer.get("compare").text
        assert "Nothing was asked about it yet" not in viewer.get("image", id="cat/cat0.png").text
        assert "no answer is stored" in viewer.get("image", id="cat/cat0.png").text
        assert "No answer holds these words" in viewer.get("answers", q="cat").text
        until(lambda: viewer.ask("GET", "/runs/1/"), lambda page: 'id="summary"' in page.text, 60)
