"""`hf/NAME`: any checkpoint that transformers' AutoModelForImageTextToText loads, from a folder or the hub.

torch and transformers are imported by `load` alone.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from snellen.engines.hf.options import Options
from snellen.errors import Missing
from snellen.local.source import adapter_identity, locate
from snellen.types import Choose, Generate

if TYPE_CHECKING:
    from snellen.engines.hf.engine import LocalModel

__all__ = ["ANSWERS", "NEEDS", "Options", "identity", "load"]

ANSWERS: frozenset[type] = frozenset({Generate, Choose})
NEEDS = ("torch", "transformers")


def identity(name: str, options: Options) -> dict[str, Any]:
    """What the model is: the sha-256 of its files, or its repository and commit; with the sha-256 of an adapter.

    Raises WrongUse for a folder that holds no model, Missing for a name that neither the cache nor the hub knows.
    """
    return {**locate(name, options.revision, "hf").identity(), **adapter_identity(options.adapter)}


def load(name: str, options: Options) -> LocalModel:
    """The engine, its weights on the device. Raises WrongUse or Missing, with what to do about it."""
    for package in NEEDS:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"hf/{name} needs the package {package}: pip install 'snellen[hf]'")
    from snellen.engines.hf.loading import load_engine

    return load_engine(name, options)
