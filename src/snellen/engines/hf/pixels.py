"""Pictures decoded once and preprocessed once, however many questions are asked about them."""

from __future__ import annotations

import copy
import math
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import PIL.Image

from snellen.engines.hf.recent import Recent
from snellen.images import Image

CAPACITY = 1 << 30  # bytes kept of decoded and of preprocessed pictures, each
_MARK = "snellen-digest"
# a decoded picture; in as many lists as the processor hands it over in, and what its image processor made of that
_Prepared: TypeAlias = tuple[PIL.Image.Image, Any, Any]


class Pictures:
    """Stands in a processor for its image processor, and remembers what that made of each set of pictures.

    Pictures that will be asked for are decoded and preprocessed by threads of its own while the model computes.

    It works for every family because it hides behind the call that all of them make: whatever the processor does with
    the result (counting tiles, placing tokens, building masks), it does again for each prompt.
    """

    def __init__(
        self, image_processor: Any, max_pixels: int | None = None, capacity: int = CAPACITY, threads: int = 1
    ) -> None:
        self.inner = image_processor
        self._max_pixels = max_pixels
        self._decoded: Recent[PIL.Image.Image] = Recent(capacity)
        self._made: Recent[Any] = Recent(capacity)
        self._threads = ThreadPoolExecutor(threads, "pictures")
        self._coming: dict[str, Future[_Prepared]] = {}
        self._call: tuple[int, tuple[Any, ...], dict[str, Any]] | None = None  # how a processor asks for one picture

    def prepare(self, image: Image) -> None:
        """Begins to decode and to preprocess an image in the background, if nothing is known of it yet."""
        if image.digest not in self._coming and self._decoded.peek(image.digest) is None:
            self._coming[image.digest] = self._threads.submit(self._prepared, image)

    def _prepared(self, image: Image) -> _Prepared:
        picture = self._decode(image)
        if self._call is None:
            return picture, None, None
        depth, args, options = self._call
        nested: Any = picture
        for _ in range(depth):
            nested = [nested]
        try:
            return picture, nested, self.inner(nested, *args, **options)
        except Exception:  # it comes again where it can be told
            return picture, None, None

    def open(self, images: Sequence[Image]) -> list[PIL.Image.Image]:
        """Upright RGB pictures of at most `max_pixels` pixels. Raises UnreadableImage."""
        return [self._open(image) for image in images]

    def _open(self, image: Image) -> PIL.Image.Image:
        coming = self._coming.pop(image.digest, None)
        if coming is None:
            return self._decoded.get(image.digest, lambda: self._decode(image), _raw_bytes)
        picture, nested, made = coming.result()
        self._decoded.put(image.digest, picture, _raw_bytes(picture))
        if nested is not None and self._call is not None:
            _, args, options = self._call
            self._made.put(_key(self._digests(nested), args, options), made, bytes_of(made))
        return picture

    def _decode(self, image: Image) -> PIL.Image.Image:
        picture = shrink(image.pixels(), self._max_pixels)
        picture.info[_MARK] = image.digest
        return picture

    def __call__(self, images: Any, *args: Any, **options: Any) -> Any:
        def make() -> Any:
            return self.inner(images, *args, **options)

        digests = self._digests(images)
        if digests is None:
            return make()
        if self._call is None and (depth := _depth(images)) is not None:
            self._call = depth, args, options
        made = self._made.get(_key(digests, args, options), make, bytes_of)
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
        if coming := self._coming.pop(image.digest, None):
            coming.cancel()
        self._decoded.forget(lambda digest: digest == image.digest)
        self._made.forget(lambda key: image.digest in key[0])

    def clear(self) -> None:
        """Drops all that is kept."""
        self._coming.clear()
        self._decoded.forget(lambda key: True)
        self._made.forget(lambda key: True)

    def close(self) -> None:
        """Ends the work in the background."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.clear()


def _key(digests: tuple[str, ...] | None, args: tuple[Any, ...], options: Mapping[str, Any]) -> Hashable:
    """What a picture was made of and how."""
    return digests, repr((args, sorted(options.items())))


def _depth(images: Any) -> int | None:
    """In how many lists a single picture is handed over; None for several pictures."""
    depth = 0
    while isinstance(images, list | tuple) and len(images) == 1:
        images, depth = images[0], depth + 1
    return depth if isinstance(images, PIL.Image.Image) else None


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
