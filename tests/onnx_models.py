"""Writes small ONNX classifiers: the mean colour of a picture times a matrix. The format is protobuf, encoded here."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

KINDS = {"float32": 1, "uint8": 2, "float16": 10}
Dimension = int | str


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray, external: Path | None = None) -> bytes:
    dims = b"".join(field(1, size) for size in array.shape)
    head = dims + field(2, KINDS.get(str(array.dtype), 7)) + field(8, name)
    if external is None:
        return head + field(9, array.tobytes())
    external.write_bytes(array.tobytes())
    return head + field(13, field(1, "location") + field(2, external.name)) + field(14, 1)


def node(operator: str, inputs: Sequence[str], output: str, **attributes: int | list[int]) -> bytes:
    written = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)
    for name, value in attributes.items():
        if isinstance(value, list):
            body = field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7)
        else:
            body = field(1, name) + field(3, value) + field(20, 2)
        written += field(5, body)
    return written


def value_info(name: str, dtype: str, shape: Sequence[Dimension]) -> bytes:
    dims = b"".join(field(1, field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, KINDS[dtype]) + field(2, dims)))


def graph(nodes: Sequence[bytes], weights: Sequence[bytes], inputs: Sequence[bytes], output: bytes) -> bytes:
    body = b"".join(field(1, each) for each in nodes) + field(2, "graph") + b"".join(field(5, each) for each in weights)
    body += b"".join(field(11, each) for each in inputs) + field(12, output)
    return field(1, 8) + field(7, body) + field(8, field(1, "") + field(2, 13))


def write_classifier(
    path: Path,
    matrix: np.ndarray,
    *,
    shape: Sequence[Dimension] = ("n", 3, 8, 8),
    dtype: str = "float32",
    channels_last: bool = False,
    softmax: bool = False,
    external: Path | None = None,
) -> Path:
    """A model that gives `mean colour @ matrix`; `matrix` is [channel, output]."""
    nodes = [node("Cast", ["picture"], "floats", to=1)]
    if channels_last:
        nodes.append(node("Transpose", ["floats"], "planes", perm=[0, 3, 1, 2]))
    nodes += [
        node("GlobalAveragePool", ["planes" if channels_last else "floats"], "pooled"),
        node("Flatten", ["pooled"], "means"),
        node("MatMul", ["means", "matrix"], "logits"),
        node("Softmax", ["logits"], "outputs", axis=1) if softmax else node("Identity", ["logits"], "outputs"),
    ]
    weights = [tensor("matrix", matrix.astype(np.float32), external), tensor("unused_shape", np.asarray([1, 2]))]
    output = value_info("outputs", "float32", [shape[0], matrix.shape[1]])
    path.write_bytes(graph(nodes, weights, [value_info("picture", dtype, shape)], output))
    return path
