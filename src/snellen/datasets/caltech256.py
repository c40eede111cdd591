"""`caltech256`: Caltech-256, 30,607 photographs of 256 kinds of objects and of clutter; fetched if need be.

    snellen run -d caltech256 -m …                              kept in ~/.cache/snellen/caltech256
    snellen run -d caltech256,folder=/data/caltech --classes 21  kept, or found, in /data/caltech

Griffin, Holub and Perona, 2007: CaltechDATA, doi 10.22002/D1.20087, CC BY 4.0. Address and digest are those that
torchvision has for it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from snellen.class_folders import ClassFolders, read_class_folders
from snellen.naming import read_renames
from snellen.progress import Progress, Silence
from snellen.public_archives import Archive, provided

ARCHIVE = Archive(
    name="caltech256",
    url="https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar",
    size=1_183_006_720,
    md5="67b4f42ca05d46448c6bb8ecd2220f6d",
    folder="256_ObjectCategories",
    page="https://data.caltech.edu/records/nyy15-4j048",
    unpacked=1_200_000_000,
)


@dataclass(frozen=True, slots=True)
class Options:
    """`folder`: where the folder 256_ObjectCategories lies, or is to be put.

    `url`: another address of the same archive, or a file. `class_names`: as for `folder`.
    """

    folder: str | None = None
    url: str | None = None
    class_names: str | None = None


def obtain(name: str, options: Options, progress: Progress) -> Path:
    """Its folder of class folders, fetched where it is not there. Raises WrongUse or Missing."""
    return provided(ARCHIVE, name, options.folder, options.url, progress)


def load(name: str, options: Options) -> ClassFolders:
    """The data set, fetched where it is not there. Raises WrongUse or Missing."""
    place = obtain(name, options, Silence())
    return dataclasses.replace(read_class_folders(str(place), read_renames(options.class_names)), name=ARCHIVE.name)
