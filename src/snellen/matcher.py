"""Finds class names among the words of a text: whole names in any of their forms, the longest where they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from snellen.types import Classes
from snellen.words import ARTICLES, BREAK, Words, in_other_number, is_word, trim, without_articles, words

_WEAK = frozenset({*ARTICLES, "i"})  # as names of classes (letters) they count only where no word follows
_OF = frozenset({"of", "in", "on"})  # the word before them takes the plural: cups of tea


@dataclass(frozen=True, slots=True)
class Mention:
    """The words `start` to `end` of a text name `label`, or more than one class: None."""

    start: int
    end: int
    label: str | None


@dataclass(frozen=True, slots=True)
class Matcher:
    """What is looked up to read a text, made once for a list of classes; None stands for more than one class."""

    exact: dict[str, str]  # the names, and the names without the spaces around them
    trimmed: dict[str, str | None]
    forms: dict[Words, str | None]
    lengths: dict[str, list[int]]  # of the forms that begin with a word, the longest first
    longest: int

    def mentions(self, said: Words) -> list[Mention]:
        """All mentions that do not lie within a longer one, in order; some may overlap."""
        found: list[Mention] = []
        reached = 0
        for start, word in enumerate(said):
            for length in self.lengths.get(word, ()):
                end = start + length
                form = said[start:end]
                if end > len(said) or form not in self.forms:
                    continue
                if length == 1 and word in _WEAK and end < len(said) and is_word(said[end]):
                    continue
                if end > reached:
                    found.append(Mention(start, end, self.forms[form]))
                    reached = end
                break
        return found

    def begins_another(self, said: Words, label: str) -> bool:
        """Whether the words, of which the last may be cut, begin a name of another class than `label`."""
        if len(said) > 1 and said[0] not in self.lengths:
            return False
        tail = " ".join(said)
        for form, owner in self.forms.items():
            if owner != label and form[0].startswith(said[0]) and " ".join(form).startswith(tail):
                return True
        return False


@lru_cache(maxsize=64)
def matcher_of(classes: Classes) -> Matcher:
    """The matcher for a list of classes. Names of nothing but space cannot be found."""
    names = [name for name in classes.names if name.strip()]
    exact = {name.strip(): name for name in reversed(names)} | {name: name for name in names}
    trimmed: dict[str, str | None] = {}
    for name in names:
        if edge := trim(name):
            trimmed[edge] = None if edge in trimmed else name
    forms = _all_forms(names)
    lengths: dict[str, set[int]] = {}
    for form in forms:
        lengths.setdefault(form[0], set()).add(len(form))
    ordered = {word: sorted(found, reverse=True) for word, found in lengths.items()}
    return Matcher(exact, trimmed, forms, ordered, max(map(len, forms), default=0))


def _all_forms(names: list[str]) -> dict[Words, str | None]:
    """Every form of every name; a nearer form of one goes before a farther one of another (`glass`, `glasses`)."""
    forms: dict[Words, str | None] = {}
    for near in zip(*map(forms_of, names), strict=True):
        found: dict[Words, str | None] = {}
        for name, each in zip(names, near, strict=True):
            for form in each:
                found[form] = None if form in found else name
        forms = found | forms
    return forms


def forms_of(name: str) -> Iterator[set[Words]]:
    """The forms of a name, the nearest first: as it is written, in the other number, as a compound joined or split."""
    said = words(name)
    for nearness in (_as_written, _in_other_number, _joined_or_split):
        yield set(nearness(said))


def _as_written(said: Words) -> Iterator[Words]:
    unbroken = tuple(word for word in said if word != BREAK)
    if unbroken:
        yield without_articles(said)
        yield without_articles(unbroken)


def _in_other_number(said: Words) -> Iterator[Words]:
    for named in _as_written(said):
        heads = {len(named), *(place for place, word in enumerate(named) if word in _OF)} - {0}
        for head in heads:
            for form in in_other_number(named[head - 1]):
                yield (*named[: head - 1], form, *named[head:])


def _joined_or_split(said: Words) -> Iterator[Words]:
    """Compounds written the other way: sea horse and seahorse."""
    for named in (*_as_written(said), *_in_other_number(said)):
        if not all(word.isalnum() for word in named):
            continue
        if len(named) > 1:
            yield ("".join(named),)
            continue
        for place in range(3, len(named[0]) - 2):  # parts of three letters at least: "a corn" is no acorn
            if named[0][:place] not in ARTICLES:
                yield (named[0][:place], named[0][place:])
