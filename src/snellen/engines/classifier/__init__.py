"""`classifier/NAME`: an image classifier, or a backbone without a head, of transformers or timm.

From a folder or the hub. Pictures are prepared as its own files say; labels are its own, or those of a file
`labels=FILE`. Its features are what its head gets. torch is imported by `load` alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from snellen.engines.classifier import settings
from snellen.errors import Missing
from snellen.local import options
from snellen.local.source import Source, locate
from snellen.types import Embed, Recognise

if TYPE_CHECKING:
    from snellen.local.encoding import Encoder

__all__ = ["ANSWERS", "NEEDS", "Options", "identity", "load", "refuses", "vocabulary"]

ANSWERS: frozenset[type] = frozenset({Recognise, Embed})
NEEDS = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class Options(options.Options):
    """How a checkpoint is loaded and run; `labels` is a file with the names of its outputs, for one that has none."""

    labels: str | None = field(default=None, metadata={"answers": False})  # the names are part of the identity


def identity(name: str, options: Options) -> dict[str, Any]:
    """What the model is: the sha-256 of its files, or its repository and commit; and of labels that are given.

    Raises WrongUse or Missing.
    """
    found: dict[str, Any] = _source(name, options).identity()
    if options.labels is not None:
        names = "\n".join(settings.given_labels(options.labels, f"classifier/{name}"))
        found["labels"] = hashlib.sha256(names.encode()).hexdigest()
    return found


def refuses(name: str, options: Options) -> Mapping[type, str]:
    """The kinds of question that this model does not answer, and why, as far as its configuration tells."""
    return settings.refused(_source(name, options).settings("config.json"))


def vocabulary(name: str, options: Options) -> tuple[str, ...]:
    """The names of its outputs, without loading it; empty for a backbone. Raises WrongUse or Missing."""
    config = _source(name, options).settings("config.json")
    if settings.refused(config):
        return ()
    return settings.labels_of(config, options.labels, f"classifier/{name}")


def _source(name: str, options: Options) -> Source:
    return locate(name, options.revision, "classifier")


def load(name: str, options: Options) -> Encoder:
    """The engine, its weights on the device, tried out. Raises WrongUse or Missing, with what to do about it."""
    for package in NEEDS:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"classifier/{name} needs the package {package}: pip install 'snellen[classifier]'")
    from snellen.engines.classifier.loading import load_engine

    return load_engine(_source(name, options), f"classifier/{name}", options, options.labels)
