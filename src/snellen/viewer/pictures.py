"""Pictures of a run's images as small JPEG files, the last ones kept in memory."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import BoundedSemaphore, Lock

from snellen.photographs import Photographs, shrunk
from snellen.viewer.snapshot import Snapshot

SIDES = (160, 480, 1200)
_BYTES = 64 << 20
_AT_ONCE = 2  # that are decoded


class Pictures:
    """Shrinks images, each once as long as it is remembered; known by digest, and only those of the run are."""

    def __init__(self, photographs: Photographs) -> None:
        self._photographs = photographs
        self._kept: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        self._decoding = BoundedSemaphore(_AT_ONCE)

    def picture(self, snapshot: Snapshot, digest: bytes, side: int) -> bytes | None:
        """The image as JPEG; None where the run has no image of this content. Raises UnreadableImage."""
        named = _named(snapshot, digest)
        if named is None:
            return None
        key = (digest, side)
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        with self._decoding:
            image = self._photographs.image(*named, digest)
            made = shrunk(image, side)
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[bytes, int], made: bytes) -> None:
        with self._lock:
            if key in self._kept or len(made) > _BYTES // 4:
                return
            self._kept[key] = made
            self._size += len(made)
            while self._size > _BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)


def _named(snapshot: Snapshot, digest: bytes) -> tuple[str, str | None] | None:
    """Id and path of an image of the run, or of an example in its prompts; None where it has none of this content."""
    if (found := snapshot.find(digest)) is None:
        id = snapshot.shots.get(digest)
        return None if id is None else (id, None)
    images, place = found
    path = images.images.paths[place]
    return images.images.ids[place], os.fsdecode(path) if path else None
