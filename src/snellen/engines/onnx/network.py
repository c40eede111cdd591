"""A model loaded by onnxruntime: prepared pictures in, a row of outputs for each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from snellen.engines.onnx.features import Features, features_of, is_output, rows_of, with_output
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.pictures import Input, input_of
from snellen.errors import Missing, WrongUse
from snellen.images import Image
from snellen.local.encoding import Array, softmax
from snellen.types import Embed, Recognise

# where weights outside of a model lie that does not come from a file
_EXTERNAL = "session.model_external_initializers_file_folder_path"


class OnnxruntimeError(RuntimeError):
    """Whatever onnxruntime raises: its errors have no class in common."""


class OnnxNetwork:
    """A session of onnxruntime, what it takes, and the device it runs on (`cpu` or `cuda`).

    `logits` says that its outputs need a softmax; `features` is the tensor that is given beside them.
    """

    def __init__(
        self, session: Any, takes: Input, labels: tuple[str, ...], features: Features | None, known: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._known = known
        self.takes = takes
        self.labels = labels
        self.features = features
        self.logits = False
        self._scores = session.get_outputs()[0].name
        self.device = "cuda" if session.get_providers()[0] == "CUDAExecutionProvider" else "cpu"

    def prepare(self, image: Image) -> Array:
        return self.takes.cells(image.pixels())

    def see(self, prepared: Sequence[Array], kinds: frozenset[type]) -> Mapping[type, Array]:
        rows, *others = self.run(prepared, Embed in kinds)
        found: dict[type, Array] = {Recognise: softmax(rows) if self.logits else rows}
        return {**found, Embed: others[0]} if others else found

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        raise NotImplementedError("an image classifier reads no texts")

    def run(self, cells: Sequence[Array], with_features: bool = False) -> list[Array]:
        """The first output, [picture, value] in float64, and the features where they are wanted.

        A fixed batch is filled up with black pictures.
        """
        missing = (self.takes.batch or len(cells)) - len(cells)
        batch = cells[0][None] if len(cells) == 1 else np.stack(cells)
        if missing:
            batch = np.concatenate([batch, np.zeros((missing, *cells[0].shape), batch.dtype)])
        names = [self._scores]
        if with_features and self.features is not None:
            names.append(self.features.name)
        try:
            output, *others = map(np.asarray, self._session.run(names, {self.takes.name: batch}))
        except Exception as error:
            raise OnnxruntimeError(" ".join(str(error).split()) or type(error).__name__) from error
        if output.ndim < 2 or len(output) != len(batch):
            raise OnnxruntimeError(f"the output for {len(batch)} pictures has the shape {list(output.shape)}")
        rows = output.reshape(len(batch), -1)[: len(cells)].astype(np.float64)
        return [rows, *(rows_of(self.features, each, len(cells)) for each in others if self.features is not None)]

    def facts(self) -> Mapping[str, Any]:
        return {**self._known, "device": self.device}

    def close(self) -> None:
        self._session = None

    def trial(self) -> Array:
        """The outputs for black, white and two pictures of noise."""
        plain = [np.full((64, 64, 3), value, np.uint8) for value in (0, 255)]
        noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        pictures = [PIL.Image.fromarray(pixels) for pixels in (*plain, *noise)]
        return np.concatenate([self.run([self.takes.cells(picture)], True)[0] for picture in pictures])


def probable(rows: Array) -> bool:
    """Whether rows of outputs are probabilities: none negative, their sum 1.

    The sum may be off by what rounding to 8 bits makes of it, half a step of 1/256 for each value: classifiers that
    were trained for integers give 0.53 to 1.0 for a softmax over 1001 classes.
    """
    slack = 1e-3 + rows.shape[1] / 512
    return bool((rows >= 0).all() and (rows <= 1 + 1e-3).all() and (np.abs(rows.sum(axis=1) - 1) <= slack).all())


def load_network(path: Path, options: Options, labels: tuple[str, ...], known: Mapping[str, Any]) -> OnnxNetwork:
    """The model in a file. Raises Missing (the package, the device) or WrongUse (the file)."""
    try:
        import onnxruntime
    except ImportError:
        raise Missing(f"onnx/{path} needs the package onnxruntime: pip install 'snellen[onnx]'") from None
    onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised; the rest is noise
    cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if options.device == "cuda" and not cuda:
        raise Missing(f"onnx/{path}: this onnxruntime has no CUDA: pip install onnxruntime-gpu, or use device=cpu")
    features = features_of(path, options.features)
    try:
        session = _session(onnxruntime, path, options, cuda, features)
    except Exception as error:  # onnxruntime's errors have no class in common
        raise WrongUse(f"onnx: onnxruntime cannot load {path}: {' '.join(str(error).split())}") from None
    network = OnnxNetwork(session, input_of(path, session.get_inputs(), options), labels, features, known)
    if options.device == "cuda" and network.device != "cuda":
        raise Missing(f"onnx/{path}: onnxruntime found no CUDA device that it can use; use device=cpu")
    return network


def _session(onnxruntime: Any, path: Path, options: Options, cuda: bool, features: Features | None) -> Any:
    """The model as onnxruntime runs it, with its features as one more output."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = options.threads or 0  # 0: one for each core
    # threads that wait by spinning would starve those that prepare the next pictures
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CUDAExecutionProvider"] if cuda and options.device != "cpu" else []
    model: str | bytes = str(path)
    if features is not None and not is_output(path, features.name):
        model = with_output(path.read_bytes(), features.name)
        settings.add_session_config_entry(_EXTERNAL, str(path.parent.resolve()))
    return onnxruntime.InferenceSession(model, settings, providers=[*providers, "CPUExecutionProvider"])
