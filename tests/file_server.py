"""A server of files on this machine for tests: it tells parts of them, and breaks off, redirects or refuses as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is answered to a request: `sent` of the body's bytes go out, then the connection ends; None sends all."""

    body: bytes = b""
    status: int = 200
    sent: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Served:
    """The running server: its address, and the paths and the parts that it was asked for."""

    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)


Script = Callable[[str, str | None], Reply]


def part_of(body: bytes, part: str | None, sent: int | None = None) -> Reply:
    """The file from where `bytes=N-` says, or all of it."""
    if part is None:
        return Reply(body, sent=sent)
    start = int(part.removeprefix("bytes=").removesuffix("-"))
    if start >= len(body):
        return Reply(status=416)
    return Reply(body[start:], 206, sent, {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"})


@contextmanager
def serving_files(script: Script) -> Iterator[Served]:
    """A server that answers each request, told by its path and its Range, as the script says."""
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            part = self.headers["Range"]
            served.asked.append((self.path, part))
            reply = script(self.path, part)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.sent])

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
