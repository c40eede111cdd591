"""Which reader a data set is for: told by what lies at its path, or by the name in front."""

from __future__ import annotations

from pathlib import Path

from snellen import plugins
from snellen.datasets.hf_datasets import is_saved
from snellen.datasets.webdataset import SUFFIXES
from snellen.errors import WrongUse
from snellen.image_files import direct_files, files_below, is_image, subfolders
from snellen.shards import is_pattern

_SHARDS = {"parquet": (".parquet",), "webdataset": SUFFIXES}
_TABLES = (".csv", ".tsv", ".jsonl")
_NOTES = (".md", ".txt", ".json", ".yaml", ".yml")
_FILES = ".csv, .tsv, .jsonl, .parquet or .tar file"


def find_reader(path: str) -> tuple[str, str]:
    """The data set module for a path and what it is to be told: a folder, a file, a pattern, or `reader/rest`.

    Raises WrongUse where there is none.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        return _of_folder(place), path
    if place.is_file():
        if place.name.lower().endswith(_TABLES):
            return "manifest", path
        for reader, suffixes in _SHARDS.items():
            if place.name.lower().endswith(suffixes):
                return reader, path
        raise WrongUse(f"the data set {path} is a file; expected a folder of class folders, or a {_FILES}")
    reader, _, rest = path.partition("/")
    if reader in plugins.names("datasets"):
        return reader, rest
    for reader, suffixes in _SHARDS.items():
        if is_pattern(path) and path.lower().endswith(suffixes):
            return reader, path
    raise WrongUse(
        f"there is no data set {path}: expected a folder of class folders, a {_FILES}, "
        f"or one of {', '.join(plugins.names('datasets'))}"
    )


def _of_folder(place: Path) -> str:
    """A folder of shards has no other files but notes, and no images; every other one is for 'folder'."""
    if is_saved(place):
        return "hf-datasets"
    files = [path for path in direct_files(place) if path.suffix.lower() not in _NOTES]
    for reader, suffixes in _SHARDS.items():
        if files and all(path.name.lower().endswith(suffixes) for path in files):
            inside = (path for folder in subfolders(place) for path in files_below(folder, place))
            if not any(map(is_image, inside)):
                return reader
    return "folder"
