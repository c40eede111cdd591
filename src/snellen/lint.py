"""Sentences that warn of class names before anything is asked: by which answers will be hard to tell apart, or cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from snellen.labels import is_yes_or_no
from snellen.types import Classes
from snellen.words import Words, in_other_number, normalise

_LEAST, _LEAST_OF_WORD = 8, 5  # letters of what is rather miswritten than parted by one: hare and harp are two classes
_BYTES = 4  # of a token, on average


def lint(classes: Classes) -> list[str]:
    """Names that are alike, part of one another, or no names."""
    warnings = [*_alike(classes.names), *_misspelt(classes.names), *_nested(classes.names)]
    for name in classes.names:
        if is_yes_or_no(name):
            warnings.append(f"The name {name!r} reads as the answer to a yes-or-no question.")
        if not normalise(name):
            warnings.append(f"The name {name!r} is punctuation alone: only an answer of just this text names it.")
    return warnings


def too_long(classes: Classes, max_tokens: int, remedy: str) -> Iterator[str]:
    """Names that an answer of so many tokens may not hold, by an estimate of four bytes a token; and what helps."""
    tokens = {name: ceil(len(name.encode("utf-8", "surrogatepass")) / _BYTES) for name in classes.names}
    long = sorted((name for name in tokens if tokens[name] > max_tokens), key=lambda name: -tokens[name])
    if long:
        more = f" and {len(long) - 1} more" if long[1:] else ""
        yield (
            f"The name {long[0]!r}{more} may take {tokens[long[0]]} tokens or more, and an answer has {max_tokens}: "
            f"{remedy}."
        )


def _alike(names: Words) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(normalise(name), []).append(name)
    groups.pop("", None)
    joined: dict[str, str] = {}
    for key, group in groups.items():
        if len(group) > 1:
            yield f"The names {listed(group)} differ in case, articles or punctuation alone: an answer may fit each."
        for other in sorted(set(in_other_number(key)) & groups.keys()):
            if other > key or key not in in_other_number(other):
                yield f"The names {group[0]!r} and {groups[other][0]!r} differ in number alone."
        if (first := joined.setdefault(key.replace(" ", ""), group[0])) != group[0]:
            yield f"The names {first!r} and {group[0]!r} differ in spaces alone: an answer may fit each."


def _misspelt(names: Words) -> Iterator[str]:
    """Pairs that differ in one letter, left out, changed or swapped with the next; no numbers, and no series."""
    forms = {normalise(name): name for name in reversed(names)}
    long = [form for form in forms if len(form) >= _LEAST and not any(letter.isdigit() for letter in form)]
    without: dict[str, list[str]] = {}  # each form with any one letter left out: forms a letter apart meet there
    for form in reversed(long):
        for key in {form, *(form[:at] + form[at + 1 :] for at in range(len(form)))}:
            without.setdefault(key, []).append(form)
    for one, other in dict.fromkeys(tuple(group) for group in without.values() if len(group) == 2):
        known = other in in_other_number(one) or one in in_other_number(other)
        if not known and _one_apart(one, other):
            yield f"The names {forms[one]!r} and {forms[other]!r} differ in one letter: are they two classes?"


def _one_apart(one: str, other: str) -> bool:
    """Whether in a word that is long enough one letter is left out, changed, or swapped with the next."""
    short, long = sorted((one, other), key=len)
    at = next((at for at, letter in enumerate(short) if letter != long[at]), len(short))
    if " " in (long[at], *short[at : at + 1]):
        return False
    if len(long[:at].rpartition(" ")[2] + long[at:].partition(" ")[0]) < _LEAST_OF_WORD:
        return False
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = long[at : at + 2] == short[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]


def _nested(names: Words) -> Iterator[str]:
    said = {name: tuple(normalise(name).split()) for name in names}
    owners = {form: name for name, form in reversed(said.items())}
    longer: dict[str, list[str]] = {}
    for name, form in said.items():
        parts = {form[start:end] for end in range(1, len(form) + 1) for start in range(end)} - {form}
        for part in parts & owners.keys():
            longer.setdefault(owners[part], []).append(name)
    for name in names:
        if name in longer:
            others = listed(longer[name])
            yield f"The name {name!r} is part of {others}: an answer of {name!r} alone is read as {name!r}."


def listed(names: Sequence[str], most: int = 5) -> str:
    """Some names in quotes, and how many more there are."""
    shown = [repr(name) for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
