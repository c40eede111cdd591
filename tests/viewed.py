"""The viewer as a browser meets it: a real server on this machine, and what its pages say."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from snellen.viewer.server import Server


@dataclass(frozen=True)
class Page:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def tiles(self) -> list[str]:
        """The ids of the images in a grid, as their links name them (for names without anything to quote)."""
        return re.findall(r'href="/runs/\d+/image\?[^"]*?\bid=([^"&]*)"', self.text.replace("&amp;", "&"))


@dataclass(frozen=True)
class Viewer:
    """A running server."""

    server: Server

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Page:
        """One request; names of headers are written with underscores."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.putrequest(method, path, skip_host="Host" in named, skip_accept_encoding=True)
            if body is not None:
                named = {"Content-Length": str(len(body.encode())), **named}
            for key, value in named.items():
                connection.putheader(key, value)
            connection.endheaders(None if body is None else body.encode())
            answer = connection.getresponse()
            return Page(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Page:
        """A page of the first run, as soon as the run has been read."""
        whole = f"/runs/1/{path}{'?' if query else ''}{urlencode(query)}"
        return until(lambda: self.ask("GET", whole), lambda page: "The run is being read" not in page.text[:4000])

    def send(self, path: str, form: Mapping[str, str], **headers: str) -> Page:
        """A form as a page of this server sends it."""
        origin = {"Origin": f"http://127.0.0.1:{self.server.port}", "Sec_Fetch_Site": "same-origin"}
        return self.ask("POST", f"/runs/1/{path}", urlencode(form), **{**origin, **headers})


def until(ask: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    """What is found once something holds of it."""
    end = time.monotonic() + seconds
    while not holds(found := _decodable(ask())):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def _decodable(found: Any) -> Any:
    """A picture is no text."""
    if isinstance(found, Page) and not found.headers.get("content-type", "").startswith(("text", "application")):
        return _Picture(found.status, found.headers, found.body)
    return found


class _Picture(Page):
    @property
    def text(self) -> str:
        return ""


@contextmanager
def viewing(*runs: Path, host: str = "127.0.0.1") -> Iterator[Viewer]:
    """A viewer of these runs on a free port."""
    server = Server(runs, host, 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        until(lambda: server.serving, bool)
        yield Viewer(server)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()
