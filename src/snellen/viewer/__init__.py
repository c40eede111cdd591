"""A run in the browser: its report live, every image and every answer."""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "jinja2": "jinja2",
    "altair": "altair",
    "vl_convert": "vl-convert-python",
}


def missing() -> str | None:
    """What to do to get the viewer, in one line; None where nothing is missing."""
    absent = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if not absent:
        return None
    return f"the viewer needs {', '.join(absent)}; install it with: pip install 'snellen[view]'"
