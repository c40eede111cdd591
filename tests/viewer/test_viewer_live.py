"""A run that goes on, seen in the viewer from its beginning to its end."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from snellen.database import DATABASE
from snellen.errors import WrongUse
from snellen.folder import set_aside
from snellen.heartbeat import heartbeat
from snellen.plan import Request, resolve
from snellen.study import make
from snellen.viewer.desk import Desk
from snellen.viewer.snapshot import stamp_of
from studies import model, photographs, ran
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
            over = until(lambda: viewer.get("progress.json").data, lambda state: state.get("pending") is not None)
            assert over == {"going": False, "pending": 0, "total": 18}
            until(lambda: viewer.get("images", answer="right"), lambda page: answered(page) == 18)
            report = until(
                lambda: viewer.ask("GET", "/runs/1/"),
                lambda page: (
                    'id="leaderboard"' in page.text and "100.0 %" in page.text and "has changed" not in page.text
                ),
                60,
            )
            assert "data-progress" not in report.text and "data-newer" in report.text
    finally:
        study.kill()
        study.communicate()


def test_an_interrupted_run_tells_what_is_pending_until_it_goes_on(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 6), tmp_path / "run"
    name = model(tmp_path / "slow.py", _SLOW)
    words = ("run", "-d", photos, "-m", f"{name},batch_size=1", "-s", "closed-set", "--no-timing", "-q", "--out", out)
    command = [sys.executable, "-m", "snellen", *map(str, words)]
    study = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: heartbeat(out), lambda beat: beat is not None and "slow" in beat.task and beat.done > 0, 60)
        study.send_signal(signal.SIGINT)
        assert study.wait(60) != 0
    finally:
        study.kill()
        study.wait()
    with viewing(out) as viewer:
        asked = until(
            lambda: viewer.get("progress.json", report="yes").data,
            lambda state: state["pending"] is not None and state["report"]["current"],
            60,
        )
        assert not asked["going"] and asked["total"] == 18 and 0 < asked["pending"] < 18
        told = f"The run has ended; {asked['pending']} of 18 images are pending: the same command goes on."
        assert told in viewer.get("images").text
        first = viewer.ask("GET", "/runs/1/").text
        assert told in first and f'data-edition="{asked["report"]["edition"]}" hidden' in first

        (tmp_path / "go").touch()
        subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, timeout=60)
        over = until(
            lambda: viewer.get("progress.json", report="yes").data,
            lambda state: state["pending"] == 0 and state["report"]["current"],
            60,
        )
        assert over["report"]["edition"] != asked["report"]["edition"]
        assert over["report"]["edition"] in viewer.ask("GET", "/runs/1/").text
        assert "data-progress" not in viewer.get("images").text


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


def test_a_run_begun_anew_is_not_mixed_with_the_old_one(tmp_path: Path) -> None:
    photos, out = photographs(tmp_path / "photos", 2), tmp_path / "run"
    name = model(tmp_path / "m.py", "return truth(image)")
    with ran(photos, name, out=out):
        pass
    with viewing(out) as viewer:
        assert len(viewer.get("images").tiles) == 6
        assert set_aside(out) is not None
        with ran(photos, name, out=out, classes=["bird", "cat"]):
            pass
        shown = viewer.get("image", id="dog/dog1.png")
        assert shown.status in (404, 500) and "Traceback" not in shown.text
        until(lambda: viewer.get("images"), lambda page: len(page.tiles) == 4)
        assert viewer.get("image", id="cat/cat1.png").status == 200
        assert viewer.get("image", id="dog/dog1.png").status == 404


def test_what_the_old_run_said_is_not_looked_up_in_the_new_one(tmp_path: Path) -> None:
    for place in ("run", "other"):
        with ran(photographs(tmp_path / "photos", 1), model(tmp_path / "m.py", 'return "cat"'), out=tmp_path / place):
            pass
    stamp = stamp_of(tmp_path / "run")
    desk = Desk(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "old")
    (tmp_path / "other").rename(tmp_path / "run")
    with pytest.raises(WrongUse, match="begun anew"):
        desk.ask(stamp, lambda books: None)
    assert desk.ask(stamp_of(tmp_path / "run"), lambda books: len(books.results.rows)) == 1
    desk.close()


def test_a_database_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    with ran(photographs(tmp_path / "photos", 1), model(tmp_path / "m.py", 'return "cat"'), out=tmp_path / "run"):
        pass
    with closing(sqlite3.connect(tmp_path / "run" / DATABASE)) as connection:
        connection.execute("UPDATE examples SET id = x'00ff' WHERE number = 1")
        connection.commit()
    with viewing(tmp_path / "run") as viewer:
        page = viewer.get("images")
        assert page.status == 500 and "cannot be read as a run" in page.text
