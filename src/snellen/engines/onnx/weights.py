"""What an ONNX file holds, read from the file itself: no other package does it without loading the weights.

An ONNX file is a protobuf message (onnx.proto3): the numbers of its fields are named where they are used.
"""

from __future__ import annotations

import hashlib
import math
import mmap
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from snellen.engines.onnx.protobuf import Bytes, fields, varint
from snellen.errors import WrongUse

# the values of TensorProto.DataType that weights have; other integers are shapes and indices
_KINDS = {1: "float32", 2: "uint8", 3: "int8", 10: "float16", 11: "float64", 16: "bfloat16", 21: "uint4", 22: "int4"}


class Tensor(NamedTuple):
    """An initial tensor of the graph: its name, TensorProto.DataType, shape, and the file it is in if not this one."""

    name: str
    kind: int
    shape: tuple[int, ...]
    external: str | None


class Node(NamedTuple):
    """An operator with the names of the tensors it takes and makes; an input that is left out is ''."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Graph(NamedTuple):
    """The network: its operators, its initial tensors, and the names of its outputs."""

    nodes: list[Node]
    tensors: list[Tensor]
    outputs: list[str]


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
    return read_graph(path).tensors


def read_graph(path: Path) -> Graph:
    """The model's graph. Raises WrongUse: no such file, or no ONNX model."""
    if not path.is_file():
        raise WrongUse(f"onnx: there is no model file {path}")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            graphs = [(start, end) for number, start, end in fields(data, 0, len(data)) if number == 7 and end >= 0]
            if len(graphs) == 1:  # ModelProto.graph = 7
                return _graph(data, *graphs[0])
    except (ValueError, IndexError):  # empty, or no protobuf message
        pass
    except OSError as error:
        raise WrongUse(f"onnx: {path} cannot be read: {error.strerror or error}") from None
    raise WrongUse(f"onnx: {path} is not an ONNX model")


def _graph(data: Bytes, start: int, end: int) -> Graph:
    """A GraphProto: node = 1, initializer = 5, output = 12, a ValueInfoProto whose name = 1."""
    graph = Graph([], [], [])
    for number, first, last in fields(data, start, end):
        if number == 1:
            graph.nodes.append(_node(data, first, last))
        elif number == 5:
            graph.tensors.append(_tensor(data, first, last))
        elif number == 12:
            graph.outputs.extend(data[a:b].decode() for key, a, b in fields(data, first, last) if key == 1)
    return graph


def _node(data: Bytes, start: int, end: int) -> Node:
    """A NodeProto: input = 1, output = 2, op_type = 4."""
    texts: dict[int, list[str]] = {1: [], 2: [], 4: []}
    for number, first, last in fields(data, start, end):
        if number in texts:
            texts[number].append(data[first:last].decode())
    return Node("".join(texts[4]), tuple(texts[1]), tuple(texts[2]))


def _tensor(data: Bytes, start: int, end: int) -> Tensor:
    """A TensorProto: dims = 1 (packed or one by one), data_type = 2, name = 8, external_data = 13."""
    name, kind, external = "", 0, None
    shape: list[int] = []
    for number, first, last in fields(data, start, end):
        if number == 1 and last < 0:
            shape.append(first)
        elif number == 1:
            while first < last:
                length, first = varint(data, first)
                shape.append(length)
        elif number == 2:
            kind = first
        elif number == 8:
            name = data[first:last].decode()
        elif number == 13:
            pair = {key: data[a:b] for key, a, b in fields(data, first, last)}  # key = 1, value = 2
            if pair.get(1) == b"location":
                external = pair.get(2, b"").decode()
    return Tensor(name, kind, tuple(shape), external)
