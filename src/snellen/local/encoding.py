"""The engine of networks that see one picture at a time; pictures are prepared in threads while the network runs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from snellen.errors import UnreadableImage
from snellen.images import Image
from snellen.local.batching import Batches
from snellen.types import Answer, Embed, EmbedText, Failure, Question, Recognise, Scores, Usage, Vector

Array: TypeAlias = npt.NDArray[Any]
Done: TypeAlias = list[tuple[int, Answer | Failure]]
NO_TEXTS = "it sees pictures and reads no texts; zero-shot needs a model of both, such as clip/…"


class Network(Protocol):
    """What a network makes of pictures, and of texts where it reads them; `labels` are the names of its scores."""

    labels: tuple[str, ...]

    def prepare(self, image: Image) -> Any:
        """The image as the network takes it; runs in several threads. Raises UnreadableImage."""
        ...

    def see(self, prepared: Sequence[Any], kinds: frozenset[type]) -> Mapping[type, Array]:
        """One pass: probabilities [picture, label] under Recognise, features [picture, value] under Embed."""
        ...

    def read(self, texts: Sequence[str]) -> tuple[Array, float | None, float | None]:
        """One pass: embeddings [text, value], and the scale and bias that compare them with pictures."""
        ...

    def facts(self) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A waiting picture: what it becomes, the seconds that took, and the tickets and kinds of what is asked of it."""

    prepared: Future[tuple[Any, float]]
    asked: list[tuple[int, type]] = field(default_factory=list)


class Encoder:
    """Answers Recognise, Embed and EmbedText, a batch of pictures or texts a step; all about one picture in one pass.

    `refuses` says why the network does not answer a kind of question. With `fixed` a pass
    costs the same however few pictures it holds, so that smaller batches save no memory.
    """

    def __init__(
        self, network: Network, batch_size: int, refuses: Mapping[type, str] | None = None, fixed: bool = False
    ) -> None:
        self._network = network
        self._refuses = refuses or {}
        self._batches = Batches(batch_size, shrinks=not fixed)
        preparers = max(1, min(8, _processors() // 2))  # more of them slow the model down by more than they bring
        self._pool = ThreadPoolExecutor(preparers, thread_name_prefix="prepare")
        self._ahead = 2 * preparers
        self._pictures: dict[str, _Picture] = {}
        self._texts: deque[tuple[int, str]] = deque()
        self._refused: Done = []

    def room(self) -> int:
        size = self._batches.size
        return max(3 * size, size + self._ahead) - len(self._pictures) - len(self._texts) - len(self._refused)

    def add(self, ticket: int, image: Image | None, question: Question) -> None:
        if not isinstance(question, Recognise | Embed | EmbedText):
            raise TypeError(f"an encoder answers Recognise, Embed and EmbedText, not {type(question).__name__}")
        kind = type(question)
        if kind in self._refuses:
            self._refused.append((ticket, Failure(self._refuses[kind])))
            return
        if isinstance(question, EmbedText):
            self._texts.append((ticket, question.text))
            return
        if image is None:
            raise ValueError(f"{type(question).__name__} asks about a picture, and none is given")
        try:
            picture = self._pictures.get(image.digest)
        except UnreadableImage as error:  # a file that is gone, and of which nothing is known
            self._refused.append((ticket, Failure(str(error))))
            return
        if picture is None:
            picture = self._pictures[image.digest] = _Picture(self._pool.submit(self._prepare, image))
        picture.asked.append((ticket, kind))

    def _prepare(self, image: Image) -> tuple[Any, float]:
        started = time.perf_counter()
        return self._network.prepare(image), time.perf_counter() - started

    def step(self, timeout: float) -> Sequence[tuple[int, Answer | Failure]]:
        done, self._refused = self._refused, []
        return done + (self._read() if self._texts else self._see())

    def _see(self) -> Done:
        done: Done = []
        ready: list[tuple[_Picture, Any, float]] = []
        for digest in list(islice(self._pictures, self._batches.size)):
            picture = self._pictures.pop(digest)
            try:
                ready.append((picture, *picture.prepared.result()))
                continue
            except UnreadableImage as error:
                reason = str(error)
            except Exception as error:  # libraries raise what they like of odd pictures
                reason = f"the picture cannot be prepared: {type(error).__name__}: {error}"[:500]
            done += [(ticket, Failure(reason)) for ticket, _ in picture.asked]
        for (picture, _, _), result in zip(ready, self._batches.run(ready, self._seen), strict=True):
            if isinstance(result, Failure):
                done += [(ticket, result) for ticket, _ in picture.asked]
            else:
                done += result
        return done

    def _seen(self, batch: Sequence[tuple[_Picture, Any, float]]) -> list[Done]:
        """The answers about each picture of one pass, which share its time evenly."""
        started = time.perf_counter()
        kinds = frozenset(kind for picture, _, _ in batch for _, kind in picture.asked)
        found = self._network.see([prepared for _, prepared, _ in batch], kinds)
        share = (time.perf_counter() - started) / len(batch)
        answers: list[Done] = []
        for row, (picture, _, seconds) in enumerate(batch):
            usage = Usage(seconds=(seconds + share) / len(picture.asked))
            answers.append([(ticket, self._answer(kind, found[kind][row], usage)) for ticket, kind in picture.asked])
        return answers

    def _answer(self, kind: type, row: Array, usage: Usage) -> Answer | Failure:
        if not np.isfinite(row).all():
            return Failure(f"the model gave {'scores' if kind is Recognise else 'features'} that are no finite numbers")
        if kind is Recognise:
            return Scores(self._network.labels, row, usage)  # type: ignore[arg-type]  # it makes a tuple of any sequence
        return Vector(row, usage)

    def _read(self) -> Done:
        batch = [self._texts.popleft() for _ in range(min(self._batches.size, len(self._texts)))]
        results = self._batches.run([text for _, text in batch], self._texts_read)
        return list(zip((ticket for ticket, _ in batch), results, strict=True))

    def _texts_read(self, texts: Sequence[str]) -> list[Vector]:
        started = time.perf_counter()
        rows, scale, bias = self._network.read(texts)
        usage = Usage(seconds=(time.perf_counter() - started) / len(texts))
        return [Vector(row, usage, scale, bias) for row in rows]

    def release(self, image: Image) -> None:
        pass

    def facts(self) -> Mapping[str, Any]:
        return {**self._network.facts(), "batch_size": self._batches.size}

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._pictures.clear()
        self._texts.clear()
        self._network.close()


def softmax(rows: Array) -> Array:
    """Probabilities of logits, row by row. What is not finite stays so."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
