"""Class names for labels as data sets store them: whole numbers that count in a list of names, or texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from snellen.errors import WrongUse, nearest
from snellen.image_files import located
from snellen.naming import find_background, is_printable, printable, read_renames, rename
from snellen.types import Classes

Label: TypeAlias = int | str
_SHOWN = 5


def read_class_list(classes: tuple[str, ...] | str | None) -> list[str]:
    """The class names of a list or of a text file with one a line; none for None.

    Raises WrongUse: no such file, a name given twice, fewer than two.
    """
    if classes is None:
        return []
    if isinstance(classes, str):
        path = located(classes, "a file with a class name on each line as class_list")
        try:
            classes = tuple(path.read_text(encoding="utf-8-sig").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(f"class_list: cannot read {path} as text: {error}") from None
    names = [name.strip() for name in classes if name.strip()]
    check_names(names, "class_list")
    return names


def as_written(names: Sequence[str]) -> dict[str, str]:
    """Names that are the class names themselves."""
    return {name: name for name in names}


def check_names(names: Sequence[str], owner: str) -> None:
    """Raises WrongUse where names that count from 0 are fewer than two, repeated, empty or not printable."""
    repeated = next((name for name, times in Counter(names).items() if times > 1), None)
    if repeated is not None:
        raise WrongUse(f"{owner}: {repeated!r} is given twice")
    if len(names) < 2:
        raise WrongUse(f"{owner}: expected at least two names, got {', '.join(names) or 'none'}")
    for name in names:
        if not name.strip() or not is_printable(name):
            raise WrongUse(f"{owner}: expected a printable name, got {name!r}")


def read_label(value: Any, where: str) -> Label:
    """A label as it is stored, texts stripped. Raises WrongUse: none, empty, neither a whole number nor a text."""
    if value is None:
        raise WrongUse(f"{where}: has no label; leave it out or give it one")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongUse(f"{where}: expected a whole number or a text as label, got {printable(repr(value))[:80]}")
    if isinstance(value, int):
        return value
    text = value.strip()
    if not text:
        raise WrongUse(f"{where}: the label is empty")
    if not is_printable(text):
        raise WrongUse(f"{where}: the label holds control characters: {printable(text)[:80]}")
    return text


def name_labels(
    found: Mapping[Label, str], listed: Mapping[str, str], background: str | None, class_names: str | None, owner: str
) -> tuple[Classes, dict[Label, str], list[str]]:
    """The classes, the class name of each stored label, and a line on classes without images.

    `found` tells for each label where it stands first; `listed` are the names that whole numbers count in from 0, or
    those that texts must be among, each with the class name that it stands for; without them the texts found are the
    classes, sorted.
    Raises WrongUse: a label that is none of the classes, numbers without names, numbers beside texts, one class alone.
    """
    texts = [label for label in found if isinstance(label, str)]
    numbers = [label for label in found if isinstance(label, int)]
    if texts and numbers:
        raise WrongUse(
            f"{found[texts[0]]}: the label {texts[0]!r} is a text, but {found[numbers[0]]} has the number {numbers[0]}"
        )
    for number in numbers:
        _check_number(number, listed, found[number])
    for text in texts:
        if listed and text not in listed:
            raise WrongUse(f"{found[text]}: {text!r} is none of the classes{nearest(text, listed)}")
    given = list(listed) or sorted(texts)
    if len(given) < 2:
        raise WrongUse(f"{owner}: expected at least two classes, found only {', '.join(map(repr, given)) or 'none'}")
    chosen = find_background(given, background, owner)
    names = rename({name: listed.get(name, name) for name in given}, read_renames(class_names), owner)
    labels: dict[Label, str] = {label: names[given[label] if isinstance(label, int) else label] for label in found}
    used = set(labels.values())
    missing = [name for name in names.values() if name not in used]
    classes = Classes(tuple(names.values()), None if chosen is None else names[chosen])
    return classes, labels, [f"{owner}: no image has the label {_some(missing)}"] if missing else []


def _check_number(number: int, listed: Mapping[str, str], where: str) -> None:
    if not listed:
        raise WrongUse(
            f"{where}: the label is the number {number}, and nothing tells the names of the classes; give them in the "
            "order of their numbers as class_list=FILE, one name a line"
        )
    if 0 <= number < len(listed):
        return
    unlabelled = "; -1 commonly marks images whose labels are kept secret: take another split" if number == -1 else ""
    raise WrongUse(
        f"{where}: the label {number} is none of the {len(listed)} classes, which count from 0 to "
        f"{len(listed) - 1}{unlabelled}"
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
