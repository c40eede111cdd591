"""Decides once for each file whether it is a readable image: digest, size in pixels, or the reason why not.

Files are decoded strictly in processes of their own, with a limit on memory and time, so that a hostile file can
neither crash nor hold the run.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from snellen.child import Child, ChildDied, Parent
from snellen.errors import SnellenError, UnreadableImage
from snellen.images import Image

SECONDS_PER_FILE = 20.0  # the largest accepted image takes some 5 s
MEMORY_LIMIT = 3 * 2**30
_SECONDS_TO_START = 120.0  # a cold disk or a crowded machine
_CHUNK = 32
_Numbered: TypeAlias = tuple[int, Image]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is: its digest ('' where it cannot even be read), and its size or why it is no readable image."""

    digest: str
    width: int | None = None
    height: int | None = None
    unreadable: str | None = None


def examine(image: Image) -> Examined:
    """Reads and decodes one image, here and now."""
    digest = ""
    try:
        image = Image(data=image.data)
        digest = image.digest
        width, height = image.pixels().size
    except UnreadableImage as error:
        return Examined(digest, unreadable=str(error))
    return Examined(digest, width, height)


def main() -> None:
    """Runs as the child process: says that it is there, then answers each image in turn."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    parent = Parent()
    parent.send(None)
    while True:
        parent.send(examine(parent.receive()))


class Survey:
    """Some processes that examine images; they start when there is something to do and stay until `close`.

    `module` is the one that runs in them, for whoever wants other decoders.
    """

    def __init__(
        self, processes: int | None = None, module: str = "snellen.survey", seconds_per_file: float = SECONDS_PER_FILE
    ) -> None:
        self._processes = processes or _cores()
        self._module = module
        self._seconds = seconds_per_file
        self._chunks: queue.SimpleQueue[Sequence[_Numbered] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Examined] | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._children: set[Child] = set()
        self._closed = False

    def __enter__(self) -> Survey:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def examine(self, images: Sequence[_Numbered]) -> Iterator[tuple[int, Examined]]:
        """What each numbered image is, in the order in which they are done."""
        chunks = [images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)]
        for chunk in chunks:
            self._chunks.put(chunk)
        while len(self._threads) < min(self._processes, len(chunks)):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        for _ in images:
            result = self._results.get()
            if isinstance(result, BaseException):
                raise result
            yield result

    def close(self) -> None:
        """Ends the processes, whatever they do."""
        self._closed = True
        for child in tuple(self._children):
            child.kill()
        for _ in self._threads:
            self._chunks.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        """One process's life: it is made and ended by this thread."""
        child = None
        try:
            while (chunk := self._chunks.get()) is not None and not self._closed:
                child = self._examine_chunk(child, chunk)
        except BaseException as error:  # told to the one who waits for the results
            self._results.put(error)
        finally:
            if child:
                self._end(child)

    def _examine_chunk(self, child: Child | None, chunk: Sequence[_Numbered]) -> Child | None:
        """Puts the result of each image; returns the child for the next chunk, None where it had to go."""
        told = False
        for position, (number, _) in enumerate(chunk):
            if self._closed:
                break
            child = child or self._start()
            if not told:
                for _, other in chunk[position:]:
                    child.send(other)
                told = True
            try:
                self._results.put((number, child.receive(self._seconds)))
            except (ChildDied, TimeoutError) as error:
                self._end(child)
                reason = f"the decoder {error}" if isinstance(error, ChildDied) else f"took over {self._seconds:g} s"
                self._results.put((number, Examined("", unreadable=f"cannot be decoded: {reason}")))
                child, told = None, False
        return child

    def _start(self) -> Child:
        """A process that is ready, so that its start does not count as a file's time."""
        child = Child(self._module, Path(os.devnull))
        self._children.add(child)
        try:
            child.receive(_SECONDS_TO_START)
        except (ChildDied, TimeoutError) as error:
            self._end(child)
            raise SnellenError(
                f"the process that examines images does not start: it {error or 'says nothing'}"
            ) from None
        return child

    def _end(self, child: Child) -> None:
        child.kill()
        self._children.discard(child)


def _cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
