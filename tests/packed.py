"""Archives for tests, as data sets are published in."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from snellen.public_archives import Archive
from studies import write_photograph

FOLDERS_256 = ("001.ak47", "002.american-flag", "145.motorbikes-101", "257.clutter")
FOLDERS_101 = ("BACKGROUND_Google", "Faces", "Faces_easy", "airplanes", "car_side")


def tar_of(file: Path, members: Iterable[tuple[str | tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    """A tar of these names, or ready-made headers, and contents."""
    with tarfile.open(file, mode) as tar:  # type: ignore[call-overload]
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file


def photographs_in(place: Path, top: str, folders: Iterable[str], count: int = 3) -> list[tuple[str, bytes]]:
    """Tiny photographs as members of an archive."""
    file = place / "photo.png"
    found = []
    for folder in folders:
        for number in range(count):
            write_photograph(file, f"{folder} {number}")
            found.append((f"{top}/{folder}/image_{number:04}.jpg", file.read_bytes()))
    file.unlink()
    return found


def small_caltech256(place: Path) -> Path:
    """A tar like that of Caltech-256."""
    members = photographs_in(place, "256_ObjectCategories", FOLDERS_256)
    return tar_of(place / "256.tar", [*members, ("256_ObjectCategories/198.spider/RENAME2", b"no picture")])


def small_caltech101(place: Path) -> Path:
    """A zip like that of Caltech-101: with the tar of the images, another one, and a script."""
    inner = tar_of(place / "inner.tgz", photographs_in(place, "101_ObjectCategories", FOLDERS_101), "w:gz")
    with zipfile.ZipFile(place / "101.zip", "w") as file:
        file.write(inner, "caltech-101/101_ObjectCategories.tar.gz")
        file.writestr("caltech-101/Annotations.tar", b"")
        file.writestr("caltech-101/show_annotation.m", b"")
    return place / "101.zip"


def published(file: Path, like: Archive, url: str) -> Archive:
    """The archive as if this file were published at this address."""
    content = file.read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Archive(like.name, url, len(content), digest, like.folder, like.page, len(content))
