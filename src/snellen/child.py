"""A child process that talks to its parent in pickled messages over its standard streams.

A child notices its parent's death, however it died, and ends; a parent notices its child's. The child's own output goes
to a log. Started by module name, so that a user's script is never imported again as multiprocessing would.
"""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from snellen.errors import cannot_write

_LENGTH = struct.Struct("<Q")
_GONE = object()
_START = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from {module} import main; main()"
_LAST_WORDS = 5.0  # seconds between the end of the conversation and the end of the process
_PR_SET_PDEATHSIG = 1


class ChildDied(Exception):
    """The child ended without being asked to; its text says how."""


def _packed(message: Any) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def _read(stream: IO[bytes]) -> Any:
    """The next message, or _GONE where the stream ends, also in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return _GONE
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return pickle.loads(body) if len(body) == length else _GONE


class Child:
    """The parent's end: runs `main()` of a module in a new process, which leads a process group of its own.

    Both directions pass through threads, so that neither side ever blocks the other. On Linux the process ends with
    the thread that made it. Raises WrongUse or Missing where the log cannot be written.
    """

    def __init__(self, module: str, log: Path | None = None) -> None:
        try:
            errors = log.open("ab") if log else None
        except OSError as error:
            raise cannot_write(log or Path(), error) from error
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(module=module), json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # the terminal's Ctrl-C is for the parent alone
                process_group=0 if os.name == "posix" else None,
            )
        finally:
            if errors:
                errors.close()
        self._outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._receiving = threading.Thread(target=self._receive_all, daemon=True)
        self._receiving.start()
        threading.Thread(target=self._send_all, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _send_all(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError), self._process.stdin as stream:  # where the child is gone, the receiving side tells
            while (message := self._outgoing.get()) is not _GONE:
                stream.write(message)
                stream.flush()

    def _receive_all(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            message = None
            while message is not _GONE:
                try:
                    message = _read(stream)
                except Exception as error:
                    self._incoming.put(ChildDied(f"sent what cannot be read ({type(error).__name__}: {error})"))
                    return
                self._incoming.put(message)

    def _watch(self) -> None:
        """Tells the end of the process also where another one that it started keeps the pipe open."""
        self._process.wait()
        self._kill_group()
        self._receiving.join(_LAST_WORDS)
        self._incoming.put(_GONE)
        self._outgoing.put(_GONE)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Any) -> None:
        """Queues a message; returns at once."""
        self._outgoing.put(_packed(message))

    def receive(self, timeout: float | None) -> Any:
        """The next message. Raises TimeoutError after `timeout` seconds and ChildDied where none will come."""
        try:
            message = self._incoming.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if message is _GONE:
            with suppress(subprocess.TimeoutExpired):  # its last words are said before it has ended
                self._process.wait(_LAST_WORDS)
            self.kill()
            raise ChildDied(_how_it_ended(self._process.returncode))
        if isinstance(message, ChildDied):
            self.kill()
            raise message
        return message

    def receive_all(self, timeout: float | None) -> list[Any]:
        """The next message and all others that have come with it; raises as `receive` does where there is none."""
        messages = [self.receive(timeout)]
        while True:
            try:
                message = self._incoming.get_nowait()
            except queue.Empty:
                return messages
            if message is _GONE or isinstance(message, ChildDied):
                self._incoming.put(message)  # it is the last one, and told when its turn comes
                return messages
            messages.append(message)

    def kill(self) -> None:
        """Ends the child and all processes it started, at once."""
        if self._process.poll() is None:
            self._kill_group()
            self._process.kill()
            self._process.wait()

    def _kill_group(self) -> None:
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _how_it_ended(code: int) -> str:
    if code == -9:
        return "was killed by signal 9 (often: out of memory)"
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


class Parent:
    """The child's end: takes the standard streams over and ends the process when the parent is gone."""

    def __init__(self) -> None:
        _end_with_parent()
        self._out = os.fdopen(os.dup(1), "wb")
        stream = os.fdopen(os.dup(0), "rb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # whatever reads finds an end, and no messages
        os.close(nothing)
        os.dup2(2, 1)  # whatever prints goes to the log, not into the conversation
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what is printed outlives a crash
        faulthandler.enable()
        self._incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._receive_all, args=(stream,), daemon=True).start()

    def _receive_all(self, stream: IO[bytes]) -> None:
        try:
            while (message := _read(stream)) is not _GONE:
                self._incoming.put(message)
        except Exception:
            traceback.print_exc()
            os._exit(1)
        if os.name == "posix" and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def send(self, message: Any) -> None:
        """Sends a message to the parent."""
        self._out.write(_packed(message))
        self._out.flush()

    def receive(self) -> Any:
        """Waits for the next message."""
        return self._incoming.get()

    def waiting(self) -> Any:
        """The next message, or None where none has come."""
        try:
            return self._incoming.get_nowait()
        except queue.Empty:
            return None


def _end_with_parent() -> None:
    """Lets Linux end this process with its parent: no thread could while a library's call keeps the interpreter."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
