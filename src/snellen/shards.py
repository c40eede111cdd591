"""The shard files of a data set: one file, those of a folder, or those of a pattern such as `a-{00..07}.tar`."""

from __future__ import annotations

import glob
import itertools
import os.path
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from snellen.errors import WrongUse
from snellen.image_files import direct_files, located
from snellen.naming import printable, slug

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 100_000
_SPLIT = re.compile(r"(train|training|val|valid|validation|dev|test|testing)(?![a-z])", re.IGNORECASE)
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class Shard:
    """A file as it was found; `name` is its path below the folder that all shards lie in."""

    path: Path
    name: str
    stamp: tuple[int, int]  # size and time of the last change

    def check(self) -> None:
        """Raises WrongUse where the file is no longer as it was found."""
        if _stamp(self.path) != self.stamp:
            raise WrongUse(f"{printable(str(self.path))} changed while it was in use; run again")


@dataclass(frozen=True, slots=True)
class Shards:
    """The files in sorted order. `place` is what was asked for as an absolute path, `name` fits a data set."""

    place: str
    name: str
    files: tuple[Shard, ...]

    def __iter__(self) -> Iterator[Shard]:
        return iter(self.files)


def find_shards(name: str, suffixes: Sequence[str], expected: str) -> Shards:
    """The shards behind a name: a file, a folder of files with these suffixes, or a pattern of `{0..3}`, `*` and `?`.

    Links stay as they are. Raises WrongUse: nothing there, a gap in a range, an empty file, several splits in a folder.
    """
    given = os.path.abspath(Path(name).expanduser()) if name else ""  # noqa: PTH100 (a link's target may have no suffix)
    if not is_pattern(name):
        located(name, expected)  # tells that it is not there
    place = Path(given)
    if place.is_dir():
        paths = [path for path in direct_files(place) if path.name.lower().endswith(tuple(suffixes))]
        if not paths:
            raise WrongUse(f"expected {expected}, but {name} is a folder without a {' or '.join(suffixes)} file")
        _check_one_split(paths, place)
    else:
        paths = _matching(given, expected) if is_pattern(name) else [place]
    below = Path(os.path.commonpath([path.parent for path in paths]))
    shards = tuple(Shard(path, printable(path.relative_to(below).as_posix()), _checked(path)) for path in paths)
    stem = place.name.partition(".")[0] if place.is_file() else place.name if place.is_dir() else below.name
    if _SPLIT.match(stem) and place.is_file():  # a split's name tells nothing of the data set
        stem = place.parent.name
    return Shards(printable(given), slug(stem), shards)


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files, and is not the name of one that is there."""
    try:
        return re.search(r"[*?\[{]", name) is not None and not Path(name).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _matching(pattern: str, expected: str) -> list[Path]:
    paths: set[str] = set()
    folder = next(above for above in Path(pattern).parents if above.exists())  # its own name may hold brackets
    for part in _expanded(os.path.relpath(pattern, folder)):
        found = glob.glob(os.path.join(glob.escape(str(folder)), part), recursive=True)  # noqa: PTH118, PTH207
        files = [path for path in found if Path(path).is_file()]
        if not files:
            raise WrongUse(f"expected {expected}, but there is no {printable(str(folder / part))}")
        paths.update(files)
    return sorted(map(Path, paths))


def _expanded(pattern: str) -> Iterator[str]:
    """The pattern for each of the numbers or words in its braces."""
    pieces = _BRACES.split(pattern)  # texts and, between them, what stands in braces
    choices = [[piece] if index % 2 == 0 else _choices(piece, pattern) for index, piece in enumerate(pieces)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST:
        raise WrongUse(
            f"{printable(pattern)} names {count:,} files, more than {_MOST:,}; use * in the place of a range"
        )
    return ("".join(parts) for parts in itertools.product(*choices))


def _choices(inside: str, pattern: str) -> list[str]:
    found = _RANGE.fullmatch(inside)
    if found is None:
        return inside.split(",")
    first, last = int(found[1]), int(found[2])
    if not first <= last < first + _MOST:
        raise WrongUse(f"{printable(pattern)}: expected a range such as {{000..007}}, got {{{inside}}}")
    width = len(found[1]) if found[1].startswith("0") else 0
    return [f"{number:0{width}}" for number in range(first, last + 1)]


def _check_one_split(paths: Sequence[Path], folder: Path) -> None:
    """Raises WrongUse where the files of a folder are named after several splits: they must not be mixed."""
    begins = [_SPLIT.match(path.name) for path in paths]
    splits = sorted({begin[1].lower() for begin in begins if begin})
    if len(splits) > 1:
        shown = printable(str(folder))
        raise WrongUse(
            f"{shown} holds the splits {', '.join(splits)}; name the shards of one, such as '{shown}/{splits[0]}*'"
        )


def _checked(path: Path) -> tuple[int, int]:
    shown = printable(str(path))
    if not path.is_file():
        raise WrongUse(f"{shown} is not a regular file")
    try:
        with path.open("rb") as file:
            head = file.read(len(_POINTER))
    except OSError as error:
        raise WrongUse(f"cannot read {shown}: {error.strerror or error}") from None
    if not head:
        raise WrongUse(f"{shown} is empty; fetch it again")
    if head == _POINTER:
        raise WrongUse(f"{shown} is a Git LFS pointer instead of the data; fetch it with 'git lfs pull'")
    return _stamp(path)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise WrongUse(f"cannot read {printable(str(path))}: {error.strerror or error}") from None
    return status.st_size, status.st_mtime_ns
