"""WordNet's nouns, read from its database files: which class a concept belongs to as a kind of it.

Format: wndb(5WN), the manual of WordNet 3.x. `index.noun` has for each lemma the byte offsets of its synsets in
`data.noun`, the most frequent sense first; `data.noun` has a synset a line, with its words and pointers to others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from snellen.errors import WrongUse
from snellen.lint import listed
from snellen.mapping import names_of
from snellen.matcher import forms_of, matcher_of
from snellen.types import Classes
from snellen.words import normalise, same_but_for_number, words

_KIND_OF = ("@", "@i")  # hypernym, and the class of an instance


@dataclass(frozen=True, slots=True)
class Synset:
    """What words mean in one sense: the words, normalised, and the offsets of what it is a kind of."""

    names: frozenset[str]
    hypernyms: tuple[int, ...]


class WordNet:
    """The nouns in a folder with `index.noun` and `data.noun`. Raises WrongUse where they are not there, or no such."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            index = (folder / "index.noun").read_text(encoding="utf-8")
            self._data = (folder / "data.noun").read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise WrongUse(
                f"{folder}: expected WordNet's files index.noun and data.noun (its folder 'dict'): {reason}"
            ) from None
        self._senses: dict[str, tuple[int, ...]] = {}
        for line in index.splitlines():
            if not line.startswith(" "):  # the licence
                lemma, senses = self._entry(line)
                key = normalise(lemma.replace("_", " "))
                self._senses[key] = (*self._senses.get(key, ()), *senses)
        self.synset = lru_cache(maxsize=None)(self._synset)

    def senses(self, name: str) -> tuple[int, ...]:
        """The offsets of the synsets that a normalised name may mean, the most frequent first."""
        return self._senses.get(name, ())

    def _entry(self, line: str) -> tuple[str, tuple[int, ...]]:
        """A line of the index: lemma pos synset_cnt p_cnt [ptr_symbol…] sense_cnt tagsense_cnt synset_offset…"""
        fields = line.split()
        try:
            first = 6 + int(fields[3])
            senses = tuple(map(int, fields[first : first + int(fields[2])]))
        except (IndexError, ValueError):
            raise WrongUse(f"{self._folder / 'index.noun'}: no line of WordNet's index: {line[:60]!r}") from None
        return fields[0], senses

    def _synset(self, offset: int) -> Synset:
        """A line of the data: offset lex_filenum ss_type w_cnt (word lex_id)… p_cnt (symbol offset pos source)… | gloss

        Raises WrongUse where no synset begins at the offset.
        """
        line = self._data[offset : max(self._data.find(b"\n", offset), offset)].decode("utf-8", "replace")
        fields = line.partition("|")[0].split()
        try:
            if int(fields[0]) != offset:
                raise ValueError
            end = 4 + 2 * int(fields[3], 16)
            pointers = [fields[at : at + 4] for at in range(end + 1, end + 1 + 4 * int(fields[end]), 4)]
            hypernyms = tuple(int(to) for symbol, to, part, _ in pointers if symbol in _KIND_OF and part == "n")
        except (IndexError, ValueError):
            raise WrongUse(
                f"{self._folder / 'data.noun'} has no synset at {offset}, of which index.noun speaks: "
                "both files must be of one version, and unchanged"
            ) from None
        return Synset(frozenset(normalise(word.replace("_", " ")) for word in fields[4:end:2]), hypernyms)

    def meanings(self, concept: str, id: str | None = None) -> tuple[int, ...]:
        """The synsets a concept may mean: the one of its id, or those that all of its names share.

        An id such as n02123045 is an offset in WordNet 3.0; it counts only where the synset there has one of the names.
        Names that WordNet lacks say nothing. Of several synsets that share them, one that has just them is meant.
        """
        senses = {name: self.senses(name) for name in map(normalise, names_of(concept)) if self.senses(name)}
        if id is not None and any(int(id[1:]) in each for each in senses.values()):
            return (int(id[1:]),)
        shared = [sense for sense in next(iter(senses.values()), ()) if all(sense in each for each in senses.values())]
        just = [sense for sense in shared if self.synset(sense).names == senses.keys()]
        return tuple(just if len(just) == 1 else shared)

    def kinds(self, sense: int) -> Iterator[frozenset[int]]:
        """The synset itself, what it is a kind of, what that is a kind of, and so on, step by step."""
        seen: set[int] = set()
        level = frozenset({sense})
        while level:
            yield level
            seen |= level
            level = frozenset(up for each in level for up in self.synset(each).hypernyms) - seen


@dataclass(frozen=True, slots=True)
class Kinds:
    """The class that each concept is a kind of; "" where it is known to be of none. `ambiguous` ones may be of several.

    A class is meant in one sense; concepts that are of its kind in another sense of its name are `other`.
    """

    classes: dict[str, str]
    ambiguous: tuple[str, ...]
    other: dict[str, str]


def kinds_of(
    vocabulary: Sequence[str], classes: Classes, net: WordNet, ids: Sequence[str | None] | None = None
) -> Kinds:
    """Looks a vocabulary up. The nearest class wins: a dalmatian is a dalmatian, a dog where there is no such class.

    A concept of several meanings counts where all of them come to one class in one sense. `ids` are WordNet ids.
    """
    meant: dict[int, dict[str, int]] = {}  # of a sense: the classes called so, and how frequent that sense of it is
    for name in classes.foreground:
        for rank, sense in enumerate(_senses_of_class(name, net)):
            meant.setdefault(sense, {})[name] = rank
    reached: dict[str, set[tuple[str, int] | None]] = {}
    for concept, id in zip(vocabulary, ids or [None] * len(vocabulary), strict=True):
        for sense in net.meanings(concept, id):
            reached.setdefault(concept, set()).update(_nearest(sense, meant, net))
    sure = {concept: next(iter(each)) for concept, each in reached.items() if len(each) == 1}
    ranks = _senses_meant({concept: hit for concept, hit in sure.items() if hit}, classes)
    found, other = {}, {}
    for concept, hit in sure.items():
        found[concept] = hit[0] if hit and hit[1] == ranks.get(hit[0]) else ""
        if hit and not found[concept]:
            other[concept] = hit[0]
    return Kinds(found, tuple(concept for concept, each in reached.items() if len(each) > 1), other)


def _senses_meant(hits: Mapping[str, tuple[str, int]], classes: Classes) -> dict[str, int]:
    """The sense in which each class is meant, by its rank: of those that are reached the most frequent.

    Where several are, only those count that a concept is of whose own name ends in the class's: "table lamp" tells that
    a lamp is furniture, though more frequently it is anything that shines. Where none does, no sense is meant.
    """
    forms = matcher_of(Classes(classes.foreground)).forms
    reached: dict[str, set[int]] = {}
    told: dict[str, set[int]] = {}
    for concept, (name, rank) in hits.items():
        reached.setdefault(name, set()).add(rank)
        said = map(words, names_of(concept))
        if any(forms.get(each[start:]) == name for each in said for start in range(len(each))):
            told.setdefault(name, set()).add(rank)
    counted = {name: ranks if len(ranks) == 1 else told.get(name, set()) for name, ranks in reached.items()}
    return {name: min(ranks) for name, ranks in counted.items() if ranks}


def _nearest(sense: int, meant: dict[int, dict[str, int]], net: WordNet) -> set[tuple[str, int] | None]:
    """The nearest class that a synset is a kind of, with the rank of the sense; several at one distance, or None."""
    for level in net.kinds(sense):
        best: dict[str, int] = {}
        for each in level:
            for name, rank in meant.get(each, {}).items():
                best[name] = min(rank, best.get(name, rank))
        if best:
            return {*best.items()}
    return {None}


def synonyms(classes: Classes, net: WordNet) -> Iterator[str]:
    """A sentence for each meaning that is the most frequent one of several class names: a model may say any of them."""
    meant: dict[int, list[str]] = {}
    for name in classes.foreground:
        if senses := _senses_of_class(name, net):
            others = meant.setdefault(senses[0], [])
            if not any(same_but_for_number(normalise(name), normalise(other)) for other in others):
                others.append(name)
    for names in meant.values():
        if len(names) > 1:
            yield f"The names {listed(names)} mean the same, as WordNet says: a model may say any of them."


def _senses_of_class(name: str, net: WordNet) -> tuple[int, ...]:
    """The senses of a class's name in its nearest form that WordNet has: airplane for airplanes."""
    for forms in forms_of(name):
        senses = [sense for form in sorted(forms) for sense in net.senses(" ".join(form))]
        if senses:
            return tuple(dict.fromkeys(senses))
    return ()
