"""The server of the viewer on this machine's network."""

from __future__ import annotations

import errno
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from snellen.errors import Missing, WrongUse
from snellen.viewer.app import Application
from snellen.viewer.guard import is_loopback

PORT = 8765
_TRIED = 10  # ports, where none is asked for


class Server:
    """A server that is bound to its port and not yet serving; `address` is where it is to be found.

    Anyone who can reach it must know a token, except on this machine alone. Raises WrongUse (no run folder, a host that
    is none of this machine's) and Missing (the port is taken).
    """

    def __init__(self, runs: Sequence[Path], host: str = "127.0.0.1", port: int | None = None) -> None:
        if host.lower() == "localhost":  # which may be ::1 as well
            host = "127.0.0.1"
        self._application = Application(runs)
        self.token = None if is_loopback(host) else secrets.token_urlsafe(24)
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._application.asgi(self.token, host),
            log_level="error",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self.address = f"http://{_reachable(host)}:{self.port}/{f'?token={self.token}' if self.token else ''}"

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serves until it is interrupted (KeyboardInterrupt) or told to stop; `ready` is called before."""
        ready()
        try:
            self._server.run([self._socket])
        finally:
            self._socket.close()

    def close(self) -> None:
        """Lets go of the port of a server that never served."""
        self._socket.close()

    def stop(self) -> None:
        """Has it end soon; may be called in another thread."""
        self._server.should_exit = True

    @property
    def serving(self) -> bool:
        return self._server.started


def _bound(host: str, port: int | None) -> socket.socket:
    """A socket that listens; without a port the first of some that is free."""
    wanted = [port] if port is not None else [*range(PORT, PORT + _TRIED), 0]
    name = host.strip("[]")
    try:
        family, *_, address = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        raise WrongUse(f"there is no host {host}; give an address of this machine, such as 127.0.0.1") from None
    for number in wanted:
        made = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere two programs could then share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((address[0], number, *address[2:]))
            made.listen(128)
        except PermissionError:
            made.close()
            raise WrongUse(f"port {number} is not open to you; choose one above 1023 with --port") from None
        except OSError as error:
            made.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise WrongUse(f"{host} is no address of this machine; give one, such as 127.0.0.1") from None
        else:
            return made
    raise Missing(f"port {port} is taken by another program; choose another one with --port, or leave it out")


def _reachable(host: str) -> str:
    """How others name this machine where it listens to all of them."""
    if host in ("0.0.0.0", "::", ""):
        return socket.gethostname()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
