"""The rows of a run folder as they asked, made anew from what is stored of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snellen import plugins
from snellen.images import Image
from snellen.rows import Row
from snellen.types import Classes, Example


def strategy_of(spec: Mapping[str, Any]) -> Any:
    """The strategy of a row's spec with its options."""
    asked = spec["strategy"]
    return plugins.configure(plugins.load("strategies", asked["name"]).Strategy, asked["options"], asked["name"])


def row_of(spec: Mapping[str, Any]) -> Row:
    """The row that a stored spec describes."""
    classes = Classes(tuple(spec["classes"]["names"]), spec["classes"]["background"])
    shots = (Example(id, Image(Path(), digest=digest), label) for id, digest, label in spec.get("shots", ()))
    return Row(strategy_of(spec), classes, spec["seed"], tuple(shots), blind=spec.get("blind", False))
