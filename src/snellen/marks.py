"""Labels that someone has marked as wrong by looking: kept beside a run, and what a corrected data set is made of."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

from filelock import FileLock, Timeout

from snellen.errors import WrongUse, cannot_write
from snellen.exports import whole_file
from snellen.naming import is_printable

FILE = "marks.json"
LOCK = ".marks.lock"
_LONGEST_NOTE = 2000
_LONGEST_FILE = 64 << 20
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Mark:
    """The label of an image is wrong; `right` is the class that it should be, None where that is not known.

    `time` is when it was marked, in seconds since 1970.
    """

    example: str
    label: str
    right: str | None = None
    note: str = ""
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image of a run: its id, its file where it has one, and its label."""

    example: str
    path: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """A corrected list of labels as CSV. `root` is the folder that its paths are relative to, None where it has none.

    `changed` labels are others now; `removed` images are left out, their right class is not known; `unwritable` ones
    are, too, as their paths are no text.
    """

    text: str
    root: str | None
    images: int
    changed: int
    removed: int
    unwritable: int


def read_marks(run: Path) -> dict[str, Mark]:
    """All marks of a run by the ids of their images. Raises WrongUse where the file is not one of marks."""
    place = run / FILE
    try:
        status = place.stat()
        if not S_ISREG(status.st_mode) or status.st_size > _LONGEST_FILE:
            raise ValueError("no file, or too long")
        kept = json.loads(place.read_text(encoding="utf-8"))
        return {str(each["example"]): _mark(each) for each in kept["marks"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise WrongUse(f"{place} holds no marks that can be read ({error}); move it away to begin anew") from None


def _mark(kept: Mapping[str, Any]) -> Mark:
    right = kept.get("right")
    return Mark(
        str(kept["example"]),
        str(kept["label"]),
        None if right is None else str(right),
        str(kept.get("note", "")),
        float(kept.get("time", 0.0)),
    )


def put_mark(run: Path, mark: Mark) -> None:
    """Keeps a mark in place of an earlier one of the same image. Raises WrongUse for a note that is too long."""
    if len(mark.note) > _LONGEST_NOTE:
        raise WrongUse(f"expected a note of at most {_LONGEST_NOTE} characters, got {len(mark.note)}")
    with _alone(run):
        marks = read_marks(run)
        marks[mark.example] = mark if mark.time else Mark(mark.example, mark.label, mark.right, mark.note, time.time())
        _write(run, marks)


def take_mark(run: Path, example: str) -> None:
    """Takes the mark of an image back, where there is one."""
    with _alone(run):
        marks = read_marks(run)
        if marks.pop(example, None) is not None:
            _write(run, marks)


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """No other viewer of the same run changes its marks meanwhile. Raises WrongUse where one never ends to."""
    place = run / LOCK
    try:
        with FileLock(place, timeout=_PATIENCE):
            yield
    except Timeout:
        raise WrongUse(f"another viewer is changing the marks ({place}); try again") from None
    except OSError as error:
        raise cannot_write(run / FILE, error, "the marks are as they were") from error


def _write(run: Path, marks: Mapping[str, Mark]) -> None:
    with whole_file(run / FILE) as file:
        json.dump({"version": 1, "marks": [asdict(mark) for mark in marks.values()]}, file, indent=1)
        file.write("\n")


def corrected(images: Iterable[Labelled], marks: Mapping[str, Mark]) -> Corrected:
    """The images with their labels corrected: a table that the data set reader `manifest` takes, with `id_column=id`.

    Paths are relative to the folder that holds all images. Where one has no file of its own, none is written: then it
    is a list of ids and labels for whoever keeps the data set.
    """
    listed = list(images)
    filed = bool(listed) and all(each.path is not None for each in listed)
    writable = [each for each in listed if not filed or is_writable(str(each.path))]
    root = _root(writable) if filed and writable else None
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["image", "label", "id"] if root is not None else ["id", "label", "corrected"])
    count = changed = removed = 0
    for each in writable:
        mark = marks.get(each.example)
        if mark is not None and mark.right is None:
            removed += 1
            continue
        label = each.label if mark is None or mark.right is None else mark.right
        count += 1
        changed += label != each.label
        if root is not None:
            table.writerow([_below(root, str(each.path)), label, each.example])
        else:
            table.writerow([each.example, label, "yes" if label != each.label else ""])
    return Corrected(written.getvalue(), root, count, changed, removed, len(listed) - len(writable))


def is_writable(path: str) -> bool:
    """Whether a cell of a table can hold the path: white space at its end would be lost."""
    return is_printable(path) and path == path.rstrip()


def _below(root: str, path: str) -> str:
    """The path relative to the root; one that begins with white space, which readers drop, begins with `./`."""
    found = os.path.relpath(path, root)
    return found if found == found.lstrip() else os.path.join(".", found)  # noqa: PTH118 (pathlib drops the dot)


def _root(images: Iterable[Labelled]) -> str:
    """The deepest folder that holds all images."""
    return os.path.commonpath({os.path.dirname(str(each.path)) for each in images})  # noqa: PTH120
