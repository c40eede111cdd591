"""Decides once for each file whether it is a readable image: digest, size in pixels, or the reason why not.

Files are decoded strictly in processes of their own, with a limit on memory and time, so that a hostile file can
neither crash nor hold the run.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from snellen.child import Child, ChildDied, Parent
from snellen.errors import UnreadableImage
from snellen.images import Image

SECONDS_PER_FILE = 10.0
MEMORY_LIMIT = 3 * 2**30
_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is: its digest ('' where it cannot even be read), and its size or why it is no readable image."""

    digest: str
    width: int | None = None
    height: int | None = None
    unreadable: str | None = None


_Results: TypeAlias = "queue.Queue[tuple[int, Examined] | BaseException | None]"


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
    """Runs as the child process: answers each image in turn."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    parent = Parent()
    while True:
        parent.send(examine(parent.receive()))


def survey(images: Iterable[tuple[int, Image]], processes: int | None = None) -> Iterator[tuple[int, Examined]]:
    """What each numbered image is, in the order in which they are done."""
    source = iter(images)
    lock = threading.Lock()
    results: _Results = queue.Queue(maxsize=1000)

    def work() -> None:
        child = None
        try:
            while True:
                with lock:
                    chunk = list(itertools.islice(source, _CHUNK))
                if not chunk:
                    return
                child = _examine_chunk(child, chunk, results)
        except BaseException as error:  # told to the one who waits for the results
            results.put(error)
        finally:
            if child:
                child.kill()
            results.put(None)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(processes or os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        result = results.get()
        if result is None:
            running -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result


def _examine_chunk(
    child: Child | None,
    chunk: list[tuple[int, Image]],
    results: queue.Queue[tuple[int, Examined] | BaseException | None],
) -> Child | None:
    """Puts the result of each image of the chunk; returns the child for the next chunk, None where it had to go."""
    begun = False
    for position, (number, _) in enumerate(chunk):
        if not begun:
            child = child or Child("snellen.survey", Path(os.devnull))
            for _, other in chunk[position:]:
                child.send(other)
            begun = True
        assert child is not None
        try:
            results.put((number, child.receive(SECONDS_PER_FILE)))
        except (ChildDied, TimeoutError) as error:
            reason = f"the decoder {error}" if isinstance(error, ChildDied) else f"took over {SECONDS_PER_FILE:g} s"
            results.put((number, Examined("", unreadable=f"cannot be decoded: {reason}")))
            child.kill()
            child, begun = None, False
    return child
