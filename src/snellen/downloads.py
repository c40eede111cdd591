"""Fetches a large file over HTTP; what has come is kept, and the next try goes on from there."""

from __future__ import annotations

import time
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from snellen.errors import Missing, cannot_write
from snellen.progress import Progress

MEGABYTE = 1_000_000  # the step of the progress
_CHUNK = 1 << 18
_SECONDS = 30.0  # that a server may say nothing
_TRIES = 5  # in a row that bring nothing new
_PAUSE = 1.0  # seconds after a try, twice as many after each that brought nothing
_PART, _NO_SUCH_PART, _TOO_MANY, _SERVER = 206, 416, 429, 500  # statuses


class NotFetched(Missing):
    """A file that could not be fetched, with the reason."""


class _Broken(Exception):
    """A try that ended early; another may do."""


class _NoConnection(_Broken):
    """A try that came to no server."""


class _NoSuchPart(_Broken):
    """A try to go on behind the end of what the server has."""


class _Redirects(HTTPRedirectHandler):
    """Follows a few redirects, to http and https alone, and never from https to http."""

    max_redirections = 5

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        allowed = ("https",) if urlsplit(req.full_url).scheme == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in allowed:
            raise NotFetched(f"{req.full_url} leads to {newurl}, which is not {' or '.join(allowed)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, partial: Path, size: int, progress: Progress, pause: float = _PAUSE) -> None:
    """Completes the file `partial` with what the server has at `url`, until it has `size` bytes.

    `pause` is in seconds. What has come stays in the file, also when interrupted. Raises NotFetched with the reason,
    WrongUse or Missing where the file cannot be written.
    """
    opener = build_opener(_Redirects())
    most, in_vain, connected = size_of(partial), 0, False
    progress.begin(f"downloading from {urlsplit(url).hostname}, MB", max(0, size - most) // MEGABYTE)
    try:
        while size_of(partial) != size:
            try:
                _fetch(opener, url, partial, size, progress)
            except _Broken as broken:
                connected = connected or not isinstance(broken, _NoConnection)
                in_vain = 0 if size_of(partial) > most else in_vain + 1
                most = max(most, size_of(partial))
                if in_vain == _TRIES or not connected:
                    raise NotFetched(f"{url}: {broken}") from broken
                time.sleep(pause * 2**in_vain)
    finally:
        progress.end()


def size_of(file: Path) -> int:
    """How many bytes a file has; 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


def _fetch(opener: OpenerDirector, url: str, partial: Path, size: int, progress: Progress) -> None:
    """One request for what is missing. Raises _Broken where another may bring more, NotFetched where none will."""
    have = size_of(partial)
    if have > size:
        partial.unlink()  # it is no beginning of the wanted file
        have = 0
    headers = {"User-Agent": "snellen", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        reply = _opened(opener, Request(url, headers=headers))
    except _NoSuchPart:
        partial.unlink()
        raise
    with reply:
        start = have if reply.status == _PART else 0
        if start and not (reply.headers["Content-Range"] or "").startswith(f"bytes {start}-"):
            partial.unlink()
            raise _Broken("the server sent another part than was asked for")
        length = reply.headers["Content-Length"] or ""
        if length.isdecimal() and start + int(length) != size:
            raise NotFetched(f"{url} is a file of {start + int(length):,} bytes, not of the published {size:,}")
        try:
            with partial.open("ab" if start else "wb") as file:
                _copy(reply, file, size - start, progress)
        except OSError as error:
            raise cannot_write(partial, error, "what has come is kept") from error


def _opened(opener: OpenerDirector, request: Request) -> HTTPResponse:
    url = request.full_url
    try:
        return cast(HTTPResponse, opener.open(request, timeout=_SECONDS))
    except HTTPError as error:
        with error:
            said = f"the server says {error.code} {error.reason}"
        if error.code == _TOO_MANY or error.code >= _SERVER:
            raise _Broken(said) from None
        if error.code == _NO_SUCH_PART and request.has_header("Range"):
            raise _NoSuchPart(said) from None
        raise NotFetched(f"{url}: {said}") from None
    except (ValueError, InvalidURL) as error:  # also where a redirect leads
        raise NotFetched(f"{url} is no address of a file, or leads to none ({error})") from None
    except URLError as error:
        raise _NoConnection(f"no connection ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise _Broken(_broke(error)) from None


def _copy(reply: HTTPResponse, file: IO[bytes], left: int, progress: Progress) -> None:
    copied = 0
    while left:
        try:
            chunk = reply.read(min(_CHUNK, left))
        except (OSError, HTTPException) as error:
            raise _Broken(_broke(error)) from None
        if not chunk:
            raise _Broken("the connection ended early")
        file.write(chunk)
        left -= len(chunk)
        progress.advance((copied + len(chunk)) // MEGABYTE - copied // MEGABYTE)
        copied += len(chunk)


def _broke(error: Exception) -> str:
    return f"the connection broke ({str(error) or type(error).__name__})"
