"""What commands show on a terminal of 80 columns: whole words, no line too wide, and no colour where none is wanted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

import snellen as package
from conftest import draw_folder

CIRCLE, STAR, HALF = (f"scripted/{Path(__file__).parent / 'models.py'}:{name}" for name in ("circle", "star", "half"))
TEMPLATE = "closed-set,template='Which of these things is to be seen here: {classes}?',votes=3"
COMMANDS = ("score", "compare", "diagnose", "recommend", "suspects")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("terminal")
    drawn = draw_folder(place / "drawn", 6)
    strategies = ["closed-set", TEMPLATE, "vocabulary,rules=exact", "binary,decide=first-yes"]
    package.run(drawn, [CIRCLE, STAR, HALF], strategies, out=place / "run").close()
    return place / "run"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("swept")
    drawn = draw_folder(place / "drawn", 2)
    words = ["sweep", "-d", str(drawn), "-m", CIRCLE, "-s", TEMPLATE, "--class-counts", "2,3,4", "--out", "run", "-q"]
    subprocess.run([sys.executable, "-m", "snellen", *words], cwd=place, check=True, capture_output=True)
    return place / "run"


def shown(*words: object, columns: int = 80, **environment: str) -> str:
    """All that a command shows on a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "snellen", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    text = b"".join(_parts(ours))
    os.close(ours)
    assert process.wait() == 0, text.decode()
    return text.decode().replace("\r\n", "\n")


def _parts(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # all who wrote to it are gone
            return
        if not part:
            return
        yield part


def test_a_terminal_has_colours(run: Path) -> None:
    assert COLOUR.search(shown("score", run))


def test_no_colour_where_none_is_wanted(run: Path) -> None:
    for command in COMMANDS:
        assert not COLOUR.search(
            shown(command, run, *(["-q"] if command in ("score", "diagnose") else []), NO_COLOR="1")
        )
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown("score", run, NO_COLOR="1"))  # a bar may be bold


def test_a_dumb_terminal_gets_plain_text(run: Path) -> None:
    for command in COMMANDS:
        assert "\x1b" not in shown(command, run, TERM="dumb")


@pytest.mark.parametrize("command", ["score", "compare", "diagnose", "recommend"])
def test_no_line_is_wider_than_the_terminal(run: Path, command: str) -> None:
    told = shown(command, run, TERM="dumb").replace(str(run), "RUN")
    wide = [line for line in told.splitlines() if cell_len(line) > 80]
    assert not [line for line in wide if "models.py" not in line]  # a name in a sentence is not broken
    assert "Which of" in told  # an option is told


def test_a_sweep_fits(swept: Path) -> None:
    told = shown("score", swept, "-q", TERM="dumb").replace(str(swept), "RUN")
    assert max(cell_len(line) for line in told.splitlines() if "questions" not in line) <= 80


def test_a_pipe_gets_what_a_terminal_of_80_columns_does(run: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    words = [sys.executable, "-m", "snellen", "compare", str(run)]
    piped = subprocess.run(words, env=environment, capture_output=True, check=True, text=True, stdin=subprocess.DEVNULL)
    assert piped.stdout.splitlines() == shown("compare", run, TERM="dumb").splitlines()
