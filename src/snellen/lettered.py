"""Lettered options: how they stand in a prompt, and the one that an answer names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from snellen.labels import Reading, read_label, spoken
from snellen.types import Classes, Finish, Outcome, Text

MOST = len(ascii_uppercase)
_ALONE = re.compile(r"[\W_]*([A-Za-z])[\W_]*")
_LEADING = re.compile(r"[\W_]*([A-Za-z])[.):]+(?!\w)")  # "b) dog", "(B): dog"
_CAPITAL = re.compile(r"(?<![\w'’.-])([A-Z])(?![\w'’-])")
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bneither|\bnor)\s+(?:option\s+)?\W*$", re.IGNORECASE)
_CALLED = re.compile(r"\b(?:option|letter|choice)\W*$", re.IGNORECASE)
_WORDS = frozenset("AI")  # are words too, and letters only where they are called so or no noun or verb can follow
_GOES_ON = re.compile(r"\s+(?:and|as|because|but|is|nor|or|since)\b|\s*$|\S", re.IGNORECASE)


def letters_for(options: Sequence[str]) -> str:
    """A letter for each option. Raises ValueError where there are more options than letters."""
    if len(options) > MOST:
        raise ValueError(f"{len(options)} options, and there are {MOST} letters")
    return ascii_uppercase[: len(options)]


def written(options: Sequence[str]) -> list[str]:
    """The options as lines, such as "A. cat"."""
    return [f"{letter}. {option}" for letter, option in zip(letters_for(options), options, strict=True)]


def read_option(answer: Text, order: Sequence[str], classes: Classes) -> Reading:
    """The class whose option an answer names, by its letter ("B", "(b)", "B. dog", "The answer is B.") or its text.

    Two letters, or a letter beside the name of another class, are ambiguous. A letter at the very end of an answer
    that was cut off may be the beginning of a word: it is truncated.
    """
    owners = dict(zip(letters_for(order), order, strict=True))
    text = spoken(answer.text, answer.finish)
    if isinstance(text, Outcome):
        return Reading(None, text)
    if answer.finish is Finish.LENGTH and text[-1:].isalpha() and not text[-2:-1].isalpha():
        return Reading(None, Outcome.TRUNCATED)
    if alone := _ALONE.fullmatch(text):
        label = owners.get(alone[1].upper())
        outcome = Outcome.EXACT if text == alone[1].upper() else Outcome.NORMALISED
        return Reading(label, outcome if label is not None else Outcome.OUT_OF_LIST)
    named = read_label(text, classes, answer.finish)
    whole = named.outcome in (Outcome.EXACT, Outcome.NORMALISED) and len(named.label or "") > 1
    letters = _named(text) & owners.keys()
    if whole or not letters or named.outcome is Outcome.REFUSED:
        return named
    labels = {owners[letter] for letter in letters} | ({named.label} - {None})
    if len(labels) > 1 or named.outcome is Outcome.AMBIGUOUS:
        return Reading(None, Outcome.AMBIGUOUS)
    return Reading(labels.pop(), Outcome.NORMALISED if _LEADING.match(text) else Outcome.MENTIONED)


def _named(text: str) -> set[str]:
    """The letters that stand by themselves and are not denied."""
    leading = _LEADING.match(text)
    found = {leading[1].upper()} if leading else set()
    for match in _CAPITAL.finditer(text):
        before, behind = text[: match.start()], text[match.end() :]
        word = match[1] in _WORDS and not _GOES_ON.match(behind) and not _CALLED.search(before)
        if not word and not _DENIED.search(before):
            found.add(match[1])
    return found
