"""Finds the image files below a folder.

What counts as an image: every file with the extension of an image, whatever is in it, and every other file that begins
like one (a JPEG without extension, say). Hidden files and folders do not count. Links are followed, each folder is
entered once, and a link that leads nowhere counts by its name, so that a lost image is told and not passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from snellen.errors import WrongUse
from snellen.images import resembles_image
from snellen.naming import printable

_ACCEPTED = ".jpg .jpeg .jpe .jfif .mpo .png .gif .webp .avif .bmp .dib .tif .tiff .jp2 .j2k .jpx .pbm .pgm .ppm .pnm"
_OTHERS = ".heic .heif .jxl .psd .svg .ico .tga .dng .cr2 .nef .arw"  # images to whoever put them there; not readable
EXTENSIONS = frozenset(f"{_ACCEPTED} {_OTHERS}".split())


def located(name: str, expected: str) -> Path:
    """The resolved path of something that is there, `~` expanded. Raises WrongUse, saying what was `expected`."""
    try:
        path = Path(name).expanduser().resolve()
        there = bool(name) and path.exists()
    except (OSError, ValueError, RuntimeError):  # such as a name too long, a zero byte, `~` without a home
        there = False
    if not there:
        raise WrongUse(f"expected {expected}, but there is no {name!r}")
    return path


def is_image(path: Path) -> bool:
    """Whether a file counts as an image, by its extension or else by how it begins."""
    if path.suffix.lower() in EXTENSIONS:
        return True
    try:
        with path.open("rb") as file:
            return resembles_image(file.read(32))
    except OSError:
        return False


def subfolders(folder: Path) -> list[Path]:
    """The folders directly in a folder, sorted. Raises WrongUse where it cannot be read."""
    return [folder / entry.name for entry in _entries(folder) if _is_folder(entry)]


def direct_files(folder: Path) -> list[Path]:
    """The files directly in a folder, sorted. Raises WrongUse where it cannot be read."""
    return [folder / entry.name for entry in _entries(folder) if _is_file(entry)]


def files_below(folder: Path, root: Path) -> Iterator[Path]:
    """All files at any depth below a folder, sorted; a link back to `root` or above it is not followed.

    Raises WrongUse where a folder cannot be read.
    """
    return _walk(folder, {_identity(path) for path in (root, *root.parents)})


def _walk(folder: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    identity = _identity(folder)
    if identity in entered:
        return
    entered.add(identity)
    for entry in _entries(folder):
        if _is_folder(entry):
            yield from _walk(folder / entry.name, entered)
        elif _is_file(entry):
            yield folder / entry.name


def _identity(folder: Path) -> tuple[int, int]:
    try:
        status = folder.stat()
    except OSError as error:
        raise _unreadable(folder, error) from None
    return status.st_dev, status.st_ino


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from None


def _unreadable(folder: Path, error: OSError) -> WrongUse:
    return WrongUse(f"cannot read the folder {printable(str(folder))}: {error.strerror or error}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself or into a closed folder
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry).exists())
    except OSError:
        return True
