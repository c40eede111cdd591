"""A child process that talks to its parent in pickled messages over its standard streams.

A child notices its parent's death, however it died, and ends; a parent notices its child's. The child's own output goes
to a log. Started by module name, so that a user's script is never imported again as multiprocessing would.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

_LENGTH = struct.Struct("<Q")
_GONE = object()
_START = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from {module} import main; main()"


class ChildDied(Exception):
    """The child ended without being asked to; its text says how."""


def _write(stream: IO[bytes], message: Any) -> None:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    """The next message, or _GONE where the stream ends, also in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return _GONE
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return pickle.loads(body) if len(body) == length else _GONE


class Child:
    """The parent's end: runs `main()` of a module in a new process.

    Both directions pass through threads, so that neither side ever blocks the other.
    """

    def __init__(self, module: str, log: Path | None = None) -> None:
        errors = log.open("ab") if log else None
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
        threading.Thread(target=self._send_all, daemon=True).start()
        threading.Thread(target=self._receive_all, daemon=True).start()

    def _send_all(self) -> None:
        assert self._process.stdin is not None
        try:
            while (message := self._outgoing.get()) is not _GONE:
                _write(self._process.stdin, message)
            self._process.stdin.close()
        except OSError:
            pass  # the child is gone; the receiving side tells

    def _receive_all(self) -> None:
        assert self._process.stdout is not None
        message = None
        while message is not _GONE:
            try:
                message = _read(self._process.stdout)
            except Exception:  # a message that cannot be unpickled ends the conversation
                message = _GONE
            self._incoming.put(message)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Any) -> None:
        """Queues a message; returns at once."""
        self._outgoing.put(message)

    def receive(self, timeout: float | None) -> Any:
        """The next message. Raises TimeoutError after `timeout` seconds and ChildDied where none will come."""
        try:
            message = self._incoming.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if message is _GONE:
            self._process.kill()
            raise ChildDied(_how_it_ended(self._process.wait()))
        return message

    def kill(self) -> None:
        """Ends the child at once."""
        self._process.kill()
        self._process.wait()
        self._outgoing.put(_GONE)


def _how_it_ended(code: int) -> str:
    if code == -9:
        return "was killed by signal 9 (often: out of memory)"
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


class Parent:
    """The child's end: takes the standard streams over and ends the process when the parent is gone."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb")
        stream = os.fdopen(os.dup(0), "rb")
        os.dup2(2, 1)  # whatever prints goes to the log, not into the conversation
        self._incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._receive_all, args=(stream,), daemon=True).start()

    def _receive_all(self, stream: IO[bytes]) -> None:
        while (message := _read(stream)) is not _GONE:
            self._incoming.put(message)
        os._exit(0)

    def send(self, message: Any) -> None:
        """Sends a message to the parent."""
        _write(self._out, message)

    def receive(self) -> Any:
        """Waits for the next message."""
        return self._incoming.get()

    def waiting(self) -> Any:
        """The next message, or None where none has come."""
        try:
            return self._incoming.get_nowait()
        except queue.Empty:
            return None
