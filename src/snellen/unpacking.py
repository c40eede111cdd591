"""Takes the files of one folder out of an archive, which may be broken or made to do harm."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from snellen.errors import WrongUse, cannot_write
from snellen.naming import printable

_CHUNK = 1 << 18
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(ValueError, RuntimeError),  # such as a zero byte in a name, an encrypted or unknown compression
)


class NotAsPublished(WrongUse):
    """An archive that is not what it should be."""


def unpack(
    archive: Path, folder: str, to: Path, most_bytes: int, most_files: int, advance: Callable[[int], None]
) -> None:
    """Writes the files below the archive's `folder` into the new folder `to`; what lies elsewhere is left out.

    The archive is a tar, compressed or not, or a zip with one such tar in it that is named like the folder. `advance`
    is told how many more files are done. Raises NotAsPublished: it is broken, holds links, devices, paths that lead out
    or a file twice, or more files or bytes than said; WrongUse or Missing where files cannot be written.
    """
    files = 0
    try:
        to.mkdir()
        with _tar(archive, folder) as tar:
            for path, content in _files(tar, archive, folder, most_bytes):
                files += 1
                if files > most_files:
                    raise NotAsPublished(f"{archive} holds more than {most_files:,} files: it is not what it should be")
                (to / path).parent.mkdir(parents=True, exist_ok=True)
                with (to / path).open("xb") as file:
                    shutil.copyfileobj(content, file, _CHUNK)
                advance(1)
    except _BROKEN as error:
        raise NotAsPublished(f"{archive} is broken, or no archive: {error}") from None
    except (FileExistsError, NotADirectoryError) as error:
        raise NotAsPublished(f"{archive} holds {printable(str(error.filename))} twice") from None
    except OSError as error:
        raise cannot_write(to, error, "what was fetched is kept") from error
    if not files:
        raise NotAsPublished(f"{archive} holds no folder {folder} with files")


@contextmanager
def _tar(archive: Path, folder: str) -> Iterator[tarfile.TarFile]:
    """The archive as a stream, or the one inside a zip."""
    if not zipfile.is_zipfile(archive):
        with tarfile.open(archive, "r|*") as tar:
            yield tar
        return
    with zipfile.ZipFile(archive) as outer:
        inner = [name for name in outer.namelist() if PurePosixPath(name).name.partition(".")[0] == folder]
        if len(inner) != 1:
            raise NotAsPublished(f"{archive}: expected one archive {folder}.tar.gz in it, found {len(inner)}")
        with outer.open(inner[0]) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            yield tar


def _files(
    tar: tarfile.TarFile, archive: Path, folder: str, most_bytes: int
) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """Path below the folder, and content, of each file in it."""
    left = most_bytes
    for member in tar:
        name = member.name
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
            raise NotAsPublished(f"{archive} holds a path that may lead out of it: {printable(name)}")
        if not (member.isdir() or member.isreg()):
            raise NotAsPublished(f"{archive} holds a link or a device, which is never unpacked: {printable(name)}")
        left -= member.size
        if left < 0:
            raise NotAsPublished(f"{archive} unpacks to more than {most_bytes:,} bytes: it is not what it should be")
        content = tar.extractfile(member) if member.isreg() else None
        if content is not None and len(parts) > 1 and parts[0] == folder:
            yield PurePosixPath(*parts[1:]), content
