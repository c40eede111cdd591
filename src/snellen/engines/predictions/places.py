"""Finds the line of a table that is about an image: by its content, by its path, or by the end of its path."""

from __future__ import annotations

import os.path
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from snellen.engines.predictions.entries import Entry
from snellen.errors import WrongUse
from snellen.images import Image
from snellen.types import Failure

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Places:
    """The lines of a table by what they name: a sha-256, a path, or the end of a path of two components or more.

    A bare file name is not an end: class folders number their images alike, and it would fit several of them.
    Raises WrongUse where two lines are about the same image and differ, or `root` is no folder.
    """

    def __init__(self, table: Path, entries: Iterable[Entry], root: str | None = None) -> None:
        self.table = table
        self._real: dict[str, str] = {}
        self._contents: dict[str, Entry] = {}
        self._paths: dict[str, Entry] = {}
        self._ends: dict[tuple[str, ...], Entry] = {}
        self._bare: dict[str, Entry] = {}
        self._ended: dict[int, str] = {}  # by line: the image that its end was found to fit
        folder = table.parent if root is None else Path(root).expanduser()
        if not folder.is_dir():
            raise WrongUse(f"predictions: expected the folder of the images as root, but {root} is none")
        for entry in entries:
            self._place(entry, folder.resolve(), root is None)
        self._lengths = sorted({len(end) for end in self._ends}, reverse=True)

    def _place(self, entry: Entry, folder: Path, ends: bool) -> None:
        if _SHA256.fullmatch(entry.image):
            self._only(self._contents.setdefault(entry.image.lower(), entry), entry)
            return
        named = entry.image if "/" in entry.image else entry.image.replace("\\", "/")
        path = self._path(folder / named)
        self._only(self._paths.setdefault(path, entry), entry)
        end = PurePosixPath(_composed(named)).parts
        if not ends or PurePosixPath(named).is_absolute() or ".." in end:
            return
        if len(end) == 1:
            self._bare.setdefault(end[0], entry)
        else:
            self._ends.setdefault(end, entry)

    def _only(self, first: Entry, second: Entry) -> None:
        if not first.agrees(second):
            raise WrongUse(
                f"{self.table}, lines {first.line} and {second.line}: two different predictions for {second.image}"
            )

    def _path(self, path: Path) -> str:
        """A path as a key: absolute, links in its folder resolved once for each folder."""
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow each file)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return _composed(os.path.join(self._real[folder], name))  # noqa: PTH118

    def find(self, image: Image) -> Entry | Failure:
        """The line about an image, or why there is none: the surest way to name it first, the longest end first."""
        if self._contents and image.digest in self._contents:
            return self._contents[image.digest]
        if image.path is None:
            return Failure(f"{self.table} has no prediction for the image with the sha-256 {image.digest}")
        path = self._path(image.path)
        if path in self._paths:
            return self._paths[path]
        parts = PurePosixPath(path).parts
        for length in self._lengths:
            if (entry := self._ends.get(parts[-length:])) is not None:
                return self._once(entry, image)
        if parts[-1] in self._bare:
            return Failure(
                f"{self.table}, line {self._bare[parts[-1]].line}: {parts[-1]} alone may be in any folder; "
                "write paths such as cat/001.jpg, or give the folder of the images as root=FOLDER"
            )
        return Failure(f"{self.table} has no prediction for {'/'.join(parts[-2:])}")

    def _once(self, entry: Entry, image: Image) -> Entry | Failure:
        if self._ended.setdefault(entry.line, image.digest) == image.digest:
            return entry
        return Failure(
            f"{self.table}, line {entry.line}: {entry.image} is the end of several images' paths; "
            "write longer paths, or give the folder of the images as root=FOLDER"
        )


def _composed(text: str) -> str:
    """One form of what can be written as one or as two code points: file systems differ in it."""
    return unicodedata.normalize("NFC", text)
