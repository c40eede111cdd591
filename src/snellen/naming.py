"""From the names that data come with to class names: renaming files, the background class, names fit for files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse, nearest
from snellen.labels import readable

_ESCAPED = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BACKGROUNDS = frozenset({"background", "background google", "clutter"})


def printable(text: str) -> str:
    """The text with control characters, undecodable bytes and backslashes as backslash escapes; no two become one."""
    return _ESCAPED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def is_printable(text: str) -> bool:
    """Whether the text is free of control characters and of bytes that could not be decoded."""
    return all(character == "\\" for character in _ESCAPED.findall(text))


def slug(text: str) -> str:
    """The text as a file name: letters, digits, `_`, `.` and `-`, at most 80 of them."""
    return re.sub(r"[^\w.-]+", "-", text)[:80].strip("-.") or "data"


def is_background(name: str) -> bool:
    """Whether a folder or label has one of the usual names of a background class, such as `257.clutter`."""
    return readable(name).casefold() in _BACKGROUNDS


def find_background(given: Iterable[str], chosen: str | None, owner: str) -> str | None:
    """The one of the `given` names that is the background class, or None.

    `chosen` is its name as given or in readable form; an empty text stands for none. Without it the usual names are
    looked for. Raises WrongUse: an unknown name, or several that fit.
    """
    names = list(given)
    if chosen == "":
        return None
    if chosen is None:
        found = [name for name in names if is_background(name)]
    else:
        found = [name for name in names if name == chosen]
        found = found or [name for name in names if chosen.casefold() in (name.casefold(), readable(name).casefold())]
        if not found:
            raise WrongUse(f"{owner}: background={chosen!r} is none of its classes{nearest(chosen, names)}")
    if len(found) > 1:
        raise WrongUse(
            f"{owner}: {' and '.join(map(repr, found))} could all be the background class; "
            "say which by background=NAME, or background='' for none"
        )
    return found[0] if found else None


def rename(shown: Mapping[str, str], renames: Mapping[str, str], owner: str) -> dict[str, str]:
    """The class name for each given name: `shown` maps given names to default ones, `renames` changes either.

    Raises WrongUse: a name to be renamed that is not there, or two classes that get the same name.
    """
    known = {*shown, *shown.values(), *map(readable, shown)}
    for old in renames:
        if old not in known:
            raise WrongUse(f"{owner}: class_names renames {old!r}, which is none of its classes{nearest(old, known)}")
    result: dict[str, str] = {}
    given_by_name: dict[str, str] = {}
    for given, default in shown.items():
        olds = [old for old in dict.fromkeys((given, default, readable(given))) if old in renames]
        name = renames[olds[0]] if olds else default
        if name in given_by_name:
            raise WrongUse(
                f"{owner}: {given_by_name[name]!r} and {given!r} both become the class {name!r}; "
                "give them different names by class_names=FILE, a table with the columns name,class_name"
            )
        given_by_name[name] = given
        result[given] = name
    return result


def read_renames(path: str | None) -> dict[str, str]:
    """Old names to new ones from a CSV file `name,class_name` or a YAML or JSON mapping; no file, no renaming.

    Raises WrongUse: no such file, not readable as what its extension says, an empty or repeated name.
    """
    if path is None:
        return {}
    file = Path(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WrongUse(f"class_names: cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise WrongUse(f"class_names: {path} is not UTF-8 text; save it as UTF-8") from None
    kind = file.suffix.lower()
    if kind == ".csv":
        pairs = _csv_pairs(text, path)
    elif kind in (".yaml", ".yml", ".json"):
        pairs = _mapping_pairs(text, kind, path)
    else:
        raise WrongUse(f"class_names: expected a .csv, .yaml or .json file, got {path}")
    return _unique(pairs, path)


def _csv_pairs(text: str, path: str) -> list[tuple[Any, Any]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise WrongUse(f"class_names: {path} is no CSV table: {error}") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if header != ["name", "class_name"]:
        found = ",".join(header) or "nothing"
        raise WrongUse(f"class_names: {path} should start with the line name,class_name but has {found}")
    for row in rows[1:]:
        if len(row) != 2:
            raise WrongUse(f"class_names: {path}: expected two cells a line, name,class_name, got {row!r}")
    return [(old, new) for old, new in rows[1:]]


def _mapping_pairs(text: str, kind: str, path: str) -> list[tuple[Any, Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        if kind == ".json":
            loaded = json.loads(text, object_pairs_hook=list)  # keeps repeated keys, to be told
        else:
            # "base" leaves every word a text: `no` and `001` are class names, not False and 1
            mapping = YAML(typ="base", pure=True).load(text)
            loaded = list(mapping.items()) if isinstance(mapping, dict) else mapping
    except (YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WrongUse(f"class_names: {path} is not readable as {kind[1:].upper()}: {reason}") from None
    if not isinstance(loaded, list) or not all(isinstance(pair, tuple) for pair in loaded):
        raise WrongUse(f"class_names: {path} should map old names to new ones, as in 'ketch: sailing boat'")
    return loaded


def _unique(pairs: list[tuple[Any, Any]], path: str) -> dict[str, str]:
    renames: dict[str, str] = {}
    for old, new in pairs:
        if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or not new.strip():
            raise WrongUse(f"class_names: {path}: expected an old and a new name, got {old!r}: {new!r}")
        if old.strip() in renames:
            raise WrongUse(f"class_names: {path} renames {old.strip()!r} twice")
        renames[old.strip()] = new.strip()
    return renames
