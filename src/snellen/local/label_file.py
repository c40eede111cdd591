"""The names of a classifier's outputs, read from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse


def read_label_file(path: Path, owner: str) -> tuple[str, ...]:
    """One name a line, or a JSON list or id2label mapping. Raises WrongUse where it holds no names."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = _from_json(json.loads(text)) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    except OSError as error:
        raise WrongUse(f"{owner}: {path} cannot be read: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError):
        raise WrongUse(f"{owner}: {path} is neither one name a line nor a JSON list or id2label mapping") from None
    if not names:
        raise WrongUse(f"{owner}: {path} is empty; expected the names of the model's outputs, one a line")
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
