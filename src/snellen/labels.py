"""Class names: made readable, compared, and read out of what a model wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snellen.matcher import Matcher, matcher_of
from snellen.types import Classes, Finish, Outcome
from snellen.words import ARTICLES, BREAK, Words, is_word, normalise, trim, words

_NUMBERED = re.compile(r"\d{3}\.(?=[^\W\d_])")
_PREAMBLE = frozenset({*ARTICLES, "answer", "final"})
_NEGATIONS = frozenset({"not", "no", "never", "neither", "nor", "without", "isn", "aren", "wasn"})  # isn: of "isn't"
_YES = frozenset({"yes", "yeah", "yep", "yup"})
_NO = frozenset({"no", "nope", "nah"})
_REFUSAL = re.compile(
    r"^\W*(?:sorry|apologies|my apologies)\b"
    r"|\bi(?:'m| am)? (?:\w+ )?(?:sorry|apologi[sz]e)\b"
    r"|\bi(?: can ?not| can't| could not| couldn't| will not| won't| am unable to|'m unable to| am not able to"
    r"|'m not able to) (?:\w+ )?(?:access|analy[sz]e|answer|assist|classify|comply|determine|discuss|engage|fulfil|help"
    r"|identify|process|provide|recogni[sz]e|view)"
    r"|\bas an ai\b|\bi (?:must|have to) (?:decline|refuse)\b",
    re.IGNORECASE,
)
_REFUSED_WITHIN = 1000  # characters: a refusal comes first
_RECORDED = 200  # characters of a text


@dataclass(frozen=True, slots=True)
class Reading:
    """The class a text names, or None, and how that came about."""

    label: str | None
    outcome: Outcome


def readable(folder_name: str) -> str:
    """A folder's name as a name to ask for: `001.ak47` is ak47, `car_side` is car side; dashes and case stay.

    Caltech-256 numbers its classes and marks those taken from Caltech-101 (`251.airplanes-101`): both are dropped.
    """
    name = folder_name.strip()
    numbered = _NUMBERED.match(name)
    if numbered:
        name = name[numbered.end() :].removesuffix("-101")
    if name.startswith("BACKGROUND_"):
        name = name.lower()
    return " ".join(name.replace("_", " ").split()) or name


def read_label(text: str, classes: Classes, finish: Finish = Finish.STOP) -> Reading:
    """The class that a text names: whole names only, the longest where one lies in another, never a guess.

    In this order: the name itself; the name but for case, article, number, hyphens and punctuation; a mention in
    other words. Two classes, or words that fit two names alike, are ambiguous, "not a cat, but a dog" included; a
    class that is only denied is none. A text cut off by the token limit is read as far as it goes, unless the name at
    its end may be the beginning of another (`bat` of `bat wing`): it is truncated, as is one that names no class.
    """
    if finish is Finish.REFUSED:
        return Reading(None, Outcome.REFUSED)
    matcher = matcher_of(classes)
    said = text if text in matcher.exact else spoken(text, finish)
    if isinstance(said, Outcome):
        return Reading(None, said)
    reading = _read(said, matcher)
    if finish is not Finish.LENGTH or reading.outcome is Outcome.REFUSED:
        return reading
    if reading.label is None or _may_go_on(said, reading.label, matcher):
        return Reading(None, Outcome.TRUNCATED)
    return reading


def read_yes_no(text: str, finish: Finish = Finish.STOP) -> tuple[bool | None, Outcome]:
    """Whether a text says yes or no, as its first word or as the only one of the two anywhere; else None."""
    answer = spoken(text, finish)
    if isinstance(answer, Outcome):
        return None, answer
    said = tuple(word for word in words(answer) if is_word(word))
    while len(said) > 1 and said[0] in ("final", "answer"):
        said = said[1:]
    heard = [word in _YES for word in said if word in _YES or word in _NO]
    leads = bool(said) and (said[0] in _YES or said[0] in _NO)
    # "Yes or no" is neither; "Yes, there is no doubt" is a yes
    counted = [word in _YES for word in said[:3] if word in _YES or word in _NO] if leads else heard
    # "There is no", cut off, may go on as "There is nothing"
    cut = finish is Finish.LENGTH and not leads and (len(set(counted)) != 1 or said[-1] in _NO)
    if len(set(counted)) == 1 and not cut:
        if answer.strip() in ("yes", "no"):
            return counted[0], Outcome.EXACT
        return counted[0], Outcome.NORMALISED if len(said) == 1 else Outcome.MENTIONED
    outcome = Outcome.AMBIGUOUS if counted else _without_label(answer, said)
    return None, Outcome.TRUNCATED if cut and outcome is not Outcome.REFUSED else outcome


def is_yes_or_no(name: str) -> bool:
    """Whether a name is one of the words that answer a yes-or-no question."""
    return normalise(name) in _YES | _NO


def contained(text: str, classes: Classes) -> list[str]:
    """The class names that occur in a text at all, be it inside of other words, whatever the case.

    That is how arXiv 2405.18415 scores: an answer is right if the class is among them. It flatters: "elephant" contains
    "ant", and an answer that repeats the whole list contains every class.
    """
    said = text.lower()
    return [name for name in classes.names if name.lower() in said]


def recorded(text: str) -> str:
    """A text as records repeat it, shortened where it is long."""
    return text if len(text) <= _RECORDED else f"{text[: _RECORDED - 1]}…"


def spoken(text: str, finish: Finish) -> str | Outcome:
    """The part of a text that is the answer: what a model thinks aloud before it is not."""
    if finish is Finish.REFUSED:
        return Outcome.REFUSED
    if "</think>" in text:
        return text.rpartition("</think>")[2]
    if finish is Finish.LENGTH and text.lstrip().startswith("<think>"):
        return Outcome.TRUNCATED
    return text


def _read(text: str, matcher: Matcher) -> Reading:
    label = matcher.exact.get(text) or matcher.exact.get(text.strip())
    if label is not None:
        return Reading(label, Outcome.EXACT)
    label = matcher.trimmed.get(trim(text))
    if label is not None:
        return Reading(label, Outcome.NORMALISED)
    said = words(text)
    mentions = matcher.mentions(said)
    if not mentions:
        return Reading(None, _without_label(text, said))
    label = mentions[0].label
    if label is None or any(mention.label != label for mention in mentions):
        return Reading(None, Outcome.AMBIGUOUS)
    if all(_denied(said, mention.start) for mention in mentions):
        return Reading(None, Outcome.OUT_OF_LIST)
    around = said[: mentions[0].start] + said[mentions[0].end :]
    alone = all(word in _PREAMBLE or not is_word(word) for word in around)
    return Reading(label, Outcome.NORMALISED if alone else Outcome.MENTIONED)


def _without_label(text: str, said: Words) -> Outcome:
    if all(word == BREAK for word in said):
        return Outcome.EMPTY
    refused = _REFUSAL.search(text[:_REFUSED_WITHIN].replace("’", "'"))
    return Outcome.REFUSED if refused else Outcome.OUT_OF_LIST


def _denied(said: Words, start: int) -> bool:
    while start > 0 and said[start - 1] in ARTICLES:
        start -= 1
    return start > 0 and said[start - 1] in _NEGATIONS


def _may_go_on(text: str, label: str, matcher: Matcher) -> bool:
    """Whether the end of a text that was cut off may be the beginning of another name than the one read."""
    if trim(text)[-1:] != text.rstrip()[-1:]:  # what ends in punctuation is finished
        return False
    said = words(text)
    last = max((mention.end for mention in matcher.mentions(said)), default=0)
    return any(matcher.begins_another(said[at:], label) for at in range(max(0, len(said) - matcher.longest), last))
