"""The engine: pictures are prepared in threads of its own while the model runs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from snellen.engines.onnx.labels import read_labels
from snellen.engines.onnx.network import Network, load_network, probable
from snellen.engines.onnx.options import Options
from snellen.engines.onnx.pictures import Array
from snellen.engines.onnx.weights import parameters
from snellen.errors import UnreadableImage, WrongUse
from snellen.images import Image
from snellen.types import Answer, Failure, Question, Recognise, Scores, Usage

_Ready: TypeAlias = tuple[int, Array, float]  # the ticket, the picture as the model takes it, the seconds that took
_FULL = ("out of memory", "allocate memory", "bad_alloc", "alloc_failed", "bad allocation")


class Classifier:
    """Runs one batch a step, in the order the questions came; `logits` says that outputs need a softmax.

    A batch that fails is run again in halves, so that only the picture that fails alone is a failure; one that ran out
    of memory makes all later ones smaller.
    """

    def __init__(
        self, network: Network, labels: tuple[str, ...], logits: bool, batch_size: int, facts: Mapping[str, Any]
    ) -> None:
        self._network = network
        self._labels = labels
        self._logits = logits
        self._batch_size = batch_size
        self._facts = {**facts, "device": network.device}
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
        ready: list[_Ready] = []
        for _ in range(min(self._batch_size, len(self._waiting))):
            ticket, prepared = self._waiting.popleft()
            try:
                ready.append((ticket, *prepared.result()))
            except UnreadableImage as error:
                done.append((ticket, Failure(str(error))))
        return done + self._answer(ready) if ready else done

    def _answer(self, ready: Sequence[_Ready]) -> list[tuple[int, Answer | Failure]]:
        done: list[tuple[int, Answer | Failure]] = []
        size = self._batch_size
        while len(done) < len(ready):
            batch = ready[len(done) : len(done) + size]
            try:
                done += self._run(batch)
                continue
            except Exception as error:  # onnxruntime's errors have no class in common
                reason, full = " ".join(str(error).split()) or type(error).__name__, _is_out_of_memory(error)
            if len(batch) == 1:
                done.append((batch[0][0], Failure(f"onnxruntime: {reason}")))
                size = self._batch_size
                continue
            size = len(batch) // 2
            if full and self._network.takes.batch is None:  # a fixed batch takes the same memory however few it holds
                self._batch_size = size
        return done

    def _run(self, batch: Sequence[_Ready]) -> list[tuple[int, Answer | Failure]]:
        """The answers to one batch; its pictures share its time evenly. Raises whatever onnxruntime raises."""
        started = time.perf_counter()
        rows = self._network.run([cells for _, cells, _ in batch])
        if self._logits:
            rows = _softmax(rows)
        share = (time.perf_counter() - started) / len(batch)
        return [
            (ticket, self._scores(row, Usage(seconds=seconds + share)))
            for (ticket, _, seconds), row in zip(batch, rows, strict=True)
        ]

    def _scores(self, row: Array, usage: Usage) -> Answer | Failure:
        if not np.isfinite(row).all():
            return Failure("the model gave scores that are no finite numbers")
        return Scores(self._labels, tuple(row.tolist()), usage)

    def release(self, image: Image) -> None:
        pass

    def facts(self) -> Mapping[str, Any]:
        return {**self._facts, "batch_size": self._batch_size}

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._waiting.clear()


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _FULL)


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
