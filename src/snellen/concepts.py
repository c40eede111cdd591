"""Files that map a recogniser's concepts to classes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from snellen.errors import WrongUse, cannot_write

_COLUMNS = ["concept", "class"]
_NOTE = "by"  # a third column that says where a line comes from; it is read over


def read_mapping(path: str) -> dict[str, str]:
    """The class of each concept, from CSV with the columns `concept,class`, or from YAML or JSON (concept: class).

    A concept without a class belongs to none: "". A third column `by` may say where each line comes from.

    Raises WrongUse: no such file, or not such a mapping.
    """
    place = Path(path).expanduser()
    try:
        text = place.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise WrongUse(f"there is no mapping file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot read the mapping file {path}: {error}") from None
    pairs = _of_table(text, path) if place.suffix.lower() in (".csv", "") else _of_tree(text, path)
    return checked(pairs, path)


def checked(pairs: Iterable[tuple[str, str]], owner: str) -> dict[str, str]:
    """The pairs as a mapping in the order of the concepts. Raises WrongUse: one concept, two classes."""
    mapping: dict[str, str] = {}
    for concept, name in pairs:
        if not concept.strip():
            raise WrongUse(f"{owner}: a concept without a name is mapped to {name!r}")
        if mapping.setdefault(concept, name) != name:
            one, other = (repr(each) if each else "no class" for each in (mapping[concept], name))
            raise WrongUse(f"{owner}: {concept!r} is mapped to {one} and to {other}; keep one")
    return dict(sorted(mapping.items()))


def write_mapping(path: Path, lines: Iterable[tuple[str, str, str]]) -> None:
    """Writes concept, class and the rule that found it as CSV, to be reviewed and read again.

    Raises WrongUse: not named .csv, already there, or not to be written.
    """
    if path.suffix.lower() != ".csv":
        raise WrongUse(f"expected a file named .csv for the mapping, not {path}")
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*_COLUMNS, _NOTE])
            writer.writerows(lines)
    except FileExistsError:
        raise WrongUse(f"{path} is already there and may have been reviewed; choose another name or move it") from None
    except OSError as error:
        raise cannot_write(path, error) from None


def _of_table(text: str, path: str) -> Iterator[tuple[str, str]]:
    rows = csv.reader(text.splitlines(keepends=True))
    header = [column.strip() for column in next(rows, [])]
    if header not in (_COLUMNS, [*_COLUMNS, _NOTE]):
        raise WrongUse(f"{path}: expected the columns {','.join(_COLUMNS)}, found {','.join(header) or 'none'}")
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) not in (len(_COLUMNS), len(header)):
            raise WrongUse(
                f"{path}, line {rows.line_num}: expected {','.join(header)}, found {len(row)} values; "
                'a concept with commas stands in quotes: "tench, Tinca tinca",fish'
            )
        yield row[0].strip(), row[1].strip()


def _of_tree(text: str, path: str) -> Iterator[tuple[str, str]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # the base loader leaves every word a string, `no` and 101 too
        tree: Any = json.loads(text) if path.lower().endswith(".json") else YAML(typ="base").load(text)
    except (ValueError, YAMLError) as error:
        raise WrongUse(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise WrongUse(f"{path}: expected lines such as 'Egyptian cat: cat', found {type(tree).__name__}")
    for concept, name in tree.items():
        if not isinstance(concept, str) or not isinstance(name, str | None):
            raise WrongUse(f"{path}: the class of {concept!r} must be a name, not {name!r}")
        yield concept.strip(), (name or "").strip()
