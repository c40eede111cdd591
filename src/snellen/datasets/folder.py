"""`folder`: a folder with a sub-folder of images for each class, at any depth below it."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.class_folders import ClassFolders, read_class_folders
from snellen.naming import read_renames


@dataclass(frozen=True, slots=True)
class Options:
    """`class_names`: a file of new class names, a CSV table `name,class_name` or a YAML or JSON mapping of old to new.

    `background`: the class folder that stands for "none of the others"; by default one named background, clutter or
    BACKGROUND_Google; an empty text for none.
    """

    class_names: str | None = None
    background: str | None = None


def load(name: str, options: Options) -> ClassFolders:
    """The data set in the folder `name`. Raises WrongUse where it is not one folder of images for each class."""
    return read_class_folders(name, read_renames(options.class_names), options.background)
