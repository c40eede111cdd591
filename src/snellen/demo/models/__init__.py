"""The demo's models: each a folder with weights, settings and a model card, as transformers loads it."""

from __future__ import annotations

from pathlib import Path

NAMES = ("classifier", "clip", "vlm")


def folder(name: str) -> Path:
    """Where a model lies within the package."""
    return Path(__file__).parent / name
