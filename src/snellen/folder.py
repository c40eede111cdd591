"""A run folder that is being written: its lock, its database, and the files that say what was asked and where."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from snellen.catalogue import Catalogue
from snellen.database import DATABASE, Database
from snellen.errors import WrongUse, cannot_write
from snellen.store import Store


class RunFolder:
    """`runs/NAME` in the hands of this process alone, until `close`."""

    def __init__(self, path: Path) -> None:
        """Makes the folder where there is none. Raises WrongUse where another process uses it."""
        self.path = path
        self._lock = _locked(path)
        try:
            self.database = Database(path / DATABASE)
        except BaseException:
            self._lock.release()
            raise
        self.catalogue = Catalogue(self.database)
        self.store = Store(self.database)
        self.log = path / "worker.log"

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()
        self._lock.release()

    def claim(self, source: str) -> None:
        """Ties the folder to a data source. Raises WrongUse where it belongs to another."""
        owner = self.database.fact("source")
        if owner is not None and owner != source:
            raise WrongUse(
                f"the run folder {self.path} belongs to the data source {owner}, not to {source}; "
                "choose another folder with --out"
            )
        with self.database.commit():
            self.database.set_fact("source", source)

    def lint(self, selection: int) -> Iterator[str]:
        """Lines about images that are in the selection more than once."""
        twice = torn = 0
        example = ""
        for ids, labels in self.catalogue.duplicates(selection):
            twice += len(ids) - 1
            if len(set(labels)) > 1:
                torn += 1
                example = example or " and ".join(
                    f"{id} ({label})" for id, label in list(zip(ids, labels, strict=True))[:3]
                )
        if twice:
            yield f"{twice} images are exact copies of others in the selection; they count as often as they are there."
        if torn:
            yield f"{torn} images stand under more than one label, such as {example}: no model can get both right."


def _locked(path: Path) -> FileLock:
    """The folder's lock, held; the folder is made where there is none. Raises WrongUse where another process has it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise WrongUse(
            f"the run folder {path} is in use by another process; wait for it, or choose another --out"
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
    return lock


def set_aside(path: Path) -> Path | None:
    """Renames a run folder, so that a fresh one can take its name; returns its new place.

    Its database is not opened, so a damaged one can be set aside too. Raises WrongUse where it is in use or cannot be
    renamed.
    """
    if not (path / DATABASE).exists():
        return None
    if Path.cwd().is_relative_to(path.resolve()):
        raise WrongUse(f"cannot set {path} aside: it holds the current folder; change to another one first")
    lock = _locked(path)
    try:
        place = _free(path.with_name(f"{path.name}-until-{time.strftime('%Y%m%d-%H%M%S')}"))
        path.rename(place)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        lock.release()
    return place


def _free(place: Path) -> Path:
    """The place, with a number behind it where it is taken."""
    numbered = (place.with_name(f"{place.name}-{number}") for number in count(2))
    return next(each for each in chain([place], numbered) if not each.exists())
