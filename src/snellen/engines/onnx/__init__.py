"""`onnx/./model.onnx`: a conventional image classifier in the ONNX format, run by onnxruntime.

A picture is cropped in its centre to `crop` of the largest part that has the shape of the model's input, resized to it,
and normalised as `(pixel / scale - mean) / std`, pixels 0..255. Layout and size are read from the model.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snellen.engines.onnx.labels import read_labels, read_synsets
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.weights import digests
from snellen.types import Recognise

if TYPE_CHECKING:
    from snellen.engines.onnx.classifier import Classifier

__all__ = ["ANSWERS", "NEEDS", "Options", "identity", "load", "synsets", "vocabulary"]

ANSWERS: frozenset[type] = frozenset({Recognise})
NEEDS = ("onnxruntime",)


def identity(name: str, options: Options) -> dict[str, Any]:
    """The sha-256 of the model, of the files beside it that hold its weights, and of its labels. Raises WrongUse."""
    path = Path(name).expanduser()
    model = digests(path)
    labels = "\n".join(read_labels(path, options.labels))
    return {**model, "labels": hashlib.sha256(labels.encode()).hexdigest()}


def vocabulary(name: str, options: Options) -> tuple[str, ...]:
    """The names of the model's outputs, read without loading it. Raises WrongUse."""
    return read_labels(Path(name).expanduser(), options.labels)


def synsets(name: str, options: Options) -> tuple[str | None, ...]:
    """The WordNet ids of the model's outputs, where the file of their names has them. Raises WrongUse."""
    return read_synsets(Path(name).expanduser(), options.labels)


def load(name: str, options: Options) -> Classifier:
    """The classifier in the file `name`, tried out. Raises Missing or WrongUse where it cannot be used."""
    from snellen.engines.onnx.classifier import load_classifier

    return load_classifier(Path(name).expanduser(), options)
