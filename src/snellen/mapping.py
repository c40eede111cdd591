"""Which of a recogniser's concepts stand for which class: by rules in a fixed order, and told by which.

`mapping`   what the user says; it wins always, and a concept that it maps to no class belongs to none;
`exact`     the concept, or one of its names between commas, is the class's name but for case, punctuation, number
            (airplane, airplanes) and the spelling of compounds (sea horse, seahorse). Of the concepts of a class those
            called exactly so go before those called nearly so, and these before those that are only also called so:
            a harp is no "harmonica, mouth organ, harp" where there is a "harp";
`hypernym`  what WordNet says (`wordnet.py`), given from outside as a concept's class, or none;
`head`      the concept's first name ends in the class's name, as "reflex camera" does in camera (see `_ends_in_class`);
`embedding` the class whose name is nearest by the vectors of a model of texts, given from outside as hypernyms are.

Rules look at the vocabulary and the classes alone; what a mapping says of one concept changes no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from snellen.matcher import Matcher, matcher_of
from snellen.types import Classes
from snellen.words import Words, normalise, same_but_for_number, without_articles, words

RULES = ("exact", "head")  # those that a strategy can be told to follow, the strongest first
ORDER = ("mapping", "exact", "hypernym", "head", "embedding")
_SPOKEN = {**{rule: rule for rule in ORDER}, "mapping": "the mapping", "exact": "name", "head": "head noun"}
Pairs: TypeAlias = Sequence[tuple[str, str]]
Given: TypeAlias = Mapping[str, Mapping[str, str]]  # by the name of the rule

_BINDING = frozenset({"of", "in", "on", "for", "with", "to", "and"})  # the head of such a name is not its last word


@dataclass(frozen=True, slots=True)
class Mapped:
    """For each concept in order its class and the rule that found it, or None; and what no rule could decide.

    `ambiguous` concepts fit several classes alike. `weaker` are concepts that are also called like a class that others
    are called like in the first place. `unknown` are concepts of the mapping that the vocabulary does not have.
    """

    found: tuple[tuple[str, str] | None, ...]
    ambiguous: tuple[str, ...] = ()
    weaker: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a vocabulary meets the classes: the concepts of each covered class, and the classes that have none.

    `by` is the rule that mapped each concept; for the rest see `Mapped`.
    """

    concepts: Mapping[str, tuple[str, ...]]
    uncovered: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    by: Mapping[str, str] = field(default_factory=dict)
    ambiguous: tuple[str, ...] = ()
    weaker: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes_by(self) -> dict[str, int]:
        """How many classes each rule covers; one that several cover counts for the strongest."""
        rules = [min((self.by[each] for each in concepts), key=ORDER.index) for concepts in self.concepts.values()]
        return {rule: rules.count(rule) for rule in ORDER if rule in rules}


def coverage_of(vocabulary: Sequence[str], classes: Classes, mapped: Mapped) -> Coverage:
    """What was mapped, by class."""
    concepts: dict[str, list[str]] = {name: [] for name in classes.names}
    by: dict[str, str] = {}
    for concept, match in zip(vocabulary, mapped.found, strict=True):
        if match is not None:
            concepts[match[0]].append(concept)
            by[concept] = match[1]
    return Coverage(
        {name: tuple(each) for name, each in concepts.items() if each},
        tuple(name for name, each in concepts.items() if not each),
        mapped.unknown,
        by,
        mapped.ambiguous,
        mapped.weaker,
    )


def map_concepts(
    vocabulary: Sequence[str],
    classes: Classes,
    mapping: Pairs = (),
    rules: Sequence[str] = ("exact",),
    given: Given | None = None,
) -> Mapped:
    """Maps a vocabulary to classes. No rule finds the background class; the mapping may name it.

    `given` are the rules `hypernym` and `embedding` as they were found outside: the class of a concept, or "" where it
    belongs to none; of such a concept no weaker rule says more.
    """
    given = given or {}
    matcher = matcher_of(Classes(classes.foreground))
    clashes: dict[str, None] = {}  # of the mapping itself
    ambiguous: dict[str, None] = {}
    exact, weaker = _exact(vocabulary, matcher, ambiguous)
    named = {*exact.values()}  # a vocabulary with a word of its own for the class means another thing by "sea lion"
    heads = _heads(vocabulary, matcher, ambiguous) if "head" in rules else {}
    ranked: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("mapping", _explicit(vocabulary, mapping, clashes)),
        ("exact", exact if "exact" in rules else {}),
        ("hypernym", given.get("hypernym", {})),
        ("head", {concept: name for concept, name in heads.items() if name not in named}),
        ("embedding", given.get("embedding", {})),
    )
    known = {*classes.names}
    found: dict[str, tuple[str, str] | None] = {}
    for concept in dict.fromkeys(vocabulary):
        rule, name = next(((rule, each[concept]) for rule, each in ranked if concept in each), ("", ""))
        found[concept] = (name, rule) if name in known else None
        if rule:
            ambiguous.pop(concept, None)
            weaker.pop(concept, None)
    undecided = tuple(each for each in found if each in clashes or each in ambiguous)
    return Mapped(tuple(found[each] for each in vocabulary), undecided, weaker, _unknown(vocabulary, mapping))


def rules_text(classes_by: Mapping[str, int]) -> str:
    """How many classes each rule covers, in words: `13 by name, 6 by head noun`."""
    return ", ".join(f"{count} by {_SPOKEN[rule]}" for rule, count in classes_by.items())


def names_of(concept: str) -> list[str]:
    """The names of a concept, which commas part: "tabby, tabby cat" has two."""
    return [name.strip() for name in concept.split(",") if name.strip()]


# The mapping


def _explicit(vocabulary: Sequence[str], mapping: Pairs, clashes: dict[str, None]) -> dict[str, str]:
    """By the whole concept first, then by its names in their order; "" for a concept that is said to have no class.

    What is a whole concept, letter by letter, is said of no other: a line for "harp" says nothing of "harmonica, harp".
    """
    exact, whole = dict(mapping), {*vocabulary}
    folded: dict[str, str | None] = {}
    for concept, name in mapping:
        if concept in whole:
            continue
        key = normalise(concept)
        folded[key] = name if folded.get(key, name) == name else None  # two classes by one name: neither
    folded.pop("", None)
    found: dict[str, str] = {}
    for concept in vocabulary:
        if concept in exact:
            found[concept] = exact[concept]
            continue
        hit = next((key for key in map(normalise, (concept, *names_of(concept))) if key in folded), None)
        if hit is not None:
            if folded[hit] is None:
                clashes[concept] = None
            found[concept] = folded[hit] or ""
    return found


def _unknown(vocabulary: Sequence[str], mapping: Pairs) -> tuple[str, ...]:
    if not mapping:
        return ()
    present = {key for concept in vocabulary for key in (concept, *map(normalise, (concept, *names_of(concept))))}
    return tuple(each for each, _ in mapping if each not in present and normalise(each) not in present)


# The rule `exact`


def _exact(
    vocabulary: Sequence[str], matcher: Matcher, ambiguous: dict[str, None]
) -> tuple[dict[str, str], dict[str, str]]:
    """The class of each concept that has one, and the concepts left out because others are called so more plainly."""
    found: dict[str, tuple[str, int]] = {}
    for concept in dict.fromkeys(vocabulary):
        hit = _class_named(concept, matcher)
        if hit is not None and hit[0] is None:
            ambiguous[concept] = None
        elif hit is not None and hit[0] is not None:
            found[concept] = (hit[0], hit[1])
    plainest: dict[str, int] = {}
    for name, plainness in found.values():
        plainest[name] = min(plainest.get(name, plainness), plainness)
    exact = {concept: name for concept, (name, plainness) in found.items() if plainness == plainest[name]}
    return exact, {concept: name for concept, (name, _) in found.items() if concept not in exact}


def _class_named(concept: str, matcher: Matcher) -> tuple[str | None, int] | None:
    """The class (None: several) that the concept or the first of its names fits, and how plainly: 0 is most plainly."""
    names = names_of(concept)
    for place, name in enumerate((concept, *names)):
        # the whole and its first name are what it is mostly called
        if name in matcher.exact:
            return matcher.exact[name], 2 if place > 1 else 0
        form = without_articles(words(name))
        if form in matcher.forms:
            return matcher.forms[form], 2 if place > 1 else 1
    return None


# The rule `head`


def _heads(vocabulary: Sequence[str], matcher: Matcher, ambiguous: dict[str, None]) -> dict[str, str]:
    ends = Counter(end for concept in dict.fromkeys(vocabulary) for end in {_end(each) for each in names_of(concept)})
    found: dict[str, str] = {}
    for concept in dict.fromkeys(vocabulary):
        for form in _ends_in_class(concept, ends):
            if form in matcher.forms:
                if (name := matcher.forms[form]) is None:
                    ambiguous[concept] = None
                else:
                    found[concept] = name
                break
    return found


def _ends_in_class(concept: str, ends: Counter[str]) -> Iterator[Words]:
    """The ends of a concept's first name that may name what it is, the longest first; none where that is doubtful.

    The last word of a compound names its kind, but not in a metaphor. Doubt is raised by the concept's own names: one
    that ends otherwise (walking stick, stick insect), one that is the same in one word (hot dog, hotdog). A possessive
    (lady's slipper), an "of" (hen of the woods), a hyphen at the end (four-poster) stand in no plain compound, and
    only the first name is what it is mostly called (koala, koala bear). Latin names say nothing: they begin with a
    capital letter and end like no other concept.
    """
    first, *others = names_of(concept) or [""]
    if not _is_compound(first):
        return
    joined = _joined(first)
    for other in others:
        if other.isalnum() and _joined(other) == joined:
            return
        latin = other[:1].isupper() and ends[_end(other)] < 2
        if _is_compound(other) and not latin and not same_but_for_number(_end(other), _end(first)):
            return
    said = without_articles(words(first))
    for length in range(len(said) - 1, 0, -1):
        yield said[-length:]


def _is_compound(name: str) -> bool:
    parts = name.casefold().split()
    return len(parts) > 1 and "-" not in parts[-1] and "'" not in name and "’" not in name and not _BINDING & {*parts}


def _joined(name: str) -> str:
    return "".join(words(name))


def _end(name: str) -> str:
    return (words(name) or ("",))[-1]
