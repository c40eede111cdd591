"""The names of a classifier's outputs, read from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse


def read_labels(model: Path, given: str | None) -> tuple[str, ...]:
    """The names in the file `given`, or in `labels.txt` beside the model. Raises WrongUse: no such file, no names."""
    path = Path(given).expanduser() if given else model.parent / "labels.txt"
    if not path.is_file():
        what = f"there is no labels file {path}" if given else f"{model} has no labels.txt beside it"
        raise WrongUse(f"onnx: {what}; give the names of its outputs, one a line, with labels=FILE")
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = _from_json(json.loads(text)) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    except (ValueError, LookupError, TypeError):
        raise WrongUse(f"onnx: {path} is neither one name a line nor a JSON list or id2label mapping") from None
    if not names:
        raise WrongUse(f"onnx: {path} is empty; expected the names of the model's outputs, one a line")
    return names


def _from_lines(text: str) -> tuple[str, ...]:
    """One name a line; a WordNet id before it, as in ImageNet's synset.txt, is left out."""
    lines = text.rstrip().split("\n") if text.strip() else []
    return tuple(re.sub(r"^n\d{8}\s+", "", line.strip()) for line in lines)


def _from_json(value: Any) -> tuple[str, ...]:
    """A list of names, {"0": name} or {"0": [id, name]}, as it is or under `id2label`."""
    if isinstance(value, dict):
        value = value.get("id2label", value)
    if isinstance(value, dict):
        numbered = {int(key): name for key, name in value.items()}
        value = [numbered[index] for index in range(len(numbered))]
    names = [name[-1] if isinstance(name, list) else name for name in value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("a name is not a text")
    return tuple(names)
