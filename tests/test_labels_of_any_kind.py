"""Rules for reading class names that hold for any names, and how they do on real ones."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from snellen.labels import Reading, normalise, read_label, readable
from snellen.lint import lint
from snellen.types import Classes, Outcome

EXACT, AMBIGUOUS = Outcome.EXACT, Outcome.AMBIGUOUS

# WORDS are English nouns with their plurals: none is of the words of the sentences below, and
# whether two names collide can be told without the code that reads them.

WORDS = {
    **{"bat": "bats", "wing": "wings", "cup": "cups", "glass": "glasses", "fly": "flies", "butter": "butters"},
    **{"knife": "knives", "man": "men", "sheep": "sheep", "box": "boxes", "horse": "horses", "sea": "seas"},
    **{"goose": "geese", "ball": "balls", "base": "bases", "tooth": "teeth", "pâté": "pâtés", "101": "101s"},
}
NOUNS = sorted(WORDS)
SENTENCES = ("It is a {}.", "The object in this photo is an {}!", "**{}**", '"{}"', "Answer: {}", "I see the {} here")


@st.composite
def names(draw: st.DrawFn) -> tuple[str, ...]:
    """A name of one to three words: the nouns it is of, in one way of writing it."""
    nouns = draw(st.lists(st.sampled_from(NOUNS), min_size=1, max_size=3))
    last = draw(st.sampled_from((nouns[-1], WORDS[nouns[-1]])))
    return (*nouns[:-1], last)


SINGULAR = {many: one for one, many in WORDS.items()} | {one: one for one in WORDS}


def written(name: tuple[str, ...], joint: str = " ", article: str = "") -> str:
    return article + joint.join(name)


def essence(name: tuple[str, ...]) -> str:
    """What names that collide have in common: their nouns in the singular, joined."""
    return "".join(SINGULAR[word] for word in name)


@st.composite
def label_sets(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Labels by the words they are of: a joint, an article and the case are drawn for each."""
    labels = {}
    for name in draw(st.lists(names(), min_size=1, max_size=8)):
        joints = (" ", "-", "_", "") if len(name) == 2 else (" ", "-", "_")  # compounds of two may be one word
        text = written(name, draw(st.sampled_from(joints)), draw(st.sampled_from(("", "", "", "the "))))
        labels[draw(st.sampled_from((text, text, text.upper(), text.title())))] = name
    return labels


def variants(label: str, name: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Other ways of writing a label, and whole answers with them."""
    other_number = (*name[:-1], WORDS.get(name[-1]) or SINGULAR[name[-1]])
    ways = [label, label.upper(), label.lower(), f"a {label}", f"The {label}", label.replace("-", " ")]
    ways += [label.replace("_", " "), label.replace(" ", "_"), written(other_number), written(other_number, "-")]
    ways += [unicodedata.normalize("NFD", label), "".join(c for c in label if not unicodedata.combining(c))]
    yield from ((way, way) for way in ways)
    yield from ((way, sentence.format(way)) for way in ways for sentence in SENTENCES)


@settings(max_examples=300, deadline=None)
@given(label_sets())
def test_a_name_in_any_form_is_never_read_as_another(labels: dict[str, tuple[str, ...]]) -> None:
    classes = Classes(tuple(labels))
    for label, name in labels.items():
        assert read_label(label, classes) == Reading(label, EXACT)
        rivals = {other for other in labels if other != label and essence(labels[other]) == essence(name)}
        alike = {other for other in rivals if spelled(other) == spelled(label)}
        for way, text in variants(label, name):
            read = read_label(text, classes)
            if not rivals or (not alike and spelled(way) == spelled(label)):
                assert read.label == label, (text, read)
            elif spelled(way) == spelled(label) and way not in alike:
                assert read.label == label or read.outcome is AMBIGUOUS, (text, read)
            else:  # another number or joint may be nearer to a rival, as "cups" is to "cups" than to "cup"
                assert read.label in {label, *rivals} or read.outcome is AMBIGUOUS, (text, read)


def spelled(text: str) -> list[str]:
    """The words of a text but for case, accents and articles."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return [word for word in re.split(r"[\s_-]+", plain) if word not in ("a", "an", "the")]


@settings(max_examples=200, deadline=None)
@given(label_sets(), st.sampled_from((", ", ",", "\n", "; ", " or ", " and ")), st.randoms(use_true_random=False))
def test_a_text_that_lists_all_names_is_ambiguous(
    labels: dict[str, tuple[str, ...]], separator: str, rng: object
) -> None:
    assume(len(labels) > 1)
    text = separator.join(labels)
    for listed in (text, f"Choose one from {text}.", f"{{{text}}}"):
        assert read_label(listed, Classes(tuple(labels))).outcome is AMBIGUOUS


ANY = st.text(min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=400, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=8, unique=True))
def test_any_name_is_read_as_itself(labels: list[str]) -> None:
    classes = Classes(tuple(labels))
    for label in labels:
        assert read_label(label, classes) == Reading(label, EXACT)
    lint(classes)


@settings(max_examples=400, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=8, unique=True))
def test_any_name_in_a_sentence_is_never_read_as_one_that_is_not_there(labels: list[str]) -> None:
    classes = Classes(tuple(labels))
    for label in labels:
        text = f"The thing here: {label}."
        read = read_label(text, classes)
        assert read.label in (None, label) or letters(read.label) in letters(text), (text, read)


def letters(text: str) -> str:
    """The text in its compatibility form but for case, accents, ASCII punctuation and space."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c) and (c.isalnum() or ord(c) > 0x2000))


# Real names


def real_names() -> dict[str, tuple[str, ...]]:
    place = os.environ.get("SNELLEN_TEST_DATA")
    if not place:
        pytest.skip("SNELLEN_TEST_DATA is unset")
    lines = Path(place, "models/imagenet-mobilenet/labels.txt").read_text(encoding="utf-8").splitlines()[1:]
    folders = sorted(folder.name for folder in Path(place, "data/photos/caltech101-97x3").iterdir() if folder.is_dir())
    return {
        "imagenet": tuple(dict.fromkeys(line.split(", ")[0] for line in lines)),
        "caltech": tuple(map(readable, folders)),
        "caltech folders": tuple(folders),
    }


def test_real_names_are_read_in_nearly_all_their_forms() -> None:
    for source, labels in real_names().items():
        classes = Classes(labels)
        total = ambiguous = 0
        for label in labels:
            assert read_label(label, classes) == Reading(label, EXACT)
            ways = {
                label,
                label.upper(),
                f"a {label}",
                f"The {label}",
                label.replace("-", " "),
                label.replace(" ", "-"),
            }
            ways |= {label.replace(" ", "_"), label.replace("_", " "), label.lower(), label.title(), f"{label}."}
            for way in ways - (set(labels) - {label}):
                for text in (way, *(sentence.format(way) for sentence in SENTENCES)):
                    read = read_label(text, classes)
                    total += 1
                    ambiguous += read.outcome is AMBIGUOUS
                    assert read.label == label or read.outcome is AMBIGUOUS, (source, text, read)
        assert ambiguous / total <= 0.01, (source, ambiguous, total)


def test_real_names_in_the_plural() -> None:
    for labels in real_names().values():
        count = Counter(map(normalise, labels))
        alike = {label for label in labels if count[normalise(label)] > 1}
        for label in labels:
            if label not in alike and not label.endswith(("s", "x", "z", "ch", "sh", "y")):
                read = read_label(f"Two {label}s.", Classes(labels))
                assert read.label == (label if f"{label}s" not in labels else f"{label}s")
        assert len(alike) <= 2  # Cardigan the dog and cardigan the garment


def test_a_thousand_names_are_linted_quickly() -> None:
    start = time.perf_counter()
    assert len(lint(Classes(real_names()["imagenet"]))) < 100
    assert time.perf_counter() - start < 2
