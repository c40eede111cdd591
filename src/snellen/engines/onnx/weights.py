"""What an ONNX file tells of its weights, read from the file itself: no other package does it without loading them.

An ONNX file is a protobuf message (onnx.proto3): the numbers of its fields are named where they are used.
"""

from __future__ import annotations

import hashlib
import math
import mmap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snellen.errors import WrongUse

# the values of TensorProto.DataType that weights have; other integers are shapes and indices
_KINDS = {1: "float32", 2: "uint8", 3: "int8", 10: "float16", 11: "float64", 16: "bfloat16", 21: "uint4", 22: "int4"}


class Tensor(NamedTuple):
    """An initial tensor of the graph: its TensorProto.DataType, shape, and the file it is in if that is another."""

    kind: int
    shape: tuple[int, ...]
    external: str | None


def parameters(path: Path) -> tuple[int | None, str | None]:
    """How many weights the model has, and the type that most of them have; None where its file holds none.

    Counted are the elements of the initial tensors that are not scalars. Raises WrongUse: no ONNX model.
    """
    counts: Counter[str] = Counter()
    for tensor in _tensors(path):
        if tensor.kind in _KINDS and tensor.shape:
            counts[_KINDS[tensor.kind]] += math.prod(tensor.shape)
    total = sum(counts.values())
    return (total, counts.most_common(1)[0][0]) if total else (None, None)


def digests(path: Path) -> dict[str, Any]:
    """The sha-256 of the model and of the files that hold its weights outside it, by their names. Raises WrongUse."""
    outside = sorted({tensor.external for tensor in _tensors(path) if tensor.external})
    for name in outside:
        if not (path.parent / name).is_file():
            raise WrongUse(f"onnx: {path} keeps its weights in {name}, and there is no such file beside it")
    found: dict[str, Any] = {"model": _digest(path)}
    return {**found, "external": {name: _digest(path.parent / name) for name in outside}} if outside else found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tensors(path: Path) -> list[Tensor]:
    """All initial tensors of the model's graph. Raises WrongUse: no such file, or no ONNX model."""
    if not path.is_file():
        raise WrongUse(f"onnx: there is no model file {path}")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            graphs = [(start, end) for number, start, end in _fields(data, 0, len(data)) if number == 7 and end >= 0]
            if len(graphs) == 1:  # ModelProto.graph = 7, GraphProto.initializer = 5
                return [_tensor(data, start, end) for number, start, end in _fields(data, *graphs[0]) if number == 5]
    except (ValueError, IndexError):  # empty, or no protobuf message
        pass
    except OSError as error:
        raise WrongUse(f"onnx: {path} cannot be read: {error.strerror or error}") from None
    raise WrongUse(f"onnx: {path} is not an ONNX model")


def _tensor(data: mmap.mmap, start: int, end: int) -> Tensor:
    """A TensorProto: dims = 1 (packed or one by one), data_type = 2, external_data = 13."""
    kind, external = 0, None
    shape: list[int] = []
    for number, first, last in _fields(data, start, end):
        if number == 1 and last < 0:
            shape.append(first)
        elif number == 1:
            while first < last:
                length, first = _varint(data, first)
                shape.append(length)
        elif number == 2:
            kind = first
        elif number == 13:
            pair = {key: data[a:b] for key, a, b in _fields(data, first, last)}  # key = 1, value = 2
            if pair.get(1) == b"location":
                external = pair.get(2, b"").decode()
    return Tensor(kind, tuple(shape), external)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message as (number, start, end), of an integer as (number, value, -1).

    Raises ValueError or IndexError where it is none.
    """
    while start < end:
        tag, start = _varint(data, start)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, start = _varint(data, start)
            yield number, value, -1
        elif wire == 2:
            length, start = _varint(data, start)
            if start + length > end:
                raise ValueError("a field goes beyond its message")
            yield number, start, start + length
            start += length
        elif wire in (1, 5):
            start += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    """The integer at a place, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("an integer of more than 64 bits")
