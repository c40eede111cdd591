"""A folder with a sub-folder of images for each class, read as a data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from snellen.errors import WrongUse
from snellen.image_files import direct_files, files_below, is_image, located, subfolders
from snellen.images import Image
from snellen.labels import readable
from snellen.naming import find_background, is_background, printable, rename, slug
from snellen.types import Classes, Example

_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
_NEVER_TOLD = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class ClassFolders:
    """The images of class folders, in sorted order; it holds counts and class names, never all file names.

    Several folders may make one class.
    """

    root: Path
    name: str
    classes: Classes
    labels: dict[str, str]  # class folder to class name
    counts: dict[str, int]  # class folder to number of images
    warnings: list[str]

    @property
    def source(self) -> str:
        return "folder:" + printable(str(self.root))

    def __len__(self) -> int:
        return sum(self.counts[folder] for folder in self.labels)

    def __iter__(self) -> Iterator[Example]:
        for folder, label in self.labels.items():
            for path in files_below(self.root / folder, self.root):
                if is_image(path):
                    yield Example(printable(path.relative_to(self.root).as_posix()), Image(path), label)


def read_class_folders(
    place: str, renames: Mapping[str, str] | None = None, background: str | None = None
) -> ClassFolders:
    """The data set in the folder `place`, its classes renamed by `renames`.

    `background` is as for `find_background`. Raises WrongUse where it is not one folder of images for each class.
    """
    root = _root(place)
    owner = printable(str(root))
    counts, warnings = _survey(root)
    folders = [folder for folder, count in counts.items() if count]
    empty = [folder for folder, count in counts.items() if not count]
    _check(root, folders, empty)
    if empty:
        warnings.append(f"{owner}: class folders without images are left out: {_some(empty)}")
    found = find_background(folders, background, owner)
    shown = {folder: readable(printable(folder)) or printable(folder) for folder in folders}
    if found is not None and is_background(found):
        shown[found] = "background"
    labels = rename(shown, renames or {}, owner)
    classes = Classes(tuple(labels.values()), None if found is None else labels[found])
    return ClassFolders(root, slug(root.name), classes, labels, counts, warnings)


def _root(name: str) -> Path:
    expected = "a folder with a sub-folder of images for each class"
    path = located(name, expected)
    if not path.is_dir():
        raise WrongUse(
            f"expected {expected}, but {name} is a file; the data set 'manifest' reads tables of images and labels"
        )
    return path


def _survey(root: Path) -> tuple[dict[str, int], list[str]]:
    """The number of images of each class folder, and a line on the files that were passed over."""
    counts: dict[str, int] = {}
    left_out = 0
    some: list[str] = []
    for folder in subfolders(root):
        counts[folder.name] = 0
        for path in files_below(folder, root):
            if is_image(path):
                counts[folder.name] += 1
            elif path.name.lower() not in _NEVER_TOLD:
                left_out += 1
                if len(some) < 3:
                    some.append(printable(path.relative_to(root).as_posix()))
    if not left_out:
        return counts, []
    shown = ", ".join(some) + (", …" if left_out > len(some) else "")
    return counts, [f"{printable(str(root))}: files that are no images are left out ({left_out}): {shown}"]


def _check(root: Path, folders: list[str], empty: list[str]) -> None:
    splits = all(folder.lower() in _SPLITS for folder in folders)
    if len(folders) > 1 and not splits:
        return
    expected = f"{printable(str(root))}: expected at least two sub-folders with images, one for each class"
    nested = _one_too_high(root, folders)
    if nested:
        raise WrongUse(f"{expected}, but {nested.name} has such sub-folders; did you mean {printable(str(nested))}?")
    if len(folders) > 1:
        return
    if folders:
        also = f" (no images in {_some(empty)})" if empty else ""
        raise WrongUse(f"{expected}, found only {printable(folders[0])}{also}")
    if empty:
        raise WrongUse(f"{expected}, but there is no image in {_some(empty)}")
    loose = sum(map(is_image, direct_files(root)))
    if loose:
        raise WrongUse(
            f"{expected}, but its {loose} images lie directly in it; sort them into folders, "
            "or list them with their labels in a table for the data set 'manifest'"
        )
    raise WrongUse(f"{expected}, but it has none")


def _one_too_high(root: Path, folders: list[str]) -> Path | None:
    """The first of the folders that is itself a folder of class folders."""
    for folder in folders:
        inner = subfolders(root / folder)
        if sum(any(map(is_image, files_below(path, root))) for path in inner) > 1:
            return root / folder
    return None


def _some(names: list[str]) -> str:
    shown = ", ".join(map(printable, names[:5]))
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
