"""A run in the browser: its report live, every image and every answer."""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = ("starlette", "uvicorn", "jinja2", "altair", "vl_convert")


def missing() -> str | None:
    """What to do to get the viewer, in one line; None where nothing is missing."""
    absent = [module for module in _NEEDED if find_spec(module) is None]
    if not absent:
        return None
    return f"the viewer needs {', '.join(absent).replace('vl_convert', 'vl-convert-python')}; install it with: pip install 'snellen[view]'"
