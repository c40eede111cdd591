"""The pictures of images in use: each made once, in threads beside the event loop, and kept until it is let go."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from snellen.images import Image
from snellen.remote.pictures import prepare
from snellen.remote.wire import Picture, Takes

_THREADS = 4
_HANDFUL = 8  # images in a thread's task: to wake a thread takes as long as to prepare a small picture
_Wanted: TypeAlias = tuple[Image, Takes, "asyncio.Future[Picture]"]


class Pictures:
    """Makes pictures for one event loop, not safe among threads; `counts` tells how they were made."""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes
        self._threads = ThreadPoolExecutor(_THREADS, "pictures")
        self._made: dict[str, dict[Takes, asyncio.Future[Picture]]] = {}  # by digest
        self._waiting: deque[_Wanted] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def together(self, images: Sequence[Image]) -> list[Picture]:
        """The pictures of a request; where they are too large in all, each has at most an equal share of it.

        The share depends on their number alone, so that an example is the same in all requests of its kind. Raises
        UnreadableImage.
        """
        pictures, most = [await self.of(each) for each in images], self._takes.most_in_all
        if most is None or sum(len(each.data) for each in pictures) <= most:
            return pictures
        share = dataclasses.replace(self._takes, most_bytes=min(self._takes.most_bytes, most // len(images)))
        return [await self.of(each, share) for each in images]

    async def of(self, image: Image, takes: Takes | None = None) -> Picture:
        """The picture of an image. Raises UnreadableImage."""
        takes = takes or self._takes
        kept = self._made.setdefault(image.digest, {})
        made = kept.get(takes)
        if made is None:
            made = kept[takes] = asyncio.get_running_loop().create_future()
            made.add_done_callback(_noted)
            self._waiting.append((image, takes, made))
            self._submit()
        return made.result() if made.done() else await asyncio.shield(made)

    def release(self, image: Image) -> None:
        """Lets the picture of an image go."""
        self._made.pop(image.digest, None)

    def _submit(self) -> None:
        while self._waiting and (not self._running or len(self._waiting) >= _HANDFUL) and len(self._running) < _THREADS:
            taken = [self._waiting.popleft() for _ in range(min(_HANDFUL, len(self._waiting)))]
            task = asyncio.get_running_loop().create_task(self._make(taken))
            self._running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.result()
            self._submit()

    async def _make(self, taken: Sequence[_Wanted]) -> None:
        wanted = [(image, takes) for image, takes, _ in taken]
        made = await asyncio.get_running_loop().run_in_executor(self._threads, _prepared, wanted)
        for (*_, future), result in zip(taken, made, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                picture, how = result
                self.counts[f"pictures_{how}"] += 1
                future.set_result(picture)

    def close(self) -> None:
        """Gives up what is not made yet."""
        for task in self._running:
            task.cancel()
        for kept in self._made.values():
            for made in kept.values():
                made.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _noted(made: asyncio.Future[Picture]) -> None:
    """Looks at an exception that nobody may be waiting for any more."""
    if not made.cancelled():
        made.exception()


def _prepared(wanted: Sequence[tuple[Image, Takes]]) -> list[tuple[Picture, str] | Exception]:
    """The pictures of some images, or why there is none."""
    made: list[tuple[Picture, str] | Exception] = []
    for image, takes in wanted:
        try:
            picture, how = prepare(image, takes)
            _ = picture.base64  # here, beside the event loop
            made.append((picture, how))
        except Exception as error:  # told to whoever asks about the image
            made.append(error)
    return made
