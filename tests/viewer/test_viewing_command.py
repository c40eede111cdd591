"""`snellen view` as a user calls it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Said
from snellen import viewer
from studies import model, photographs, ran

Snellen = Callable[..., Said]
_SCRIPT = "import sys; from snellen.cli import main; sys.argv[0] = 'snellen'; main()"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with ran(
        photographs(tmp_path / "photos", 2), model(tmp_path / "m.py", "return truth(image)"), out=tmp_path / "run"
    ):
        return tmp_path / "run"


def test_it_serves_until_ctrl_c(run: Path) -> None:
    command = [sys.executable, "-c", _SCRIPT, "view", str(run), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"Snellen" in answer.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "")
        assert err.splitlines() == ["Ctrl-C ends it", "ended"]
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_told(snellen: Snellen, run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = snellen("view", run, "--port", taken.getsockname()[1], "--no-browser")
    assert said.code == 3 and "is taken by another program" in said.err and said.err.count("\n") == 1


def test_what_is_no_run_and_no_host_is_told(snellen: Snellen, run: Path, tmp_path: Path) -> None:
    said = snellen("view", tmp_path, "--no-browser")
    assert said.code == 2 and "is not a run folder" in said.err
    assert snellen("view", run, "--host", "192.0.2.1", "--no-browser").code == 2
    assert "no host" in snellen("view", run, "--host", "no such host.invalid", "--no-browser").err


def test_without_its_packages_it_says_how_to_get_them(
    snellen: Snellen, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "find_spec", lambda name: None if name == "uvicorn" else object())
    said = snellen("view", run)
    assert said.code == 3
    assert said.err == "error: the viewer needs uvicorn; install it with: pip install 'snellen[view]'\n"
