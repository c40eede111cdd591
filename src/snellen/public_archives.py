"""Data sets that are published as an archive: fetched once, checked, unpacked, and kept in a folder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

from snellen.downloads import MEGABYTE, NotFetched, download, size_of
from snellen.errors import Missing, WrongUse, cannot_write
from snellen.progress import Progress
from snellen.unpacking import NotAsPublished, unpack

_ROOM = 100 * MEGABYTE  # that is left free on a disk
_LARGER = 3  # how many times as large as published it may unpack
_MOST_FILES = 200_000


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as it is published: its address, bytes and MD5 digest, and the folder of class folders in it.

    `page` is where people find it. `unpacked` are the bytes of the files, about.
    """

    name: str
    url: str
    size: int
    md5: str
    folder: str
    page: str
    unpacked: int


def provided(archive: Archive, name: str, place: str | None, url: str | None, progress: Progress) -> Path:
    """The folder of class folders, in `place` or in a cache folder of the user's; fetched where it is not there.

    `name` is what stood behind the data set's name, which takes none. `url` is another address of the same archive, or
    a file. Raises WrongUse or Missing, saying how to do without.
    """
    if name:
        raise WrongUse(f"{archive.name}/{name}: expected nothing behind the name; say where it lies by folder={name}")
    root = _root(archive, place)
    if root.name == archive.folder and root.is_dir():
        return root
    done = root / archive.folder
    if not done.is_dir():
        try:
            root.mkdir(parents=True, exist_ok=True)
            with _alone(root, progress):
                if not done.is_dir():  # else another process has made it
                    _make(archive, root, url or archive.url, progress)
                    progress.say(f"{archive.name} is in {done}")
        except OSError as error:
            raise cannot_write(root, error, "nothing is lost") from error
    return done


def _root(archive: Archive, place: str | None) -> Path:
    try:
        found = Path(place).expanduser() if place else Path.home() / ".cache" / "snellen" / archive.name
    except RuntimeError:
        raise WrongUse(f"{archive.name}: nobody knows your home folder; say where to keep it by folder=PATH") from None
    return found.resolve()


@contextmanager
def _alone(root: Path, progress: Progress) -> Iterator[None]:
    """Holds the folder's lock; it is waited for where another process fetches the same."""
    lock = FileLock(root / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say(f"waiting for another process that fetches into {root}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _make(archive: Archive, root: Path, url: str, progress: Progress) -> None:
    """Brings the archive's folder into `root`, where it appears whole."""
    hint = f"or get it from {archive.page}, unpack it, and name its folder {archive.folder} with -d"
    own = local_file(url)
    file = own or root / f"{archive.name}.partial"
    _check_room(root, archive.unpacked + (0 if own else archive.size - size_of(file)))
    try:
        if own is None:
            progress.say(f"{archive.name}: {archive.size / 1e6:,.0f} MB from {url} into {root}")
            _download(url, file, archive.size, progress)
        _check(archive, file, url, progress)
        _unpack(archive, file, root, progress)
    except NotFetched as error:
        raise NotFetched(f"{error}; run the same command again, {hint}") from None
    except NotAsPublished as error:
        if own is not None:
            raise
        file.unlink()
        raise NotAsPublished(f"{error}; nothing of it is kept; try again, {hint}") from None
    if own is None:
        file.unlink()


def _download(url: str, file: Path, size: int, progress: Progress) -> None:
    try:
        download(url, file, size, progress)
    except KeyboardInterrupt:
        progress.say(f"interrupted; what has come is kept in {file}: the same command again goes on")
        raise


def local_file(url: str) -> Path | None:
    """The file that an address names; None for one on the web. Raises WrongUse for other addresses, and no file."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # which raises where it is no number
    except ValueError as error:
        raise WrongUse(f"url={url}: expected an address with http:// or https://, or a file ({error})") from None
    if parts.username or parts.password:
        raise WrongUse("url: expected an address without a password in it")
    if parts.scheme in ("http", "https") and host and url.isprintable() and " " not in url:
        return None
    if "://" in url and parts.scheme != "file":
        raise WrongUse(f"url={url}: expected an address with http:// or https://, or a file")
    path = Path(url2pathname(parts.path) if parts.scheme == "file" else url).expanduser()
    if not path.is_file():
        raise WrongUse(f"url={url}: there is no such file")
    return path


def _check_room(root: Path, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed + _ROOM:
        raise Missing(
            f"no space left to fetch into {root}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB free; "
            "name another place by folder=PATH"
        )


def _check(archive: Archive, file: Path, url: str, progress: Progress) -> None:
    """Raises NotAsPublished where the file is not the published one."""
    if (size := size_of(file)) != archive.size:
        raise NotAsPublished(f"{url} has {size:,} bytes, the published {archive.name} {archive.size:,}")
    progress.begin(f"checking {archive.name}, MB", archive.size // MEGABYTE)
    try:
        digest = _md5(file, progress.advance)
    finally:
        progress.end()
    if digest != archive.md5:
        raise NotAsPublished(f"{url} is not the published {archive.name}: its MD5 is {digest}, not {archive.md5}")


def _md5(file: Path, advance: Callable[[int], None]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(MEGABYTE):
            digest.update(chunk)
            advance(len(chunk) // MEGABYTE)
    return digest.hexdigest()


def _unpack(archive: Archive, file: Path, root: Path, progress: Progress) -> None:
    unfinished = root / f".{archive.folder}.unpacking"
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
    progress.begin(f"unpacking {archive.name}, files", 0)
    try:
        unpack(file, archive.folder, unfinished, _LARGER * archive.unpacked, _MOST_FILES, progress.advance)
        unfinished.rename(root / archive.folder)
    finally:
        progress.end()
        shutil.rmtree(unfinished, ignore_errors=True)
