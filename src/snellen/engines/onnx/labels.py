"""The names of a classifier's outputs, in the file beside it."""

from __future__ import annotations

from pathlib import Path

from snellen.errors import WrongUse
from snellen.local.label_file import Labels, read_label_file


def read_labels(model: Path, given: str | None) -> tuple[str, ...]:
    """The names in the file `given`, or in `labels.txt` beside the model. Raises WrongUse: no such file, no names."""
    return tuple(name for _, name in _read(model, given))


def read_synsets(model: Path, given: str | None) -> tuple[str | None, ...]:
    """The WordNet id of each output, such as n02123045, where the file that `read_labels` reads has one."""
    return tuple(synset for synset, _ in _read(model, given))


def _read(model: Path, given: str | None) -> Labels:
    path = Path(given).expanduser() if given else model.parent / "labels.txt"
    if not path.is_file():
        what = f"there is no labels file {path}" if given else f"{model} has no labels.txt beside it"
        raise WrongUse(f"onnx: {what}; give the names of its outputs, one a line, with labels=FILE")
    return read_label_file(path, "onnx")
