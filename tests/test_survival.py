"""Runs killed at any moment: no stored answer is lost or asked again, and the end is what it would have been."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

import studies

BODY = """
time.sleep(0.004)
text = " ".join(part for part in question.prompt if isinstance(part, str))
wrong = int(question_key(question).hex()[:2] + image.digest[:2], 16) % 5 == 0
if "yes or no" in text:
    return "Yes" if (truth(image) in text) != wrong else "No"
return "a cat, I think" if wrong else truth(image)
"""
KILLED = ("parent", "both", "worker, then parent", "parent", "worker")


@dataclass(frozen=True)
class Study:
    """One command line, to be run into different folders; the model is the same file for all of them."""

    photos: Path
    model: str
    place: Path

    def start(self, name: str, *flags: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from snellen.cli import main; main()", "run", "-d", str(self.photos)]
        command += ["-m", f"{self.model},batch_size=4", "-s", "closed-set,votes=2", "-s", "binary"]
        command += ["--out", str(self.place / name), "-q", *(flags or ["--no-timing"])]
        environment = {**os.environ, "ASKED_LOG": str(self.place / f"{name}.log")}
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def finish(self, name: str, *flags: str) -> None:
        """Runs the command to its end."""
        process = self.start(name, *flags)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors

    def asked(self, name: str) -> list[studies.Asked]:
        return studies.asked(self.place / f"{name}.log")

    def stored(self, name: str) -> dict[tuple[str, str], str]:
        try:
            return studies.stored(self.place / name)
        except sqlite3.OperationalError:  # no database, or no table in it yet
            return {}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, float]:
    """A study that was run once as `undisturbed`, and the seconds that took."""
    place = tmp_path_factory.mktemp("survival")
    photos = studies.photographs(place / "photos", count=5)
    shutil.copy(photos / "cat" / "cat0.png", photos / "dog" / "dog9.png")
    study = Study(photos, studies.model(place / "model.py", BODY), place)
    start = time.monotonic()
    study.finish("undisturbed")
    return study, time.monotonic() - start


def kill(process: subprocess.Popen[str], whom: str) -> None:
    """Kills the worker (or whatever child there is), the parent, or both, and waits for what has to end by that."""
    children = studies.children_of(process.pid)
    if whom != "parent":
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if whom == "worker":
        return
    if whom == "worker, then parent":
        time.sleep(0.3)
        children += studies.children_of(process.pid)
    process.kill()
    process.communicate(timeout=20)
    until = time.monotonic() + 10
    while any(map(is_running, children)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(is_running, children)), "orphans"


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("series", range(4))
def test_killed_five_times_and_nothing_is_lost(series: int, undisturbed: tuple[Study, float]) -> None:
    study, seconds = undisturbed
    rng = Random(f"kills {series}")
    name = f"killed{series}"
    kept: dict[tuple[str, str], str] = {}
    for whom in KILLED:
        process = study.start(name)
        time.sleep(rng.uniform(0.1, 0.9) * seconds)
        kill(process, whom)
        found = study.stored(name)
        before = len(study.asked(name))
        assert kept.items() <= found.items()
        process.communicate(timeout=60)
        assert not asked_again(study, name, before, found)
        kept = found
    before = len(study.asked(name))
    study.finish(name)
    assert not asked_again(study, name, before, kept)
    assert kept.items() <= study.stored(name).items()
    assert_as_undisturbed(study, name)


def asked_again(study: Study, name: str, before: int, kept: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The questions asked since then whose answers had been kept."""
    return {(each.image, each.question) for each in study.asked(name)[before:]} & set(kept)


def assert_as_undisturbed(study: Study, name: str) -> None:
    expected, found = study.place / "undisturbed", study.place / name
    assert studies.rows(found) == studies.rows(expected)
    for table in ("records.csv", "manifest.csv"):
        assert (found / table).read_text() == (expected / table).read_text()
    assert set(study.stored(name)) == set(study.stored("undisturbed"))
    assert not list(found.glob(".*.partial"))


def test_ctrl_c_writes_the_tables_and_the_same_command_goes_on(undisturbed: tuple[Study, float]) -> None:
    study, _ = undisturbed
    name = "interrupted"
    process = study.start(name)
    wait_for_answers(study, name, 20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "interrupted; all answers are kept" in errors and "Traceback" not in errors
    kept = study.stored(name)
    assert not studies.running(str(study.place / f"{name}.log"))
    answered = sum(row["answered"] + row["unparsed"] for row in studies.rows(study.place / name))
    assert len([each for each in studies.table(study.place / name) if each["state"] != "pending"]) == answered
    before = len(study.asked(name))
    study.finish(name)
    assert not asked_again(study, name, before, kept)
    assert_as_undisturbed(study, name)


def test_killed_while_timing(undisturbed: tuple[Study, float]) -> None:
    study, _ = undisturbed
    name = "timed"
    process = study.start(name, "-q")
    expected = len(study.stored("undisturbed"))
    wait_for_answers(study, name, expected)
    time.sleep(0.2)
    kill(process, "both")
    kept = study.stored(name)
    study.finish(name)
    assert study.stored(name) == kept
    assert_as_undisturbed(study, name)


def wait_for_answers(study: Study, name: str, count: int) -> None:
    until = time.monotonic() + 30
    while len(study.stored(name)) < count:
        assert time.monotonic() < until, "no answers came"
        time.sleep(0.005)
