"""Runs killed at any moment: no stored answer is lost or asked again, and the end is what it would have been."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

import studies
from snellen.database import DATABASE

# A question beyond the limit is held until the limit rises: a run cannot reach its end before it is killed.
BODY = """
limit = Path(LOG).with_suffix(".limit")
while len(set(Path(LOG).read_text().splitlines())) > int(limit.read_text() or 0):
    time.sleep(0.005)
time.sleep(0.004)
text = " ".join(part for part in question.prompt if isinstance(part, str))
wrong = int(question_key(question).hex()[:2] + image.digest[:2], 16) % 5 == 0
if "yes or no" in text:
    return "Yes" if (truth(image) in text) != wrong else "No"
return "a cat, I think" if wrong else truth(image)
"""
BATCH_SIZE = 4
NO_LIMIT = 10**9
PATIENCE = 300.0  # seconds; nothing here takes more than a few, unless the machine is very busy
KILLED = ("parent", "worker", "both", "worker, then parent", "parent")
# one of the five kills of each series comes at another time than while questions are answered
OTHER_MOMENTS = (("survey", 0), ("start-up", 1), ("loading", 3), ("tables", 4))


RUN = """
import os
from snellen import exports
from snellen.cli import main

write, pause = exports.write_csv, os.environ["PAUSE"]

def write_later(*given):
    if os.path.exists(pause):
        open(pause, "w").close()  # waits until somebody reads
    write(*given)

exports.write_csv = write_later
main()
"""


@dataclass(frozen=True)
class Study:
    """One command line, to be run into different folders; the model is the same file for all of them."""

    photos: Path
    model: str
    place: Path

    def start(self, name: str, *flags: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RUN, "run", "-d", str(self.photos)]
        command += ["-m", f"{self.model},batch_size={BATCH_SIZE}", "-s", "closed-set,votes=2", "-s", "binary"]
        command += ["--out", str(self.place / name), "-q", *(flags or ["--no-timing"])]
        environment = {**os.environ, "ASKED_LOG": str(self.place / f"{name}.log"), "PAUSE": str(self.pause(name))}
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def pause(self, name: str) -> Path:
        """A pipe of this name holds the run up before it writes its table of records."""
        return self.place / f"{name}.pause"

    def finish(self, name: str, *flags: str, process: subprocess.Popen[str] | None = None) -> None:
        """Runs the command, or the process that goes on with it, to its end."""
        self.limit(name, NO_LIMIT)
        process = process or self.start(name, *flags)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors

    def limit(self, name: str, count: int) -> None:
        """How many different questions the model may be asked."""
        (self.place / f"{name}.limit").write_text(str(count))

    def asked(self, name: str) -> list[studies.Asked]:
        return studies.asked(self.place / f"{name}.log")

    def stored(self, name: str) -> dict[tuple[str, str], str]:
        """All stored answers, read in a way that leaves the database as a killed run left it."""
        try:
            uri = f"{(self.place / name / DATABASE).as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as connection:
                found = connection.execute("SELECT image, question, body FROM answers").fetchall()
        except sqlite3.OperationalError:  # no database, or no table in it yet
            return {}
        return {(image.hex(), question.hex()): body for image, question, body in found}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that was run once as `undisturbed`."""
    place = tmp_path_factory.mktemp("survival")
    photos = studies.photographs(place / "photos", count=9)
    shutil.copy(photos / "cat" / "cat0.png", photos / "dog" / "dog9.png")
    study = Study(photos, studies.model(place / "model.py", BODY), place)
    study.finish("undisturbed")
    return study


class Series:
    """One run folder whose run is killed again and again, and what has to hold all the while."""

    def __init__(self, study: Study, name: str, rng: Random) -> None:
        self.study, self.name, self.rng = study, name, rng
        self.total = len(study.stored("undisturbed"))
        self.process: subprocess.Popen[str] | None = None
        self.kept: dict[tuple[str, str], str] = {}
        self.before = 0  # how many questions had been asked when `kept` was read

    def kill_while_answering(self, whom: str, kills_left: int) -> None:
        """Kills when a random number of answers is stored; that many, and not all, are stored then."""
        study, name, stored = self.study, self.name, len(self.kept)
        most = self.total - 25  # so that the limit below lies under the total, whatever was lost by earlier kills
        target = self.rng.randint(stored + 1, stored + max(1, (most - stored) // kills_left))
        asked = len(set(study.asked(name)))
        study.limit(name, min(self.total - 1, asked + target - stored + BATCH_SIZE))
        process = self._running()
        wait_until(lambda: len(study.stored(name)) >= target, process)
        time.sleep(self.rng.uniform(0, 0.02))
        self._kill(whom)
        assert target <= len(self.kept) < self.total

    def kill_while(self, moment: str, whom: str) -> None:
        """Kills at a moment in which no question is answered."""
        study, folder = self.study, self.study.place / self.name
        if moment == "tables":
            folder.joinpath("results.json").unlink(missing_ok=True)
            pause = study.pause(self.name)
            os.mkfifo(pause)
            study.limit(self.name, NO_LIMIT)
            wait_until((folder / "results.json").exists, self._running())
            self._kill(whom)
            assert len(self.kept) == self.total and not folder.joinpath("records.csv").exists()
            pause.unlink()
            (folder / ".records.csv.partial").write_text("example,lab")
            return
        process = self._running()
        if moment != "start-up":
            module = {"survey": b"snellen.survey", "loading": b"snellen.worker"}[moment]
            wait_until(lambda: any(module in command_of(pid) for pid in studies.children_of(process.pid)), process)
        time.sleep(self.rng.uniform(0, 0.15))
        stored = len(self.kept)
        self._kill(whom)
        assert len(self.kept) == stored

    def _running(self) -> subprocess.Popen[str]:
        self.process = self.process or self.study.start(self.name)
        return self.process

    def _kill(self, whom: str) -> None:
        """Kills, and looks at what is kept: all that was kept before, and nothing of that was asked again."""
        assert self.process
        kill(self.process, whom)
        if whom != "worker":
            self.process = None
        self.look()

    def look(self) -> None:
        """Where the run goes on, the answers are read before the questions, so that none can come between."""
        found, asked = self.study.stored(self.name), self.study.asked(self.name)
        again = {(each.image, each.question) for each in asked[self.before :]} & set(self.kept)
        assert not again
        assert self.kept.items() <= found.items()
        self.kept, self.before = found, len(asked)


def kill(process: subprocess.Popen[str], whom: str) -> None:
    """Kills the worker (or whatever child there is), the parent, or both, and waits for what has to end by that."""
    children = studies.children_of(process.pid)
    if whom != "parent":
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if whom.startswith("worker"):
        wait_until(lambda: not any(map(is_running, children)))
    if whom == "worker":
        return
    if whom == "worker, then parent":
        wait_until(lambda: bool(studies.children_of(process.pid)), process)
        children += studies.children_of(process.pid)
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait_until(lambda: not any(map(is_running, children)))  # no orphan stays


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Waits for something that a process does."""
    until = time.monotonic() + PATIENCE
    while not happened():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.003)


@pytest.mark.parametrize("number", range(4))
def test_killed_five_times_and_nothing_is_lost(number: int, study: Study) -> None:
    series = Series(study, f"killed{number}", Random(f"kills {number}"))
    moment, place = OTHER_MOMENTS[number]
    for turn in range(5):
        whom = KILLED[(turn + number) % 5]
        if turn == place:
            series.kill_while(moment, "parent" if whom.startswith("worker") else whom)
        else:
            series.kill_while_answering(whom, 5 - turn)
    study.finish(series.name, process=series.process)
    series.look()
    assert_as_undisturbed(study, series.name)


def assert_as_undisturbed(study: Study, name: str) -> None:
    expected, found = study.place / "undisturbed", study.place / name
    assert studies.rows(found) == studies.rows(expected)
    tables = [json.loads((place / "results.json").read_text()) for place in (expected, found)]
    assert tables[0]["comparisons"] == tables[1]["comparisons"]
    for table in ("records.csv", "manifest.csv"):
        assert (found / table).read_text() == (expected / table).read_text()
    assert set(study.stored(name)) == set(study.stored("undisturbed"))
    assert not list(found.glob(".*.partial"))


def test_ctrl_c_writes_the_tables_and_the_same_command_goes_on(study: Study) -> None:
    series = Series(study, "interrupted", Random(0))
    study.limit(series.name, 40)
    process = study.start(series.name)
    wait_until(lambda: len(study.stored(series.name)) >= 20, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert "interrupted; all answers are kept" in errors and "Traceback" not in errors
    series.look()
    assert 20 <= len(series.kept) <= 40
    assert not studies.running(str(study.place / f"{series.name}.log"))
    answered = sum(row["answered"] + row["unparsed"] for row in studies.rows(study.place / series.name))
    assert len([each for each in studies.table(study.place / series.name) if each["state"] != "pending"]) == answered
    study.finish(series.name)
    series.look()
    assert_as_undisturbed(study, series.name)


def test_killed_while_timing(study: Study) -> None:
    name = "timed"
    expected = set(study.stored("undisturbed"))
    study.limit(name, NO_LIMIT)
    process = study.start(name, "-q")
    wait_until(lambda: len(study.asked(name)) >= len(expected) + 10, process)  # timing asks all over again
    kill(process, "both")
    kept = study.stored(name)
    assert set(kept) == expected
    study.finish(name, "-q")
    assert study.stored(name) == kept
    assert_as_undisturbed(study, name)
