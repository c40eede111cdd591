"""The features of a classifier: what goes into the last layer before its scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snellen.engines.onnx.protobuf import field
from snellen.engines.onnx.weights import Graph, Node, read_graph
from snellen.errors import WrongUse, nearest
from snellen.local.encoding import Array
from snellen.types import Embed

_LAYERS = {"Gemm", "MatMul", "Conv", "QLinearConv", "QLinearMatMul", "QGemm"}
_BY_SHAPE = {"Reshape", "Squeeze", "Unsqueeze", "Expand", "Slice", "Tile"}  # their other inputs are no data
_NONE_FOUND = (
    "the layer that makes its scores is not found in its graph; name the tensor of its features with features=NAME"
)


@dataclass(frozen=True, slots=True)
class Features:
    """A tensor by its name, [picture, …]; `channels_first` says how one of more than two dimensions is pooled."""

    name: str
    channels_first: bool

    def pooled(self, values: Array) -> Array:
        """One row for each picture: the mean over all places."""
        if values.ndim <= 2:
            return values.reshape(len(values), -1)
        if self.channels_first:
            return np.asarray(values.reshape(*values.shape[:2], -1).mean(axis=2))
        return np.asarray(values.reshape(len(values), -1, values.shape[-1]).mean(axis=1))


def features_of(path: Path, wanted: str) -> Features | None:
    """The features in the file, as the option says; None for `off`, or where `auto` finds none. Raises WrongUse."""
    if wanted == "off":
        return None
    graph = read_graph(path)
    if wanted == "auto":
        return find_features(graph)
    names = [output for node in graph.nodes for output in node.outputs if output]
    if wanted not in names:
        raise WrongUse(f"onnx: features={wanted}: {path} has no such tensor{_hint(wanted, names)}")
    return Features(wanted, channels_first=True)


def refused(path: Path, wanted: str) -> dict[type, str]:
    """Why the model gives no features; empty where it does. Raises WrongUse."""
    if features_of(path, wanted) is not None:
        return {}
    return {Embed: "features=off" if wanted == "off" else _NONE_FOUND}


def _hint(wanted: str, names: list[str]) -> str:
    """The nearest name, or the last few: there may be hundreds."""
    close = nearest(wanted, names)
    return close if close.startswith(" (did") else f"; its last ones are {', '.join(names[-5:])}"


def find_features(graph: Graph) -> Features | None:
    """The data input of the last layer (a matrix product, or a convolution of 1 x 1) on the way to the first output.

    Between them are operators with one input of data alone. What is quantised is taken before it is.
    """
    makers = {output: node for node in graph.nodes for output in node.outputs}
    shapes = {tensor.name: tensor.shape for tensor in graph.tensors}
    constants = _constants(graph)
    name = graph.outputs[0] if graph.outputs else ""
    for _ in graph.nodes:
        node = makers.get(name)
        if node is None:
            return None
        data = [each for each in node.inputs if each not in constants]
        if node.operator in _BY_SHAPE:
            data = data[:1]
        if len(data) != 1:
            return None
        (name,) = data
        if node.operator in _LAYERS:
            convolves = "Conv" in node.operator
            if convolves and set(_kernel(node, makers, shapes)) - {1}:
                return None
            return Features(_real(name, makers), channels_first=convolves)
    return None


def _constants(graph: Graph) -> set[str]:
    """The tensors that do not depend on the picture; the nodes of a graph stand in the order in which they run."""
    found = {"", *(tensor.name for tensor in graph.tensors)}
    for node in graph.nodes:
        if found.issuperset(node.inputs):
            found.update(node.outputs)
    return found


def _kernel(node: Node, makers: dict[str, Node], shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The height and width of a convolution's kernel, whose weights may be dequantised first; (0,) where not known."""
    weights = node.inputs[3 if node.operator == "QLinearConv" else 1]
    for _ in range(8):
        if weights in shapes:
            return shapes[weights][2:]
        if weights not in makers or not makers[weights].inputs:
            break
        weights = makers[weights].inputs[0]
    return (0,)


def _real(name: str, makers: dict[str, Node]) -> str:
    """The tensor as real numbers, where it is quantised."""
    node = makers.get(name)
    return node.inputs[0] if node is not None and node.operator == "QuantizeLinear" else name


def with_output(model: bytes, name: str) -> bytes:
    """The model with one more output: parts of a protobuf message that stand apart are read as one.

    ModelProto.graph = 7, GraphProto.output = 12, ValueInfoProto.name = 1; the type is inferred.
    """
    return model + field(7, field(12, field(1, name.encode())))


def is_output(path: Path, name: str) -> bool:
    """Whether the model gives the tensor already."""
    return name in read_graph(path).outputs


def rows_of(features: Features, values: Array, pictures: int) -> Array:
    """The features of the pictures as float32. Raises ValueError where they are not one row for each."""
    if values.ndim < 1 or len(values) < pictures:
        raise ValueError(f"the tensor {features.name} has the shape {list(values.shape)} for {pictures} pictures")
    return features.pooled(values[:pictures].astype(np.float32))
