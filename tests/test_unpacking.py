"""What is unpacked stays in its folder, within its limits, and is whole."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from packed import tar_of
from snellen.errors import Missing, WrongUse
from snellen.unpacking import NotAsPublished, unpack


def unpacked(archive: Path, to: Path, most_bytes: int = 10_000, most_files: int = 10) -> dict[str, bytes]:
    """The files that come out of the archive's folder `pets`."""
    done: list[int] = []
    unpack(archive, "pets", to, most_bytes, most_files, done.append)
    found = {str(path.relative_to(to)): path.read_bytes() for path in to.rglob("*") if path.is_file()}
    assert len(found) == sum(done)
    return found


def header(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


MEMBERS = [
    (header("pets", tarfile.DIRTYPE), b""),
    ("pets/cat/1.jpg", b"cat"),
    ("./pets/dog/2.jpg", b"dog"),
    ("notes/readme.txt", b"elsewhere"),
    ("pets.txt", b"elsewhere"),
]
FILES = {"cat/1.jpg": b"cat", "dog/2.jpg": b"dog"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_the_files_of_the_folder_come_out_and_no_others(tmp_path: Path, mode: str) -> None:
    assert unpacked(tar_of(tmp_path / "a", MEMBERS, mode), tmp_path / "out") == FILES


def test_a_tar_may_lie_in_a_zip(tmp_path: Path) -> None:
    inner = tar_of(tmp_path / "inner", MEMBERS, "w:gz")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.write(inner, "all/pets.tar.gz")
        file.writestr("all/other.tar", b"")
    assert unpacked(tmp_path / "a.zip", tmp_path / "out") == FILES
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("all/other.tar", b"")
    with pytest.raises(NotAsPublished, match=r"expected one archive pets.tar.gz in it, found 0"):
        unpacked(tmp_path / "b.zip", tmp_path / "out2")


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (header("/pets/a"), "may lead out of it: /pets/a"),
        (header("pets/../../a"), "may lead out"),
        (header("../a"), "may lead out"),
        (header("pets/..\\..\\a"), "may lead out"),
        (header("pets/C:\\a"), "may lead out"),
        (header("pets/a", tarfile.SYMTYPE, "/etc/passwd"), "a link or a device, which is never unpacked: pets/a"),
        (header("pets/cat", tarfile.SYMTYPE, ".."), "a link or a device"),
        (header("pets/a", tarfile.LNKTYPE, "../../a"), "a link or a device"),
        (header("pets/a", tarfile.CHRTYPE), "a link or a device"),
        (header("pets/a", tarfile.BLKTYPE), "a link or a device"),
        (header("pets/a", tarfile.FIFOTYPE), "a link or a device"),
        (header("other/a", tarfile.SYMTYPE, "/"), "a link or a device"),
        (header("pets/cat/1.jpg"), "holds .*pets.*cat/1.jpg twice|holds .*cat/1.jpg twice"),
        (header("pets/cat/1.jpg/more"), "twice"),
        (header("pets/cat\n\x1b[31m/../x"), r"cat\\n\\x1b"),
    ],
)  # fmt: skip
def test_what_leads_out_of_the_folder_is_refused(tmp_path: Path, member: tarfile.TarInfo, told: str) -> None:
    archive = tar_of(tmp_path / "a", [("pets/cat/1.jpg", b"cat"), (member, b"x")])
    before = sorted(tmp_path.parent.glob("*"))
    with pytest.raises(NotAsPublished, match=told) as raised:
        unpacked(archive, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.parent.glob("*")) == before
    assert {path.name for path in tmp_path.iterdir()} == {"a", "out"}


def test_no_more_is_written_than_is_expected(tmp_path: Path) -> None:
    bomb = tar_of(tmp_path / "a", [("pets/cat/1.jpg", b"cat"), ("pets/zeros", bytes(1_000_000))], "w:gz")
    assert bomb.stat().st_size < 2000
    with pytest.raises(NotAsPublished, match="unpacks to more than 10,000 bytes"):
        unpacked(bomb, tmp_path / "out")
    assert not (tmp_path / "out/zeros").exists()
    elsewhere = tar_of(tmp_path / "b", [("pets/cat/1.jpg", b"cat"), ("other/zeros", bytes(1_000_000))], "w:gz")
    with pytest.raises(NotAsPublished, match="more than 10,000 bytes"):
        unpacked(elsewhere, tmp_path / "out2")
    many = tar_of(tmp_path / "c", [(f"pets/{number}.jpg", b"") for number in range(11)])
    with pytest.raises(NotAsPublished, match="more than 10 files"):
        unpacked(many, tmp_path / "out3")


def test_a_broken_archive_is_told(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "a", [("pets/1.jpg", bytes(5000))], "w:gz").read_bytes()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pets.tar.gz", whole)
    torn = bytearray(zipped.getvalue())
    torn[45:60] = bytes(15)
    encrypted = bytearray(zipped.getvalue())
    struct.pack_into("<H", encrypted, 6, 1)
    struct.pack_into("<H", encrypted, encrypted.index(b"PK\x01\x02") + 8, 1)
    contents = [b"", b"no archive at all", whole[:-20], whole[:40], gzip.compress(b"no tar" * 500), torn, encrypted]
    for number, content in enumerate(contents):
        (tmp_path / "b").write_bytes(content)
        with pytest.raises(NotAsPublished, match=r"broken, or no archive|holds no folder"):
            unpacked(tmp_path / "b", tmp_path / f"out{number}")


def test_an_archive_of_something_else_is_told(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a", [("cars/1.jpg", b"x")])
    with pytest.raises(NotAsPublished, match="holds no folder pets with files"):
        unpacked(archive, tmp_path / "out")


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a", [(f"pets/{'x' * 300}.jpg", b"x")])
    with pytest.raises((WrongUse, Missing), match="cannot write"):
        unpacked(archive, tmp_path / "out")
