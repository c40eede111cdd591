"""The pictures that the demo's models learn from: drawn pictograms and drawn handwriting, kept in a cache."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from snellen.datasets.demo import FIRST_SHOWN, difficulty_of
from snellen.datasets.digits import drawn
from snellen.demo import pictograms
from training import handwriting

Pixels = npt.NDArray[np.uint8]  # pictures x SIZE x SIZE x 3
SIZE = pictograms.SIZE
DIGITS = tuple("0123456789")
NAMES = (*pictograms.CLASSES, *DIGITS)  # what the models learn to tell apart
SEEN = range(1000)  # the pictures by which the networks learn to see
READ = range(1000, 1400)  # those by which the VLM learns to read: of the others its tower is surer than of any new one
HARD = range(1400, 1500)  # as hard as those of the data set, by which it learns to keep to lists
_WATCHED = range(FIRST_SHOWN - 1_000_000, FIRST_SHOWN - 1_000_000 + 12)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures with the index of each one's class in NAMES."""

    pixels: Pixels
    labels: npt.NDArray[np.int64]


def picture(label: int, number: int) -> Pixels:
    """Picture `number` of a class; a digit's paper and ink have any colours, as do its place and its size."""
    if NAMES[label] not in DIGITS:
        difficulty = difficulty_of(NAMES[label], number) if number in HARD else None
        return np.asarray(pictograms.draw(NAMES[label], number, SIZE, difficulty))
    rng = np.random.default_rng([1, label, number])
    gray = drawn(handwriting.draw(int(NAMES[label]), rng), SIZE)
    return np.repeat(gray[..., None], 3, axis=2)


def training_pictures(cache: Path, numbers: range = SEEN) -> Pictures:
    """Pictures with these numbers of each class; drawn once, by all processors, and kept in the cache.

    They are kept under what some of them look like: where the drawing has changed they are drawn anew.
    """
    sample = b"".join(picture(label, numbers.start).tobytes() for label in range(len(NAMES)))
    file = cache / f"{numbers.start}-{numbers.stop}-{hashlib.sha256(sample).hexdigest()[:12]}.npy"
    jobs = list(itertools.product(numbers, range(len(NAMES))))
    labels = np.array([label for _, label in jobs])
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.npy")
        pixels = np.lib.format.open_memmap(part, "w+", np.uint8, (len(jobs), SIZE, SIZE, 3))
        with get_context("spawn").Pool() as pool:  # a fork of a process with torch may hang
            for place, drawn_picture in enumerate(_told(pool.imap(_job, jobs, chunksize=256), len(jobs))):
                pixels[place] = drawn_picture
        pixels.flush()
        part.rename(file)
    return Pictures(np.load(file, mmap_mode="r"), labels)


def watched_pictures(cache: Path) -> Pictures:
    """Other pictures, by which the training's progress was watched and its settings were chosen."""
    return training_pictures(cache, _WATCHED)


def _job(job: tuple[int, int]) -> Pixels:
    number, label = job
    return picture(label, number)


def _told(pictures: Iterator[Pixels], total: int) -> Iterator[Pixels]:
    for count, each in enumerate(pictures, start=1):
        if count % 2000 == 0 or count == total:
            print(f"\rdrawing {count:,} of {total:,} pictures", end="\n" if count == total else "", file=sys.stderr)
        yield each
