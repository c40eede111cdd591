"""The samples of a tar shard in the WebDataset layout: neighbouring members with one key, read in a stream.

Nothing is written to disk. Only regular members whose names stay below the archive are accepted, and no member or
header takes more memory than its limit, whatever it says or unpacks to.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from snellen.errors import WrongUse
from snellen.naming import printable

LARGEST_MEMBER = 256 * 2**20
_LARGEST_LABEL = 2**20
_LARGEST_HEADER = 2**18  # of one member with all its extensions
_LINKS = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link", tarfile.FIFOTYPE: "a pipe"}
_DEVICES = {tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device"}
_END = "unexpected end"  # as tarfile says it, too
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Sample:
    """Members with one key by what follows it: `0001.jpg` and `0001.cls` are `jpg` and `cls` of `0001`.

    An image member that was not asked for has no bytes.
    """

    key: str
    members: Mapping[str, bytes]

    def text(self, extension: str, where: str) -> str:
        """A member as text. Raises WrongUse where it is too large for one, or not UTF-8."""
        data = self.members[extension]
        if len(data) > _LARGEST_LABEL:
            raise WrongUse(f"{where}: its .{extension} has {len(data):,} bytes, too many for a label")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise WrongUse(f"{where}: its .{extension} is not UTF-8 text") from None


def read_samples(path: Path, wanted: frozenset[str], skipped: frozenset[str]) -> Iterator[Sample]:
    """The samples of a shard, plain or gzip, with the members whose extensions are `wanted`, in lower case.

    Those `skipped` are named without being read. Raises WrongUse: a cut or damaged shard, a member that is none of a
    sample's or could escape, two members with one name.
    """
    key: str | None = None
    members: dict[str, bytes] = {}
    for name, extension, data in _members(path, wanted, skipped):
        if name != key:
            if key is not None:
                yield Sample(key, members)
            key, members = name, {}
        if extension in members:
            raise WrongUse(f"{printable(str(path))}: {printable(name)} has two members .{extension}")
        if data is not None:
            members[extension] = data
    if key is not None:
        yield Sample(key, members)


def _members(path: Path, wanted: frozenset[str], skipped: frozenset[str]) -> Iterator[tuple[str, str, bytes | None]]:
    """Key, extension and bytes of each regular member; no bytes of what is not wanted."""
    shown = printable(str(path))
    with _opened(path) as source:
        tar = tarfile.TarFile(fileobj=source, mode="r", tarinfo=_Member)  # type: ignore[arg-type]
        name = "the first member"
        while (member := _next(tar, source, shown, name)) is not None:
            name = _checked_name(member, shown)
            if member.isreg():
                folder, slash, base = name.rpartition("/")
                stem, _, extension = base.partition(".")
                extension = extension.lower()
                if stem and extension in wanted:
                    yield folder + slash + stem, extension, _read(member, source, shown)
                elif stem:
                    yield folder + slash + stem, extension, b"" if extension in skipped else None
        source.check_end(shown)


def _next(tar: tarfile.TarFile, source: _Source, shown: str, before: str) -> tarfile.TarInfo | None:
    """The header after that of the member `before`, without those before it being kept."""
    tar.members.clear()  # type: ignore[attr-defined]
    source.allow(_LARGEST_HEADER)
    try:
        member = tar.next()
    except tarfile.ReadError as error:
        if _END in str(error):
            raise _cut(shown, f"or after {before}") from None
        raise
    if member is not None and member.size < 0:
        raise tarfile.ReadError(f"{member.name} has a size below 0")
    return member


def _checked_name(member: tarfile.TarInfo, shown: str) -> str:
    """The member's name. Raises WrongUse for what is no regular member or lies outside the archive."""
    parts = member.name.split("/")
    name = printable(member.name)
    if member.name.startswith("/") or ".." in parts:
        raise WrongUse(f"{shown}: the member {name} leads out of the archive; such a shard is not read")
    kind = {**_LINKS, **_DEVICES}.get(member.type)
    if member.issparse():
        kind = "a sparse file"
    if kind is None and not (member.isreg() or member.isdir()):
        kind = f"of an unknown kind {member.type!r}"
    if kind is not None:
        raise WrongUse(f"{shown}: the member {name} is {kind}; write the shard again with regular files alone")
    return "/".join(part for part in parts if part not in ("", "."))


def _read(member: tarfile.TarInfo, source: _Source, shown: str) -> bytes:
    if member.size > LARGEST_MEMBER:
        raise WrongUse(
            f"{shown}: the member {printable(member.name)} has {member.size:,} bytes, more than the accepted "
            f"{LARGEST_MEMBER:,}"
        )
    source.allow(member.size)
    source.seek(member.offset_data)
    data = source.read(member.size)
    if len(data) < member.size:
        raise _cut(shown, printable(member.name))
    return data


def _cut(shown: str, at: str) -> WrongUse:
    return WrongUse(f"{shown}: unexpected end in {at}: the shard is cut; fetch or write it again")


class _Member(tarfile.TarInfo):
    """A header that is read strictly: tarfile takes a cut or damaged one behind the first for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Any:
        try:
            return super().fromtarfile(tarfile_)
        except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError):  # type: ignore[attr-defined]
            raise tarfile.ReadError(_END) from None
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None


class _Source:
    """A file that gives no more bytes than were allowed, so that no header can fill the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _LARGEST_HEADER

    def allow(self, count: int) -> None:
        self._left = count

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise tarfile.ReadError("a header that is too large")
        self._left -= count
        return self._file.read(count)

    def seek(self, place: int) -> None:
        self._file.seek(place)

    def tell(self) -> int:
        return self._file.tell()

    def check_end(self, shown: str) -> None:
        """Raises WrongUse where anything but zeros follows the mark of the end."""
        while block := self._file.read(2**16):
            if any(block):
                raise WrongUse(
                    f"{shown}: goes on behind its end; shards that were joined are read as single files, or unpacked "
                    "and packed again"
                )


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    """The shard's bytes, unpacked where it is gzip, and what goes wrong in reading them told as what to do."""
    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield _Source(unpacked)  # type: ignore[arg-type]
            else:
                yield _Source(file)
    except EOFError:
        raise _cut(shown, "its compressed data") from None
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, RecursionError) as error:
        if _END in str(error):
            raise _cut(shown, "or before the first member") from None
        reason = printable(" ".join(str(error).split()))[:200]
        raise WrongUse(f"{shown} cannot be read as a tar shard, it is damaged or of another kind: {reason}") from None
    except OSError as error:
        raise WrongUse(f"cannot read {shown}: {error.strerror or error}") from None
