"""What a run says of itself while it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import studies
from snellen import study
from snellen.heartbeat import FILE, Told, heartbeat
from snellen.plan import Request, resolve
from snellen.progress import Silence


def test_it_tells_the_task_how_far_it_is_and_the_last_lines(tmp_path: Path) -> None:
    told = Told(Silence(), tmp_path)
    told.say("a line \ud800")
    told.begin("demo/vlm", 10)
    told.advance(3, 1)
    told.end()
    beat = heartbeat(tmp_path)
    assert beat is not None
    assert (beat.task, beat.total, beat.done, beat.failed, beat.pid) == ("demo/vlm", 10, 3, 1, os.getpid())
    assert beat.lines == ("a line \ud800",)
    assert beat.per_second is not None and beat.per_second > 0
    told.over()
    assert heartbeat(tmp_path) is None and not list(tmp_path.iterdir())


def test_a_run_tells_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    out = tmp_path / "run"
    copied = f"Path({str(tmp_path / 'seen.json')!r}).write_bytes(Path({str(out / FILE)!r}).read_bytes())"
    body = f"{copied}\nreturn Text(truth(image))"
    name = studies.model(tmp_path / "model.py", body)
    with studies.ran(folder, name, out=out):
        seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["task"] == name and seen["total"] == 3 and seen["pid"] == os.getpid()
    assert not (out / FILE).exists()


def test_a_failed_run_leaves_nothing_behind_either(tmp_path: Path) -> None:
    folder = studies.photographs(tmp_path / "photos", 1)
    name = studies.model(tmp_path / "model.py", "raise SystemExit(3)")
    plan = resolve(Request({"path": str(folder)}, (name,), ("closed-set",), out=str(tmp_path / "run"), timing=False))
    with pytest.raises(Exception, match=r"gave up|ended|died|process"):
        study.run(plan)
    assert not (tmp_path / "run" / FILE).exists()


def test_a_killed_run_goes_on_no_more(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    told = Told(Silence(), tmp_path)
    told.begin("demo/vlm", 10)
    kept = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**kept, "pid": child.pid}))
    assert heartbeat(tmp_path) is None
    (tmp_path / FILE).write_text(json.dumps({**kept, "host": "elsewhere.example"}))
    assert heartbeat(tmp_path) is not None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x"}', '{"lines": 3}', "\ud800"])
def test_what_is_no_heartbeat_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert heartbeat(tmp_path) is None


@pytest.mark.parametrize(
    "said",
    [
        {"done": "x"},
        {"told": "x"},
        {"done": float("nan")},
        {"total": 10**400},
        {"pid": -1},
        {"pid": 0},
        {"lines": 5},
        {"began": True, "task_began": None},
    ],
)
def test_what_makes_no_sense_is_no_heartbeat(tmp_path: Path, said: dict[str, object]) -> None:
    Told(Silence(), tmp_path).begin("demo/vlm", 10)
    kept = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**kept, **said}))
    assert heartbeat(tmp_path) is None
    (tmp_path / FILE).write_text(json.dumps(kept))
    assert heartbeat(tmp_path) is not None


def test_what_is_no_file_or_far_too_long_is_no_heartbeat(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[" * 100_000)
    assert heartbeat(tmp_path) is None
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).symlink_to("/dev/zero")
    assert heartbeat(tmp_path) is None


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("precious")
    (tmp_path / f".{FILE}.partial").symlink_to(tmp_path / "own")
    Told(Silence(), tmp_path).begin("demo/vlm", 10)
    assert (tmp_path / "own").read_text() == "precious" and heartbeat(tmp_path) is not None
