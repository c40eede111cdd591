"""`onnx/./model.onnx`: a conventional image classifier in the ONNX format, run by onnxruntime.

The picture is cropped in its centre to `crop` of what fits the model's input, resized, and normalised as
`(pixel / scale - mean) / std` with pixels 0..255. Layout and size are read from the model's input.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import PIL.Image
from annotated_types import Ge, Gt, Le

from snellen.errors import Missing, UnreadableImage, WrongUse
from snellen.images import Image
from snellen.types import Answer, Failure, Question, Recognise, Scores, Usage

ANSWERS: frozenset[type] = frozenset({Recognise})

Channels = float | tuple[float, float, float]
Array = npt.NDArray[Any]

_INPUTS = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_FILTERS = {"bilinear": PIL.Image.Resampling.BILINEAR, "bicubic": PIL.Image.Resampling.BICUBIC}
# TensorProto.DataType of the kinds that weights have; other integers are shapes and indices
_WEIGHTS = {1: "float32", 2: "uint8", 3: "int8", 10: "float16", 11: "float64", 16: "bfloat16", 21: "uint4", 22: "int4"}


@dataclass(frozen=True, slots=True)
class Options:
    """How pictures are prepared and scores are read.

    `labels`: a file of names in the order of the outputs, one a line or as JSON (a list, `id2label`); default:
    `labels.txt` beside the model. `mean`, `std`: a number or three; by default 0.5, which gives -1..1, and nothing
    for a model that takes bytes. A model that wants 0..255 has `scale=1,mean=0,std=1`. `size`: the input's side where
    the model leaves it open. `output`: whether the model gives logits or probabilities; `auto` finds out.
    """

    labels: str | None = field(default=None, metadata={"answers": False})  # their digest is part of the identity
    crop: Annotated[float, Gt(0), Le(1)] = 0.875
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    scale: Annotated[float, Gt(0)] = 255.0
    mean: Channels | str | None = None
    std: Channels | str | None = None
    size: Annotated[int, Ge(1)] | None = None
    layout: Literal["auto", "nchw", "nhwc"] = "auto"
    output: Literal["auto", "logits", "probabilities"] = "auto"
    batch_size: Annotated[int, Ge(1)] | Literal["auto"] = field(default="auto", metadata={"answers": False})
    threads: Annotated[int, Ge(1)] | None = field(default=None, metadata={"answers": False})
    device: Literal["auto", "cpu", "cuda"] = field(default="auto", metadata={"answers": False})

    def __post_init__(self) -> None:
        for key in ("mean", "std"):
            object.__setattr__(self, key, _channels(key, getattr(self, key)))


def _channels(key: str, value: Channels | str | None) -> Channels | None:
    """One number or three, also from text such as `0.485/0.456/0.406`. Raises ValueError."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            numbers = tuple(float(number) for number in re.split(r"[\s,;/]+", value.strip()))
        except ValueError:
            raise ValueError(f"{key}={value!r}: expected a number, or three as in {key}=0.5/0.5/0.5") from None
    else:
        numbers = value if isinstance(value, tuple) else (float(value),)
    if len(numbers) not in (1, 3) or not np.isfinite(numbers).all() or (key == "std" and min(numbers) <= 0):
        raise ValueError(f"{key}={value}: expected one{' positive' * (key == 'std')} number, or three")
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else numbers[0]


# The file


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a protobuf message: (number, start, end), or (number, value, -1) for an integer."""
    while start < end:
        tag, start = _varint(data, start)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, start = _varint(data, start)
            yield number, value, -1
        elif wire == 2:
            length, start = _varint(data, start)
            yield number, start, start + length
            start += length
        elif wire in (1, 5):
            start += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
    if start != end:
        raise ValueError("a field goes beyond its message")


def _tensor(data: mmap.mmap, start: int, end: int) -> tuple[int, list[int], str | None]:
    """Kind, shape and external file of a TensorProto."""
    kind, shape, external = 0, [], None
    for number, first, last in _fields(data, start, end):
        if number == 1 and last < 0:
            shape.append(first)
        elif number == 1:
            while first < last:
                length, first = _varint(data, first)
                shape.append(length)
        elif number == 2:
            kind = first
        elif number == 13:  # external_data: pairs of key and value
            pair = {key: data[a:b] for key, a, b in _fields(data, first, last)}
            if pair.get(1) == b"location":
                external = pair.get(2, b"").decode()
    return kind, shape, external


def _initializers(path: Path) -> Iterator[tuple[int, list[int], str | None]]:
    """All initial tensors of the model's graph (onnx.proto3: ModelProto.graph = 7, GraphProto.initializer = 5).

    Raises WrongUse where the file is missing or is not an ONNX model.
    """
    if not path.is_file():
        raise WrongUse(f"onnx: there is no model file {path}")
    graphs = 0
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, start, end in _fields(data, 0, len(data)):
                if number == 7 and end >= 0:
                    graphs += 1
                    for inner, first, last in _fields(data, start, end):
                        if inner == 5 and last >= 0:
                            yield _tensor(data, first, last)
    except (ValueError, IndexError):  # an empty file, or one that is no protobuf message
        graphs = 0
    if graphs != 1:
        raise WrongUse(f"onnx: {path} is not an ONNX model")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(name: str, options: Options) -> dict[str, Any]:
    """The sha-256 of the model, of the files that hold its weights where they are outside, and of its labels."""
    path = Path(name)
    outside = sorted({external for _, _, external in _initializers(path) if external})
    for external in outside:
        if not (path.parent / external).is_file():
            raise WrongUse(f"onnx: {path} keeps weights in {external}, and that file is not beside it")
    labels = "\n".join(_labels(path, options.labels))
    found: dict[str, Any] = {"model": _digest(path), "labels": hashlib.sha256(labels.encode()).hexdigest()}
    if outside:
        found["external"] = {external: _digest(path.parent / external) for external in outside}
    return found


# Labels


def _labels(model: Path, given: str | None) -> tuple[str, ...]:
    """The names of the outputs. Raises WrongUse: no file, or not a list of names."""
    path = Path(given) if given else model.parent / "labels.txt"
    if not path.is_file():
        what = f"there is no labels file {path}" if given else f"{model} has no labels.txt beside it"
        raise WrongUse(f"onnx: {what}; give the names of its outputs, one a line, with labels=FILE")
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = _from_json(json.loads(text)) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    except (ValueError, LookupError, TypeError):
        raise WrongUse(f"onnx: {path} is neither one name a line nor a JSON list or id2label mapping") from None
    if not names:
        raise WrongUse(f"onnx: {path} is empty; expected the names of the model's outputs, one a line")
    return names


def _from_lines(text: str) -> tuple[str, ...]:
    """One name a line; a WordNet id before it, as in ImageNet's synset.txt, is left out."""
    return tuple(re.sub(r"^n\d{8}\s+", "", line.strip()) for line in text.rstrip().split("\n")) if text.strip() else ()


def _from_json(value: Any) -> tuple[str, ...]:
    """A list of names, {"0": name} or {"0": [id, name]}, as it is or under `id2label`."""
    if isinstance(value, dict):
        value = value.get("id2label", value)
    if isinstance(value, dict):
        numbered = {int(key): name for key, name in value.items()}
        value = [numbered[index] for index in range(len(numbered))]
    names = [name[-1] if isinstance(name, list) else name for name in value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("a name is not a text")
    return tuple(names)


# The input


@dataclass(frozen=True, slots=True)
class Input:
    """What the model takes: `batch` images at once (None: any number), and how each is prepared."""

    name: str
    batch: int | None
    channels: int
    height: int
    width: int
    first: bool  # the channels come before the rows
    table: Array  # [channel, pixel value] -> what the model gets
    crop: float
    interpolation: str

    def prepare(self, image: Image) -> tuple[Array, float]:
        """The image as the model takes it, and the seconds it took. Raises UnreadableImage."""
        started = time.perf_counter()
        return self.cells(image.pixels()), time.perf_counter() - started

    def cells(self, picture: PIL.Image.Image) -> Array:
        """RGB pixels cropped, resized and normalised: [channel, row, column] or [row, column, channel]."""
        width, height = picture.size
        if width * self.height <= height * self.width:
            wide, high = width, width * self.height / self.width
        else:
            wide, high = height * self.width / self.height, height
        wide, high = max(1, round(self.crop * wide)), max(1, round(self.crop * high))
        left, top = (width - wide) // 2, (height - high) // 2
        picture = picture.convert("L" if self.channels == 1 else "RGB").crop((left, top, left + wide, top + high))
        picture = picture.resize((self.width, self.height), _FILTERS[self.interpolation])
        pixels = np.asarray(picture).reshape(self.height, self.width, self.channels)
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        cells = np.empty(planes.shape, self.table.dtype)
        for plane, table, out in zip(planes, self.table, cells, strict=True):
            np.take(table, plane, out=out, mode="clip")  # the mode that writes into `out` without a copy
        return cells if self.first else np.ascontiguousarray(cells.transpose(1, 2, 0))


def _input(path: Path, tensors: Sequence[Any], options: Options) -> Input:
    """What the session's inputs ask for. Raises WrongUse where it is not one image tensor of a known layout."""
    if len(tensors) != 1 or len(tensors[0].shape) != 4:
        shapes = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors)
        raise WrongUse(f"onnx: {path} takes {shapes}; expected one input of four dimensions, a batch of images")
    (tensor,) = tensors
    shape = [size if isinstance(size, int) and size > 0 else None for size in tensor.shape]
    first = _channels_first(path, tensor.shape, options.layout)
    channels, height, width = (shape[1], shape[2], shape[3]) if first else (shape[3], shape[1], shape[2])
    channels = channels or 3
    if channels not in (1, 3):
        raise WrongUse(f"onnx: {path} takes {channels} channels in layout={options.layout}; expected 3 or 1")
    if options.size is not None and {height, width} - {None, options.size}:
        raise WrongUse(f"onnx: size={options.size}, but {path} takes {width}x{height} pixels; leave out size")
    height, width = height or options.size, width or options.size
    if height is None or width is None:
        raise WrongUse(f"onnx: {path} takes images of any size; say which with size=224 or another side")
    table = _table(path, tensor.type, channels, options)
    return Input(tensor.name, shape[0], channels, height, width, first, table, options.crop, options.interpolation)


def _channels_first(path: Path, shape: Sequence[Any], layout: str) -> bool:
    """Whether the layout is NCHW, by the length or else the name of its dimensions."""
    if layout != "auto":
        return layout == "nchw"
    for likely in (lambda size: size == 3, lambda size: size == 1, lambda size: "chan" in str(size).lower()):
        if likely(shape[1]) or likely(shape[3]):
            return bool(likely(shape[1]))
    raise WrongUse(
        f"onnx: cannot tell which dimension of {path}'s input {list(shape)} is colour; say layout=nchw or nhwc"
    )


def _table(path: Path, kind: str, channels: int, options: Options) -> Array:
    """What each pixel value 0..255 becomes, [channel, 256], in the type that the model takes."""
    if kind not in _INPUTS:
        raise WrongUse(f"onnx: {path} takes {kind}; expected one of {', '.join(_INPUTS)}")
    if kind == "tensor(uint8)":
        if options.mean is not None or options.std is not None:
            raise WrongUse(f"onnx: {path} takes bytes, which cannot be normalised; leave out mean and std")
        return np.tile(np.arange(256, dtype=np.uint8), (channels, 1))
    rows = []
    for key, value in (("mean", options.mean), ("std", options.std)):
        numbers = np.asarray(0.5 if value is None else value, np.float64).reshape(-1, 1)
        if len(numbers) > channels:
            raise WrongUse(f"onnx: {key} has three numbers, but {path} takes gray images; give one")
        rows.append(numbers)
    table = (np.arange(256) / options.scale - rows[0]) / rows[1]
    return np.broadcast_to(table, (channels, 256)).astype(_INPUTS[kind])


# The engine


class Classifier:
    """Runs one batch a step, while threads of its own prepare the images of the next ones."""

    def __init__(
        self, session: Any, takes: Input, labels: tuple[str, ...], batch_size: int, facts: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._takes = takes
        self._labels = labels
        self._batch = takes.batch or batch_size
        self._facts = {**facts, "batch_size": self._batch}
        self._softmax = False
        preparers = max(1, min(8, _processors() // 2))  # more of them slow the model down by more than they bring
        self._queue = max(3 * self._batch, self._batch + 2 * preparers)
        self._pool = ThreadPoolExecutor(preparers, thread_name_prefix="prepare")
        self._waiting: deque[tuple[int, Future[tuple[Array, float]]]] = deque()

    def room(self) -> int:
        return self._queue - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if image is None or not isinstance(question, Recognise):
            raise ValueError(f"an ONNX classifier only recognises images; it was asked {question}")
        self._waiting.append((ticket, self._pool.submit(self._takes.prepare, image)))

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        done: list[tuple[int, Answer | Failure]] = []
        ready: list[tuple[int, Array, float]] = []
        for _ in range(min(self._batch, len(self._waiting))):
            ticket, prepared = self._waiting.popleft()
            try:
                ready.append((ticket, *prepared.result()))
            except UnreadableImage as error:
                done.append((ticket, Failure(str(error))))
        return done + self._answer(ready) if ready else done

    def _answer(self, ready: Sequence[tuple[int, Array, float]]) -> list[tuple[int, Answer | Failure]]:
        started = time.perf_counter()
        try:
            rows = self.scores([cells for _, cells, _ in ready])
        except Exception as error:  # onnxruntime's errors share no class of their own
            reason = f"onnxruntime: {' '.join(str(error).split())}"
            return [(ticket, Failure(reason)) for ticket, _, _ in ready]
        share = (time.perf_counter() - started) / len(ready)
        return [
            (ticket, self._scores(row, Usage(seconds=seconds + share)))
            for (ticket, _, seconds), row in zip(ready, rows, strict=True)
        ]

    def _scores(self, row: Array, usage: Usage) -> Answer | Failure:
        if not np.isfinite(row).all():
            return Failure("the model's scores are not finite numbers")
        return Scores(self._labels, tuple(row.tolist()), usage)

    def scores(self, cells: Sequence[Array]) -> Array:
        """The model's outputs for prepared images, [image, output], as probabilities once `settle` has run."""
        batch = np.zeros((self._takes.batch or len(cells), *cells[0].shape), cells[0].dtype)  # a fixed one is filled up
        for index, each in enumerate(cells):
            batch[index] = each
        output = np.asarray(self._session.run(None, {self._takes.name: batch})[0])
        if output.ndim < 2 or len(output) != len(batch) or output[0].size != len(self._labels):
            raise WrongUse(
                f"the model gives an output of shape {list(output.shape)} for {len(batch)} images, "
                f"but the labels file has {len(self._labels)} names; expected a score for each name"
            )
        rows = output.reshape(len(batch), -1)[: len(cells)].astype(np.float64)
        return _softmax(rows) if self._softmax else rows

    def settle(self, output: str) -> None:
        """Decides for all images alike whether the model gives logits: `auto` tries it on four plain pictures.

        Probabilities are not negative and sum to 1, as closely as values rounded to 8 bits can. Raises WrongUse where
        the outputs do not fit the labels.
        """
        noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        plain = [np.full((64, 64, 3), value, np.uint8) for value in (0, 255)]
        cells = [self._takes.cells(PIL.Image.fromarray(pixels)) for pixels in (*plain, *noise)]
        rows = np.concatenate([self.scores([each]) for each in cells])
        room = 1e-3 + rows.shape[1] * 0.5 / 255
        probable = bool((rows >= 0).all() and (rows <= 1 + 1e-3).all() and (np.abs(rows.sum(axis=1) - 1) <= room).all())
        self._softmax = output == "logits" or (output == "auto" and not probable)

    def release(self, image: Image) -> None:
        pass

    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._waiting.clear()


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _softmax(rows: Array) -> Array:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _session(path: Path, options: Options) -> Any:
    """The model loaded by onnxruntime. Raises Missing (the package, the device) or WrongUse (the file)."""
    try:
        import onnxruntime
    except ImportError:
        raise Missing(f"onnx/{path} needs onnxruntime: pip install 'snellen[onnx]'") from None
    onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised; the rest is noise
    cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if options.device == "cuda" and not cuda:
        raise Missing(f"onnx/{path}: device=cuda needs another build of the runtime: pip install onnxruntime-gpu")
    providers = ["CPUExecutionProvider"]
    if cuda and options.device != "cpu":
        providers.insert(0, "CUDAExecutionProvider")
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = options.threads or 0
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # or it starves those who prepare images
    try:
        session = onnxruntime.InferenceSession(str(path), settings, providers=providers)
    except Exception as error:  # onnxruntime's errors share no class of their own
        raise WrongUse(f"onnx: onnxruntime cannot load {path}: {' '.join(str(error).split())}") from None
    if options.device == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise Missing(f"onnx/{path}: onnxruntime found no usable CUDA device; use device=cpu")
    return session


def load(name: str, options: Options) -> Classifier:
    """The classifier in the file `name`, tried out. Raises Missing or WrongUse where it cannot be used."""
    path = Path(name)
    weights: Counter[str] = Counter()
    for kind, shape, _ in _initializers(path):
        if kind in _WEIGHTS and shape:
            weights[_WEIGHTS[kind]] += int(np.prod(shape, dtype=np.int64))
    labels = _labels(path, options.labels)
    session = _session(path, options)
    takes = _input(path, session.get_inputs(), options)
    device = "cuda" if session.get_providers()[0] == "CUDAExecutionProvider" else "cpu"
    automatic = 64 if device == "cuda" else 8
    facts = {
        "parameters": sum(weights.values()) or None,
        "device": device,
        "dtype": weights.most_common(1)[0][0] if weights else None,
    }
    batch_size = automatic if options.batch_size == "auto" else options.batch_size
    classifier = Classifier(session, takes, labels, batch_size, facts)
    try:
        classifier.settle(options.output)
    except WrongUse as error:
        classifier.close()
        raise WrongUse(f"onnx: {path}: {error}") from None
    return classifier
