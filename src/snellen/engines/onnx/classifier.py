"""The engine: pictures are prepared in threads of its own while the model runs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from snellen.engines.onnx.labels import read_labels
from snellen.engines.onnx.network import Network, load_network, probable
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.pictures import Array
from snellen.engines.onnx.weights import parameters
from snellen.errors import UnreadableImage, WrongUse
from snellen.images import Image
from snellen.types import Answer, Failure, Question, Recognise, Scores, Usage


class Classifier:
    """Runs one batch a step, in the order the questions came; `logits` says that outputs need a softmax."""

    def __init__(
        self, network: Network, labels: tuple[str, ...], logits: bool, batch_size: int, facts: Mapping[str, Any]
    ) -> None:
        self._network = network
        self._labels = labels
        self._logits = logits
        self._batch_size = batch_size
        self._facts = {**facts, "device": network.device, "batch_size": batch_size}
        preparers = max(1, min(8, _processors() // 2))  # more of them slow the model down by more than they bring
        self._pool = ThreadPoolExecutor(preparers, thread_name_prefix="prepare")
        self._enough = max(3 * batch_size, batch_size + 2 * preparers)
        self._waiting: deque[tuple[int, Future[tuple[Array, float]]]] = deque()

    def room(self) -> int:
        return self._enough - len(self._waiting)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if image is None or not isinstance(question, Recognise):
            raise ValueError(f"an ONNX classifier answers Recognise about an image, not {question}")
        self._waiting.append((ticket, self._pool.submit(self._network.takes.prepare, image)))

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        done: list[tuple[int, Answer | Failure]] = []
        ready: list[tuple[int, Array, float]] = []
        for _ in range(min(self._batch_size, len(self._waiting))):
            ticket, prepared = self._waiting.popleft()
            try:
                ready.append((ticket, *prepared.result()))
            except UnreadableImage as error:
                done.append((ticket, Failure(str(error))))
        return done + self._answer(ready) if ready else done

    def _answer(self, ready: Sequence[tuple[int, Array, float]]) -> list[tuple[int, Answer | Failure]]:
        started = time.perf_counter()
        try:
            rows = self._network.run([cells for _, cells, _ in ready])
        except Exception as error:  # onnxruntime's errors have no class in common
            reason = f"onnxruntime: {' '.join(str(error).split())}"
            return [(ticket, Failure(reason)) for ticket, _, _ in ready]
        if self._logits:
            rows = _softmax(rows)
        share = (time.perf_counter() - started) / len(ready)
        return [
            (ticket, self._scores(row, Usage(seconds=seconds + share)))
            for (ticket, _, seconds), row in zip(ready, rows, strict=True)
        ]

    def _scores(self, row: Array, usage: Usage) -> Answer | Failure:
        if not np.isfinite(row).all():
            return Failure("the model gave scores that are no finite numbers")
        return Scores(self._labels, tuple(row.tolist()), usage)

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
    """Probabilities of logits, row by row. What is not finite stays so."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def load_classifier(path: Path, options: Options) -> Classifier:
    """The classifier in a file. Raises Missing or WrongUse where it cannot be used."""
    count, dtype = parameters(path)
    labels = read_labels(path, options.labels)
    network = load_network(path, options)
    try:
        rows = network.trial()
    except Exception as error:  # onnxruntime's errors have no class in common
        size = f"{network.takes.width}x{network.takes.height}"
        raise WrongUse(f"onnx: {path} does not run on a {size} picture: {' '.join(str(error).split())}") from None
    if rows.shape[1] != len(labels):
        where = options.labels or path.parent / "labels.txt"
        raise WrongUse(f"onnx: {path} gives {rows.shape[1]} scores, but {where} has {len(labels)} names")
    # decided once for all images, so that an answer does not depend on the others in its batch
    logits = options.output == "logits" or (options.output == "auto" and not probable(rows))
    automatic = 64 if network.device == "cuda" else 8
    batch_size = network.takes.batch or (automatic if options.batch_size == "auto" else options.batch_size)
    return Classifier(network, labels, logits, batch_size, {"parameters": count, "dtype": dtype})
