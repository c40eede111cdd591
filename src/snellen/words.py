"""The words of a text as they are compared: case, accents and punctuation folded; English plurals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

Words = tuple[str, ...]

BREAK = ","  # stands in a list of words where a comma, a bar, a semicolon or a new line stood: no name goes across it
ARTICLES = frozenset({"a", "an", "the"})

_BREAKS = ",;|\n\r\v\f\x1c-\x1e\x85\u2028\u2029\u060c\u061b\u3001"
# Dropped. The invisible ones (soft hyphen, zero width, direction, emoji or text style) are removed before.
_SOFT = r"\s\x00-\x1f\x7f-\xa1\xa7\xab\xb6\xb7\xbb\xbf\"'`*_.:!?()\[\]{}\\/\-" + (
    "\u2010-\u205e\u05be\u061f\u06d4\u0964\u0965\u3002\u3003\u3008-\u3011\u3014-\u301f\u30fb"
)
# Each a word of its own: symbols and emoji, and the characters of scripts that put no spaces between words.
_SYMBOLS = "+#$%&@=<>^~\xa2-\xa6\xa8-\xaa\xac-\xb5\xb8-\xba\xbc-\xbe\xd7\xf7\u20a0-\u20cf\u2100-\u2bff"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_SINGLE = _SYMBOLS + _UNSPACED + "\U0001f000-\U0001fbff\U00020000-\U0003ffff\u200d"

_WORD = re.compile(
    rf"\d+(?:\.\d+)+|[^{_SOFT}{_BREAKS}{_SINGLE}]+|[{_BREAKS}{_SINGLE}]"  # a decimal number is one word
)
_MEANS = {**dict.fromkeys(";|\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\u060c\u061b\u3001", BREAK), "&": "and"}
_IS_WORD = re.compile(rf"[^{_SOFT}{_BREAKS}{_SYMBOLS}\U0001f000-\U0001fbff]")

_INVISIBLE = re.compile("[\xad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
# Accents of Latin, Greek and Cyrillic letters, but for the breve that makes й of и. Marks of other scripts tell
# words apart (か and が, the vowels of Devanagari) and stay.
_ACCENTS = re.compile("[\u0300-\u0305\u0307-\u036f]|(?<!и)\u0306")
_CONTRACTED = re.compile(r"(?<=[^\W_])['’](?:s|m|re|ve|ll|d|t)(?![^\W_])")


_EDGES = " \t\r\n\v\f\"'`*_.,;:!?()[]{}<>“”‘’«»…。"


def words(text: str) -> Words:
    """The folded words and symbols of a text in order, with BREAK where its punctuation parts a list."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text)).replace("’", "'")
        folded = unicodedata.normalize("NFKD", folded.casefold())
        folded = unicodedata.normalize("NFC", _ACCENTS.sub("", folded))
    if "'" in folded:
        folded = _CONTRACTED.sub("", folded)
    found: list[str] = _WORD.findall(folded)
    return tuple([_MEANS.get(word, word) for word in found])


def is_word(word: str) -> bool:
    """Whether it holds a letter or a digit, rather than being a symbol or a break."""
    return _IS_WORD.search(word) is not None


def trim(text: str) -> str:
    """The text without the spaces, quotes, brackets, marks of emphasis and punctuation around it."""
    return text.strip(_EDGES)


def without_articles(found: Words) -> Words:
    """The words after the leading articles, of which the last stays where nothing else is left; no outer breaks."""
    end = len(found)
    while end and found[end - 1] == BREAK:
        end -= 1
    start = 0
    while start < end - 1 and (found[start] in ARTICLES or found[start] == BREAK):
        start += 1
    return found[start:end]


def normalise(text: str) -> str:
    """The text as names are compared: case, accents, punctuation and leading articles folded, words kept apart."""
    return " ".join(without_articles(tuple(word for word in words(text) if word != BREAK)))


_IRREGULAR = {
    "child": "children",
    "die": "dice",
    "foot": "feet",
    "goose": "geese",
    "louse": "lice",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "tooth": "teeth",
    "woman": "women",
}
_UNCHANGED = frozenset({"news", "series", "species"})
_NEVER_A_PLURAL = frozenset({"as", "has", "his", "is", "its", "us", "was", "this"})  # the plurals of "a", "ha", "hi" …
_HISSES = ("s", "x", "z", "ch", "sh")


def in_other_number(word: str) -> Iterator[str]:
    """The forms a folded English word takes as plural or singular; not all of them need be right ones."""
    if word in _UNCHANGED or not (word[-1:].isascii() and word[-1:].isalnum()):
        return
    yield from _irregular(word)
    for form in (*_plurals(word), *_singulars(word)):
        if form not in _NEVER_A_PLURAL:
            yield form


def same_but_for_number(word: str, other: str) -> bool:
    """Whether two folded words may be one English word in the singular and in the plural, or are the same."""
    return word == other or other in in_other_number(word) or word in in_other_number(other)


def _irregular(word: str) -> Iterator[str]:
    for one, many in _IRREGULAR.items():  # compounds too: fireman, dormouse, grandchild; but no boxen
        if word == one or (len(one) > 2 and word.endswith(one)):
            yield word.removesuffix(one) + many
        elif word == many or (len(one) > 2 and word.endswith(many)):
            yield word.removesuffix(many) + one


def _plurals(word: str) -> Iterator[str]:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        yield word[:-1] + "ies"
        return
    if word.endswith(_HISSES) or word.endswith("o"):
        yield word + "es"
    if word.endswith("us") and len(word) > 4:
        yield word[:-2] + "i"
    if word.endswith("is") and len(word) > 3:
        yield word[:-2] + "es"
    if word.endswith("f"):
        yield word[:-1] + "ves"
    if word.endswith("fe"):
        yield word[:-2] + "ves"
    if not word.endswith(_HISSES):
        yield word + "s"


def _singulars(word: str) -> Iterator[str]:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    if word.endswith("es") and word[:-2].endswith((*_HISSES, "o")):
        yield word[:-2]
    yield word[:-1]
