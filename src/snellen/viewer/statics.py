"""Scripts and styles of the viewer's pages: those of the report, its own, and what draws charts."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from threading import Lock

from snellen import __version__
from snellen.child import Child, ChildDied
from snellen.errors import Missing

_OWNERS = {
    "report.css": "snellen.report",
    "report.js": "snellen.report",
    "viewer.css": "snellen.viewer",
    "viewer.js": "snellen.viewer",
}
CHARTS = "charts.js"
NAMES = (*_OWNERS, CHARTS)


_making = Lock()  # so that the charts are not made twice


def content(name: str) -> bytes:
    """The file of this name, which is one of NAMES. Raises Missing where the script of charts cannot be made."""
    if name != CHARTS:
        return _file(name)
    with _making:
        return _charts()


@lru_cache(maxsize=1)
def _charts() -> bytes:
    child = Child("snellen.viewer.bundling")
    try:
        return str(child.receive(None)).encode()
    except ChildDied as error:
        raise Missing(f"the process that makes the script of the charts {error}") from None
    finally:
        child.kill()


@lru_cache(maxsize=8)
def _file(name: str) -> bytes:
    return files(_OWNERS[name]).joinpath("static", name).read_bytes()


@lru_cache(maxsize=8)
def mark_of(name: str) -> str:
    """What tells this version of a file from others; that of the charts is known before they are made."""
    if name == CHARTS:
        return hashlib.sha256(f"{__version__} {_version('vl-convert-python')}".encode()).hexdigest()[:16]
    return hashlib.sha256(content(name)).hexdigest()[:16]


def address(name: str) -> str:
    """Where a file is served: a new version has another address, so that browsers may keep it."""
    return f"/static/{name}?v={mark_of(name)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
