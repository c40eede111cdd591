"""The names of a classifier's outputs, read from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeAlias

from snellen.errors import WrongUse

Labels: TypeAlias = tuple[tuple[str | None, str], ...]  # WordNet id, if there is one, and name
_SYNSET = re.compile(r"(n\d{8})\s+")


def read_label_file(path: Path, owner: str) -> Labels:
    """One name a line, or a JSON list or id2label mapping. Raises WrongUse where it holds no names."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        labels = _from_json(json.loads(text)) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    except OSError as error:
        raise WrongUse(f"{owner}: {path} cannot be read: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError):
        raise WrongUse(f"{owner}: {path} is neither one name a line nor a JSON list or id2label mapping") from None
    if not labels:
        raise WrongUse(f"{owner}: {path} is empty; expected the names of the model's outputs, one a line")
    return labels


def _from_lines(text: str) -> Labels:
    """One name a line; a WordNet id may stand before it, as in ImageNet's synset.txt."""
    lines = [line.strip() for line in text.rstrip().split("\n")] if text.strip() else []
    found = [(_SYNSET.match(line), line) for line in lines]
    return tuple((id[1], line[id.end() :]) if id else (None, line) for id, line in found)


def _from_json(value: Any) -> Labels:
    """A list of names, {"0": name} or {"0": [id, name]}, as it is or under `id2label`."""
    if isinstance(value, dict):
        value = value.get("id2label", value)
    if isinstance(value, dict):
        numbered = {int(key): name for key, name in value.items()}
        value = [numbered[index] for index in range(len(numbered))]
    labels = [(name[0], name[-1]) if isinstance(name, list) else (None, name) for name in value]
    if not all(isinstance(name, str) for _, name in labels):
        raise ValueError("a name is not a text")
    return tuple((id if _SYNSET.fullmatch(f"{id} ") else None, name) for id, name in labels)
