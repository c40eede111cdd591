"""A child process and its parent: messages both ways, and that neither outlives the other."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import studies
from snellen.child import Child, ChildDied
from snellen.errors import WrongUse

Start = Callable[[str], Child]
FOR_EVER = {
    "asleep": "time.sleep(1000)",
    "computing": "while True: pass",
    "in a library's call that keeps the interpreter": "sum(range(10**15))",
}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts children from the body of their `main`, and ends them after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    children = []

    def begin(body: str) -> Child:
        module = f"child_{tmp_path.name.replace('-', '_')}_{len(children)}"
        write_module(tmp_path / f"{module}.py", body)
        children.append(Child(module, tmp_path / "child.log"))
        return children[-1]

    yield begin
    for child in children:
        child.kill()


def write_module(file: Path, body: str) -> None:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    file.write_text(
        f"import os, sys, time\nfrom snellen.child import Parent\n\ndef main():\n    parent = Parent()\n{lines}"
    )


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether the process ends within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_messages_pass_both_ways_however_long_and_in_order(start: Start) -> None:
    child = start("while True: parent.send(parent.receive()[::-1])")
    messages = [os.urandom(size) for size in (0, 1, 3_000_000, 5, 2_000_000)]
    for message in messages:
        child.send(message)
    assert [child.receive(20) for _ in messages] == [message[::-1] for message in messages]


def test_nothing_in_time_is_a_timeout_and_not_a_death(start: Start) -> None:
    child = start("parent.receive(); parent.send('late')")
    with pytest.raises(TimeoutError):
        child.receive(0.05)
    child.send(None)
    assert child.receive(20) == "late"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("parent.send(1); os._exit(4)", "ended with code 4"),
        ("parent.send(1); sys.exit(4)", "ended with code 4"),
        ("parent.send(1); parent._out.close(); time.sleep(0.5); os._exit(4)", "ended with code 4"),
        ("parent.send(1); os.kill(os.getpid(), 9)", "was killed by signal 9 (often: out of memory)"),
        (
            "parent.send(1); parent._out.write(b'\\x09' + b'\\0' * 7 + b'no pickle'); parent._out.flush()",
            "cannot be read",
        ),
        ("parent.send(1); parent._out.write(b'\\xff'); parent._out.flush(); os._exit(6)", "ended with code 6"),
    ],
)
def test_a_death_is_told_after_all_that_was_said_before(body: str, said: str, start: Start) -> None:
    child = start(body)
    assert child.receive(20) == 1
    with pytest.raises(ChildDied) as caught:
        child.receive(20)
    assert said in str(caught.value)


def test_a_death_is_told_though_another_process_keeps_the_pipe_open_and_that_one_ends_too(start: Start) -> None:
    child = start("pid = os.fork()\nif pid == 0: time.sleep(1000)\nparent.send(pid)\nos.kill(os.getpid(), 9)")
    grandchild = child.receive(20)
    with pytest.raises(ChildDied):
        child.receive(20)
    assert gone(grandchild)


def test_what_a_child_prints_goes_to_the_log_at_once_and_what_it_reads_is_empty(start: Start, tmp_path: Path) -> None:
    child = start("print('said'); os.system('echo echoed'); parent.send(sys.stdin.read()); os._exit(1)")
    assert child.receive(20) == ""
    with pytest.raises(ChildDied):
        child.receive(20)
    assert (tmp_path / "child.log").read_text().splitlines() == ["said", "echoed"]


def test_a_crash_leaves_its_trace_in_the_log(start: Start, tmp_path: Path) -> None:
    child = start("import ctypes; ctypes.string_at(0)")
    with pytest.raises(ChildDied, match="signal 11"):
        child.receive(20)
    assert "Segmentation fault" in (tmp_path / "child.log").read_text()


def test_a_message_that_cannot_be_sent_or_read_is_told(start: Start, tmp_path: Path) -> None:
    child = start("parent.receive()")
    with pytest.raises(Exception, match="pickle"):
        child.send(lambda: None)
    child.send(Path)
    with pytest.raises(ChildDied):
        child.receive(20)
    child = start("parent.receive()\nparent.receive()")
    child._outgoing.put(b"\x09" + b"\0" * 7 + b"no pickle")
    with pytest.raises(ChildDied, match="ended with code 1"):
        child.receive(20)


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot write"):
        Child("snellen.worker", tmp_path / "nowhere" / "worker.log")


def test_children_leave_no_process_and_no_open_file_behind(start: Start) -> None:
    gc.collect()  # what other tests left unclosed must not be closed in the midst of this one
    before = open_files()
    for _ in range(5):
        child = start("parent.send(os.getpid())\ntime.sleep(1000)")
        pid = child.receive(20)
        child.kill()
        assert gone(pid)
    until = time.monotonic() + 5
    while open_files() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert open_files() == before


@pytest.mark.parametrize("doing", FOR_EVER)
def test_a_child_ends_when_its_parent_is_killed_whatever_it_is_doing(doing: str, tmp_path: Path) -> None:
    write_module(tmp_path / "busy.py", f"parent.send(None)\n{FOR_EVER[doing]}")
    (tmp_path / "parent.py").write_text(
        "import time\nfrom snellen.child import Child\n"
        "child = Child('busy')\nchild.receive(20)\nprint(child.pid, flush=True)\ntime.sleep(1000)\n"
    )
    with subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert pid in studies.children_of(parent.pid)
        time.sleep(0.1)  # it is in the middle of it
        parent.send_signal(signal.SIGKILL)
    assert gone(pid)
