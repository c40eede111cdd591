"""Loads the classifier in a file and tries it out."""

from __future__ import annotations

from pathlib import Path

from snellen.engines.onnx.features import refused
from snellen.engines.onnx.labels import read_labels
from snellen.engines.onnx.network import load_network, probable
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.weights import parameters
from snellen.errors import WrongUse
from snellen.local.encoding import NO_TEXTS, Encoder
from snellen.types import EmbedText


def load_classifier(path: Path, options: Options) -> Encoder:
    """The classifier in a file. Raises Missing or WrongUse where it cannot be used."""
    count, dtype = parameters(path)
    labels = read_labels(path, options.labels)
    network = load_network(path, options, labels, {"parameters": count, "dtype": dtype})
    try:
        rows = network.trial()
    except RuntimeError as error:
        size = f"{network.takes.width}x{network.takes.height}"
        raise WrongUse(f"onnx: {path} does not run on a {size} picture: {error}") from None
    if rows.shape[1] != len(labels):
        where = options.labels or path.parent / "labels.txt"
        raise WrongUse(f"onnx: {path} gives {rows.shape[1]} scores, but {where} has {len(labels)} names")
    # decided once for all images, so that an answer does not depend on the others in its batch
    network.logits = options.output == "logits" or (options.output == "auto" and not probable(rows))
    automatic = 64 if network.device == "cuda" else 8
    batch_size = network.takes.batch or (automatic if options.batch_size == "auto" else options.batch_size)
    refuses = {EmbedText: NO_TEXTS, **refused(path, options.features)}
    return Encoder(network, batch_size, refuses, fixed=network.takes.batch is not None)
