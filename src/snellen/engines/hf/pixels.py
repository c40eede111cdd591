"""Pictures decoded once and preprocessed once, however many questions are asked about them."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import PIL.Image

from snellen.images import Image

CAPACITY = 1 << 30  # bytes kept of decoded and of preprocessed pictures, each
_MARK = "snellen-digest"
T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, the most recently used ones, up to `capacity` bytes (but always the last one)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """The value kept under the key, or a new one; `size` tells its bytes."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key][0]
        value = make()
        self.put(key, value, size(value))
        return value

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keeps a value of so many bytes under a key that has none."""
        self._values[key] = (value, size)
        self._held += size
        while self._held > self._capacity and len(self._values) > 1:
            self._held -= self._values.popitem(last=False)[1][1]

    def peek(self, key: Hashable) -> T | None:
        """The value kept under the key, if any."""
        return self._values[key][0] if key in self._values else None

    def touch(self, key: Hashable) -> T | None:
        """The value kept under the key, if any; it is now the most recently used one."""
        if key in self._values:
            self._values.move_to_end(key)
        return self.peek(key)

    def forget(self, goes: Callable[[Any], bool]) -> None:
        """Drops the values whose keys go."""
        for key in [key for key in self._values if goes(key)]:
            self._held -= self._values.pop(key)[1]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        """The values, the most recently used one last."""
        return (value for value, _ in self._values.values())

    def keys(self) -> list[Hashable]:
        return list(self._values)


class Pictures:
    """Stands in a processor for its image processor, and remembers what that made of each set of pictures.

    It works for every family because it hides behind the call that all of them make: whatever the processor does with
    the result (counting tiles, placing tokens, building masks), it does again for each prompt.
    """

    def __init__(self, image_processor: Any, max_pixels: int | None = None, capacity: int = CAPACITY) -> None:
        self.inner = image_processor
        self._max_pixels = max_pixels
        self._decoded: Recent[PIL.Image.Image] = Recent(capacity)
        self._made: Recent[Any] = Recent(capacity)

    def open(self, images: Sequence[Image]) -> list[PIL.Image.Image]:
        """Upright RGB pictures of at most `max_pixels` pixels. Raises UnreadableImage."""
        return [self._open(image) for image in images]

    def _open(self, image: Image) -> PIL.Image.Image:
        def decode() -> PIL.Image.Image:
            picture = shrink(image.pixels(), self._max_pixels)
            picture.info[_MARK] = image.digest
            return picture

        return self._decoded.get(image.digest, decode, _raw_bytes)

    def __call__(self, images: Any, *args: Any, **options: Any) -> Any:
        def make() -> Any:
            return self.inner(images, *args, **options)

        digests = self._digests(images)
        if digests is None:
            return make()
        made = self._made.get((digests, repr((args, sorted(options.items())))), make, bytes_of)
        return copy.copy(made)  # processors take keys out of what they get

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # a copy on its way, not yet filled
            raise AttributeError(name)
        return getattr(self.inner, name)

    def _digests(self, images: Any) -> tuple[str, ...] | None:
        """The digests of pictures in nested lists; None where one is not as it was decoded.

        A processor may cut or scale a picture first: the mark is copied to the new one, which is another picture.
        """
        if isinstance(images, PIL.Image.Image):
            digest = images.info.get(_MARK)
            return (digest,) if digest is not None and self._decoded.peek(digest) is images else None
        if not isinstance(images, list | tuple):
            return None
        found: list[str] = []
        for part in images:
            inner = self._digests(part)
            if inner is None:
                return None
            found += ("[", *inner, "]")
        return tuple(found)

    def release(self, image: Image) -> None:
        """Drops what is kept of the image."""
        self._decoded.forget(lambda digest: digest == image.digest)
        self._made.forget(lambda key: image.digest in key[0])

    def clear(self) -> None:
        self._decoded.forget(lambda key: True)
        self._made.forget(lambda key: True)


def shrink(picture: PIL.Image.Image, max_pixels: int | None) -> PIL.Image.Image:
    """The picture scaled down to at most `max_pixels` pixels, its shape kept as well as whole pixels allow."""
    width, height = picture.size
    if max_pixels is None or width * height <= max_pixels:
        return picture
    factor = math.sqrt(max_pixels / (width * height))
    short = max(1, math.floor(min(width, height) * factor))
    long = max(1, min(math.floor(max(width, height) * factor), max_pixels // short))
    size = (long, short) if width >= height else (short, long)
    return picture.resize(size, PIL.Image.Resampling.BICUBIC, reducing_gap=3.0)


def _raw_bytes(picture: PIL.Image.Image) -> int:
    return 3 * picture.width * picture.height


def bytes_of(value: Any) -> int:
    """The bytes of the tensors and arrays in nested containers."""
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, Mapping):
        return sum(map(bytes_of, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(bytes_of, value))
    return 0
