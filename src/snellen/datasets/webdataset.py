"""`webdataset`: tar shards of samples, such as `0001.jpg` beside `0001.cls`.

    snellen run -d pets.tar -m …                                   one shard, plain or gzip
    snellen run -d 'webdataset/pets-{0000..0003}.tar' -m …         several; * and ? stand for characters, too
    snellen run -d 'pets.tar,label_member=json,label_key=kind' -m …

Members with one name up to the first dot of its last part are a sample. It has one image and a label: `.cls` (a whole
number or a text), `.txt` (a text) or `.json` (either, under a key). Whole numbers count from 0 in `class_list`, or in
the file classes.txt or classnames.txt beside the shards. Shards are read in a stream and never unpacked to disk; links,
devices and names that lead out of the archive are refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from snellen.errors import WrongUse, nearest
from snellen.image_files import EXTENSIONS
from snellen.images import Image
from snellen.naming import printable
from snellen.shards import Shard, Shards, find_shards
from snellen.stored_labels import Label, as_written, name_labels, read_class_list, read_label
from snellen.tar_samples import Sample, read_samples
from snellen.types import Classes, Example

SUFFIXES = (".tar", ".tar.gz", ".tgz")
_IMAGES = frozenset(extension.removeprefix(".") for extension in EXTENSIONS)
_LABELS = ("cls", "txt", "json")
_CLASS_FILES = ("classes.txt", "classnames.txt")


@dataclass(frozen=True, slots=True)
class Options:
    """`label_member`: cls, txt or json; by default the first of these that the first sample has. `label_key`: the key
    of the label in a .json, with dots for keys within. `class_list`: the class names in the order of their numbers, a
    list or a text file with one a line. `background`: the label for "none of the others"; by default one called
    background or clutter; an empty text for none. `class_names`: a file of new class names, `name,class_name` or a
    mapping of old to new.
    """

    label_member: Literal["cls", "txt", "json"] | None = None
    label_key: str = "label"
    class_list: tuple[str, ...] | str | None = None
    background: str | None = None
    class_names: str | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the samples of the shards are to be understood."""

    shards: Shards
    member: str
    label_key: str

    def read(self, images: bool) -> Iterator[tuple[Shard, Sample, bytes, Label]]:
        """Each sample with its shard, its image (no bytes unless `images`) and its label."""
        wanted = _IMAGES | {self.member} if images else frozenset({self.member})
        for shard in self.shards:
            shard.check()
            for sample in read_samples(shard.path, wanted, _IMAGES):
                where = _where(shard, sample)
                found = [extension for extension in sample.members if extension in _IMAGES]
                if len(found) != 1:
                    had = f"the images {', '.join(f'.{each}' for each in found)}" if found else "no image"
                    raise WrongUse(f"{where}: has {had}; expected one, such as .jpg or .png")
                if self.member not in sample.members:
                    raise WrongUse(
                        f"{where}: has no label; expected .{self.member} as in the first sample, or say what holds it "
                        f"by label_member={'|'.join(_LABELS)}"
                    )
                yield shard, sample, sample.members[found[0]], self._label(sample, where)
            shard.check()

    def _label(self, sample: Sample, where: str) -> Label:
        text = sample.text(self.member, where).strip()
        if self.member == "json":
            return read_label(_under(self.label_key, text, where), f"{where}, {self.label_key!r} of its .json")
        if self.member == "cls" and re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            return int(text)
        return read_label(text, where)


@dataclass(frozen=True)
class WebDataset:
    """The samples of the shards in their order; it holds class names, never the samples.

    Examples are named by their keys where these are unique, else by shard and key.
    """

    reading: _Reading
    by_key: bool
    classes: Classes
    labels: Mapping[Label, str]  # as stored, to class names
    count: int
    warnings: list[str]

    @property
    def name(self) -> str:
        return self.reading.shards.name

    @property
    def source(self) -> str:
        return f"webdataset:{self.reading.shards.place}"

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Example]:
        for shard, sample, data, label in self.reading.read(images=True):
            if label not in self.labels:
                raise WrongUse(f"{shard.path} changed while it was in use; run again")
            key = printable(sample.key)
            yield Example(key if self.by_key else f"{shard.name}:{key}", Image(data=data), self.labels[label])


def load(name: str, options: Options) -> WebDataset:
    """The data set in the shard, the folder or the pattern `name`. Raises WrongUse where the shards are not whole."""
    shards = find_shards(
        name, SUFFIXES, "a .tar shard, a folder of them or a pattern such as 'shards-{0000..0003}.tar'"
    )
    reading = _Reading(shards, options.label_member or _first_label(shards), options.label_key)
    found, by_key, count = _survey(reading)
    if not count:
        raise WrongUse(f"{shards.place}: expected samples such as 0001.jpg beside 0001.cls, found none")
    listed = read_class_list(options.class_list)
    if not listed and any(isinstance(label, int) for label in found):
        listed = _beside(shards)
    classes, labels, warnings = name_labels(
        found, as_written(listed), options.background, options.class_names, shards.place
    )
    return WebDataset(reading, by_key, classes, labels, count, warnings)


def _where(shard: Shard, sample: Sample) -> str:
    return f"{printable(str(shard.path))}, sample {printable(sample.key)}"


def _first_label(shards: Shards) -> str:
    """The extension of the label in the first sample."""
    for shard in shards:
        for sample in read_samples(shard.path, frozenset(_LABELS), frozenset()):
            for extension in _LABELS:
                if extension in sample.members:
                    return extension
            raise WrongUse(
                f"{_where(shard, sample)}: has no label; expected one of {', '.join(f'.{each}' for each in _LABELS)}"
            )
    return _LABELS[0]


def _survey(reading: _Reading) -> tuple[dict[Label, str], bool, int]:
    """Where each label stands first, whether keys are unique over all shards, and the number of samples.

    No image is read. 32 bytes a sample tell repeated keys. Raises WrongUse where a shard has a key twice.
    """
    found: dict[Label, str] = {}
    everywhere: set[bytes] = set()
    here: set[bytes] = set()
    current: Shard | None = None
    by_key = True
    count = 0
    for shard, sample, _, label in reading.read(images=False):
        if shard is not current:
            current = shard
            here.clear()
        digest = hashlib.blake2b(sample.key.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        if digest in here:
            raise WrongUse(
                f"{_where(shard, sample)}: the key stands in the shard before; the members of a sample lie side by "
                "side, and no two samples have one key"
            )
        here.add(digest)
        by_key = by_key and digest not in everywhere
        everywhere.add(digest)
        found.setdefault(label, _where(shard, sample))
        count += 1
    return found, by_key, count


def _beside(shards: Shards) -> list[str]:
    """The class names of a file beside the shards, none where there is none."""
    for name in _CLASS_FILES:
        path = shards.files[0].path.parent / name
        if path.is_file():
            return read_class_list(str(path))
    return []


def _under(key: str, text: str, where: str) -> object:
    """The value under a key of a JSON object, dots leading into objects within."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"{where}: its .json is not readable: {error}") from None
    for part in [key] if isinstance(value, dict) and key in value else key.split("."):
        if not isinstance(value, dict) or part not in value:
            known = nearest(part, value) if isinstance(value, dict) else ""
            raise WrongUse(f"{where}: its .json has no {key!r}{known}; say where the label is by label_key=NAME")
        value = value[part]
    found: object = value
    return found
