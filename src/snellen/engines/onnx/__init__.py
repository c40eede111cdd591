"""`onnx/./model.onnx`: a conventional image classifier in the ONNX format, run by onnxruntime.

A picture is cropped in its centre to `crop` of the largest part that has the shape of the model's input, resized to it,
and normalised as `(pixel / scale - mean) / std`, pixels 0..255. Layout and size are read from the model.
Its features are what goes into its last layer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snellen.engines.onnx.features import refused
from snellen.engines.onnx.labels import read_labels, read_synsets
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.weights import digests
from snellen.types import Embed, Recognise

if TYPE_CHECKING:
    from snellen.local.encoding import Encoder

__all__ = ["ANSWERS", "NEEDS", "Options", "identity", "load", "refuses", "synsets", "vocabulary"]

ANSWERS: frozenset[type] = frozenset({Recognise, Embed})
NEEDS = ("onnxruntime",)


def identity(name: str, options: Options) -> dict[str, Any]:
    """The sha-256 of the model, of the files beside it that hold its weights, and of its labels. Raises WrongUse."""
    path = Path(name).expanduser()
    model = digests(path)
    labels = "\n".join(read_labels(path, options.labels))
    named = {} if options.features in ("auto", "off") else {"features": options.features}
    return {**model, "labels": hashlib.sha256(labels.encode()).hexdigest(), **named}


def refuses(name: str, options: Options) -> Mapping[type, str]:
    """Why the model gives no features, where it gives none. Raises WrongUse."""
    return refused(Path(name).expanduser(), options.features)


def vocabulary(name: str, options: Options) -> tuple[str, ...]:
    """The names of the model's outputs, read without loading it. Raises WrongUse."""
    return read_labels(Path(name).expanduser(), options.labels)


def synsets(name: str, options: Options) -> tuple[str | None, ...]:
    """The WordNet ids of the model's outputs, where the file of their names has them. Raises WrongUse."""
    return read_synsets(Path(name).expanduser(), options.labels)


def load(name: str, options: Options) -> Encoder:
    """The classifier in the file `name`, tried out. Raises Missing or WrongUse where it cannot be used."""
    from snellen.engines.onnx.loading import load_classifier

    return load_classifier(Path(name).expanduser(), options)
