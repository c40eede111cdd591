"""Questions about a picture with their answers, drawn by chance, as tokens in one row.

Many questions share one picture: a question sees the picture, the segment it goes on from and itself alone, at the
places it would have if it were asked alone. So a row is worth many prompts at little more than the price of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase

from snellen.demo.pictograms import BACKGROUND
from snellen.lettered import written
from training.pictures import DIGITS, NAMES
from training.tokenizer import ASSISTANT, END
from training.wording import LETTERED, LISTS, OPEN, SEPARATORS, SPOKEN, YES_NO, worded

Encode = Callable[[str], list[int]]
_DIGITS = [NAMES.index(digit) for digit in DIGITS]
_BACKGROUND = NAMES.index(BACKGROUND)
_SIMILAR = 0.35  # how often a question is about what is easily mistaken


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens of a row; the last `answer` of them are to be learned, each with a `weight`.

    `parent` is the number of the segment it goes on from, from 1, which itself goes on from the picture; None for the
    picture.
    """

    tokens: list[int]
    answer: int = 0
    parent: int | None = None
    weight: float = 1.0


class Questions:
    """Draws questions; `similar` holds, for each class, the classes it is most easily mistaken for."""

    def __init__(self, encode: Encode, similar: Sequence[Sequence[int]], seed: int) -> None:
        self._encode = encode
        self._similar = similar
        self._rng = Random(seed)
        self._unnamed: int | None = None
        self._reply = encode(ASSISTANT)
        self._end = encode(END)

    def about(self, labels: Sequence[int], unnamed: Sequence[int | None] | None = None) -> list[list[Segment]]:
        """A row for each picture; lists are of about one length, as rows are filled up to the longest.

        `unnamed` are classes, one for each picture or None, that no question names: what is seen beside the label.
        """
        rng = self._rng
        size = max(2, round(math.exp(rng.uniform(math.log(2), math.log(len(NAMES))))))
        rows = []
        for label, self._unnamed in zip(labels, unnamed or [None] * len(labels), strict=True):
            rows.append(self._row(label, size))
        return rows

    def _row(self, label: int, size: int) -> list[Segment]:
        """Lists, letters, no list at all, and yes or no."""
        segments = [self._listed(label, size)]
        if self._rng.random() < 0.5:
            segments.append(self._listed(label, self._rng.randint(2, 10)))
        if self._rng.random() < 0.4:
            segments.append(self._lettered(label))
        if self._rng.random() < 0.3 and self._unnamed is None:
            segments.append(self._answered(self._rng.choice(OPEN), self._name(label)))
        for _ in range(2):
            segments += self._yes_or_no(label, head=len(segments) + 1)
        return segments

    def _listed(self, label: int, size: int) -> Segment:
        rng = self._rng
        order = [label, *self._others(label, size - 1)]
        if size > 3 and rng.random() < 0.5 and _BACKGROUND not in (*order, self._unnamed):
            order.append(_BACKGROUND)
        rng.shuffle(order)
        names = [self._name(each) for each in order]
        text = rng.choice(LISTS).replace("{classes}", rng.choice(SEPARATORS).join(names))
        return self._answered(text, names[order.index(label)], weight=2.0)

    def _lettered(self, label: int) -> Segment:
        order = [*self._others(label, self._rng.randint(1, 11)), label]
        self._rng.shuffle(order)
        separator = self._rng.choice(("\n", "\n", " "))
        text = self._rng.choice(LETTERED).replace("{classes}", separator.join(written([self._name(x) for x in order])))
        return self._answered(text, ascii_uppercase[order.index(label)])

    def _yes_or_no(self, label: int, head: int) -> list[Segment]:
        """The words up to the name once, then each name with the words behind it."""
        template = self._rng.choice(YES_NO)
        cut = min(place for place in (template.find("{name}"), template.find("{a name}")) if place >= 0)
        before, behind = template[:cut].rstrip(" "), template[len(template[:cut].rstrip(" ")) :]
        asked = [] if label == _BACKGROUND else [label]
        asked += self._others(label, 4)
        segments = [Segment(self._encode(before))]
        for each in asked:
            tail = self._encode_on(worded(behind, self._name(each)))
            answer = [*self._encode("yes" if each == label else "no"), *self._end]
            weight = 2.0 if each == label else 0.5
            segments.append(Segment([*tail, *self._reply, *answer], len(answer), head, weight))
        return segments

    def _answered(self, text: str, answer: str, weight: float = 1.0) -> Segment:
        reply = [*self._encode(answer), *self._end]
        return Segment([*self._encode(text), *self._reply, *reply], len(reply), weight=weight)

    def _encode_on(self, text: str) -> list[int]:
        """Tokens of a text that goes on from another: no space is put before it."""
        marked = self._encode(f"\n{text}")
        return marked[len(self._encode("\n")) :]

    def _others(self, label: int, count: int) -> list[int]:
        """Other classes, some of them similar; among digits often digits alone."""
        rng = self._rng
        left_out = (label, self._unnamed)
        if label in _DIGITS and rng.random() < 0.6:
            digits = [each for each in _DIGITS if each not in left_out]
            return rng.sample(digits, min(count, len(digits)))
        chosen: list[int] = []
        if rng.random() < 0.5:
            similar = [each for each in self._similar[label] if rng.random() < _SIMILAR]
            chosen = [each for each in similar if each != self._unnamed][:count]
        rest = [each for each in range(len(NAMES)) if each not in left_out and each not in chosen]
        return chosen + rng.sample(rest, min(count - len(chosen), len(rest)))

    def _name(self, label: int) -> str:
        """A digit is mostly written as one."""
        names = SPOKEN[label]
        return names[0] if self._rng.random() < 0.7 else self._rng.choice(names)
