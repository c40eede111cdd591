"""`caltech101`: Caltech-101, 9,144 photographs of 101 kinds of objects and of background; fetched if need be.

    snellen run -d caltech101 -m …                              kept in ~/.cache/snellen/caltech101
    snellen run -d caltech101,folder=/data/caltech,names=singular …

Li, Andreeto, Ranzato and Perona, 2003: CaltechDATA, doi 10.22002/D1.20086, CC BY 4.0. Address and digest are those that
torchvision has for it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from snellen.class_folders import ClassFolders, read_class_folders
from snellen.progress import Progress, Silence
from snellen.public_archives import Archive, provided
from snellen.types import Classes

ARCHIVE = Archive(
    name="caltech101",
    url="https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    size=137_414_764,
    md5="3138e1922a9193bfa496528edbbc45d0",
    folder="101_ObjectCategories",
    page="https://data.caltech.edu/records/mzrjq-6wc02",
    unpacked=200_000_000,
)
_SINGULAR = {  # as in the class list of arXiv 2405.18415
    "Faces": "face",
    "Faces_easy": "face",
    "Leopards": "leopard",
    "Motorbikes": "motorbike",
    "airplanes": "airplane",
}


@dataclass(frozen=True, slots=True)
class Options:
    """`folder`: where the folder 101_ObjectCategories lies, or is to be put.

    `url`: another address of the same archive, or a file. `names`: `folders` takes the names of the folders; `singular`
    those of arXiv 2405.18415, in which both folders of faces are one class and four plurals are singular.
    """

    folder: str | None = None
    url: str | None = None
    names: Literal["folders", "singular"] = "folders"


def obtain(name: str, options: Options, progress: Progress) -> Path:
    """Its folder of class folders, fetched where it is not there. Raises WrongUse or Missing."""
    return provided(ARCHIVE, name, options.folder, options.url, progress)


def load(name: str, options: Options) -> ClassFolders:
    """The data set, fetched where it is not there. Raises WrongUse or Missing."""
    place = obtain(name, options, Silence())
    found = dataclasses.replace(read_class_folders(str(place)), name=ARCHIVE.name)
    if options.names == "folders":
        return found
    labels = {folder: _SINGULAR.get(folder, label) for folder, label in found.labels.items()}
    classes = Classes(tuple(dict.fromkeys(labels.values())), found.classes.background)
    return dataclasses.replace(found, labels=labels, classes=classes)
