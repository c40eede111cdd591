"""The pictures of images in use: each made once, in threads beside the event loop, and kept until it is let go."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from snellen.images import Image
from snellen.remote.pictures import prepare
from snellen.remote.wire import Picture, Takes

_THREADS = 4
_HANDFUL = 8  # images in a thread's task: to wake a thread takes as long as to prepare a small picture


class Pictures:
    """Makes pictures for one event loop, not safe among threads; `counts` tells how they were made."""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes
        self._smaller: dict[str, dict[int, asyncio.Task[Picture]]] = {}  # by digest and most bytes
        self._threads = ThreadPoolExecutor(_THREADS, "pictures")
        self._made: dict[str, asyncio.Future[Picture]] = {}
        self._waiting: deque[tuple[Image, asyncio.Future[Picture]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def of(self, image: Image) -> Picture:
        """The picture of an image. Raises UnreadableImage."""
        made = self._made.get(image.digest)
        if made is None:
            made = self._made[image.digest] = asyncio.get_running_loop().create_future()
            made.add_done_callback(_noted)
            self._waiting.append((image, made))
            self._submit()
        return made.result() if made.done() else await asyncio.shield(made)

    async def together(self, images: Sequence[Image]) -> list[Picture]:
        """The pictures of a request; where they are too large in all, each has at most an equal share of it.

        The share depends on their number alone, so that an example is the same in all requests of its kind. Raises
        UnreadableImage.
        """
        pictures, most = [await self.of(each) for each in images], self._takes.most_in_all
        if most is None or sum(len(each.data) for each in pictures) <= most:
            return pictures
        share = most // len(images)
        return [
            picture if len(picture.data) <= share else await self._within(image, share)
            for image, picture in zip(images, pictures, strict=True)
        ]

    async def _within(self, image: Image, share: int) -> Picture:
        """The picture of an image in at most so many bytes, made once."""
        kept = self._smaller.setdefault(image.digest, {})
        if share not in kept:
            kept[share] = asyncio.get_running_loop().create_task(self._shrink(image, share))
            kept[share].add_done_callback(_noted)
        return await asyncio.shield(kept[share])

    async def _shrink(self, image: Image, share: int) -> Picture:
        takes = dataclasses.replace(self._takes, most_bytes=share)
        (made,) = await asyncio.get_running_loop().run_in_executor(self._threads, _prepared, [image], takes)
        if isinstance(made, Exception):
            raise made
        self.counts[f"pictures_{made[1]}"] += 1
        return made[0]

    def release(self, image: Image) -> None:
        """Lets the picture of an image go."""
        self._smaller.pop(image.digest, None)
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

    async def _make(self, taken: Sequence[tuple[Image, asyncio.Future[Picture]]]) -> None:
        images = [image for image, _ in taken]
        made = await asyncio.get_running_loop().run_in_executor(self._threads, _prepared, images, self._takes)
        for (_, future), result in zip(taken, made, strict=True):
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
        for made in self._made.values():
            made.cancel()
        for kept in self._smaller.values():
            for shrinking in kept.values():
                shrinking.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _noted(made: asyncio.Future[Picture]) -> None:
    """Looks at an exception that nobody may be waiting for any more."""
    if not made.cancelled():
        made.exception()


def _prepared(images: Sequence[Image], takes: Takes) -> list[tuple[Picture, str] | Exception]:
    """The pictures of some images, or why there is none."""
    made: list[tuple[Picture, str] | Exception] = []
    for image in images:
        try:
            picture, how = prepare(image, takes)
            _ = picture.base64  # here, beside the event loop
            made.append((picture, how))
        except Exception as error:  # told to whoever asks about the image
            made.append(error)
    return made
