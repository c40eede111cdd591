"""The names of a classifier's outputs."""

from __future__ import annotations

from pathlib import Path

from snellen.errors import WrongUse
from snellen.local.label_file import read_label_file


def read_labels(model: Path, given: str | None) -> tuple[str, ...]:
    """The names in the file `given`, or in `labels.txt` beside the model. Raises WrongUse: no such file, no names."""
    path = Path(given).expanduser() if given else model.parent / "labels.txt"
    if not path.is_file():
        what = f"there is no labels file {path}" if given else f"{model} has no labels.txt beside it"
        raise WrongUse(f"onnx: {what}; give the names of its outputs, one a line, with labels=FILE")
    return read_label_file(path, "onnx")
