"""Which of several rows is right most often, decided while they are asked, as often as one likes to look.

Evidence is the wealth of a gambler who bets, image after image, on one row being right where another is wrong, at odds
that are fair if it is not the better one. Such a wealth exceeds c at any time with a probability of at most 1/c (Ville
1939), so no harm is done by looking all the time. Betting: Waudby-Smith & Ramdas 2023, JRSS B 86, 1-27; without a
margin it is a sequential McNemar test.

What is claimed holds with the stated confidence 1 - a, for images that are drawn at random. Let b be a best row, one of
t that are equally good. Its evidence is W(b), the wealth of betting on whichever other row led before each image: b is
not worse than any, so the bets are at best fair whoever led, and P(W(b) ever reaches 2/a) <= a/2.

- *A row is out* when W reaches 2/a: a best row is out with probability a/2 at most.
- *The last row left is the best.* That is wrong where t = 1 and the best row is out (a/2), or where t > 1 and any row
  is named, for which at least t - 1 of the best must be out: as t a/2 of them are expected to be at most, the
  probability of that is t/(t - 1) a/2 <= a at most (Markov).
- *With a margin m, a row i is named before* if, for each other contender j, the wealth of betting on
  "i is better than j minus m" reaches 2 (K - 1)/a, of K rows. What is claimed of whoever is named is then only that no
  row is better by more than m. That is wrong only if each best row is out (a/2) or was beaten so by one of the K - 1
  others though it is better than that one by more than m (each a/2/(K - 1)): a at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, lgamma, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# shares of the wealth that are bet, each with as much of it: with one of them, evidence takes 1.5 times the images at
# most that the best share would take, for what differs in 1 to 20 of 100 images
_BETS = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
_FIRST_LOOK, _GROWTH = 48, 1.5
_BISECTIONS = 60
_AT_ONCE = 1 << 16  # images whose running counts are in memory


def accuracy_bounds(right: int, answered: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of an accuracy that hold at all times together, however often one looks and whenever one stops.

    They hold the rates p for which the likelihood of the answers under p is above 1 - confidence of its mean over a
    Beta(1/2, 1/2) distribution (Robbins 1970, Ann. Math. Statist. 41, 1397-1409). Raises ValueError: counts or a
    confidence that cannot be; without an answer nothing is known.
    """
    if not 0 <= right <= answered or answered == 0:
        raise ValueError(f"{right} of {answered} is no proportion")
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, got {confidence}")
    wrong = answered - right
    mean = lgamma(right + 0.5) + lgamma(wrong + 0.5) - lgamma(answered + 1) - 2 * lgamma(0.5)
    least = mean + log(1 - confidence)

    def holds(rate: float) -> bool:
        return (right * log(rate) if right else 0) + (wrong * log(1 - rate) if wrong else 0) >= least

    def bound(inside: float, outside: float) -> float:
        for _ in range(_BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if holds(middle) else (inside, middle)
        return outside

    share = right / answered
    return (bound(share, 0.0) if right else 0.0, bound(share, 1.0) if wrong else 1.0)


def evidence(wins: ArrayLike, ties: ArrayLike, losses: ArrayLike, margin: float = 0.0) -> NDArray[np.float64]:
    """The logarithm of the evidence that one row is better than another one minus a margin.

    `wins` counts the images that the first has right and the second has wrong, `losses` the opposite, `ties` the rest
    of those that both answered; any shape. Raises ValueError: negative counts, a margin outside 0..1.
    """
    counts = [np.asarray(each, dtype=np.float64)[..., np.newaxis] for each in (wins, ties, losses)]
    if any((each < 0).any() for each in counts):
        raise ValueError("counts cannot be negative")
    if not 0 <= margin < 1:
        raise ValueError(f"expected a margin from 0 to below 1, got {margin}")
    won, tied, lost = (
        count * np.log1p(_BETS * (gain + margin)) for count, gain in zip(counts, (1, 0, -1), strict=True)
    )
    wealth: NDArray[np.float64] = np.logaddexp.reduce(won + tied + lost, axis=-1) - log(len(_BETS))
    return wealth


def p_value(wins: int, ties: int, losses: int) -> float:
    """How surprising that is of two rows that are equally good, two-sided, whenever one stops.

    The evidence of both directions, half of the wealth in each, is fair for such rows: 1 / its highest value bounds the
    probability of as much (Ville 1939). Counts are as in `evidence`, and so is what it raises.
    """
    both = float(np.logaddexp(evidence(wins, ties, losses), evidence(losses, ties, wins)))
    return min(1.0, 2 * exp(-both)) if both > 0 else 1.0


def difference_bounds(wins: int, ties: int, losses: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of the difference of two accuracies, first less second, that hold whenever one stops.

    They hold the differences d against which the evidence is below 2 / (1 - confidence) in both directions: the wealth
    of betting on more than d, bets scaled so that none can lose more than it has. They leave out 0 where `p_value` is
    below 1 - confidence, but for what the other direction adds to it. Counts are as in `evidence`. Raises ValueError:
    negative counts or none, a confidence that cannot be.
    """
    if min(wins, ties, losses) < 0 or not wins + ties + losses or not 0 < confidence < 1:
        raise ValueError(f"no bounds of {wins}, {ties} and {losses} images with a confidence of {confidence}")
    least = log(2 / (1 - confidence))
    return _least_difference(wins, ties, losses, least), -_least_difference(losses, ties, wins, least)


def _least_difference(wins: int, ties: int, losses: int, least: float) -> float:
    """The difference up to which the evidence that there is more reaches `least`; it falls with the difference."""
    counts, gains = np.array([[wins], [ties], [losses]]), np.array([[1.0], [0.0], [-1.0]])
    low, high = -1.0, (wins - losses) / (wins + ties + losses)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        wealth = (counts * np.log1p(_BETS / (1 + max(0.0, middle)) * (gains - middle))).sum(axis=0)
        low, high = (middle, high) if np.logaddexp.reduce(wealth) - log(len(_BETS)) >= least else (low, middle)
    return low


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """K rows and what was counted of them so far; arrays of shape (K,), of pairs (K, K).

    `contenders` are those that may still be the best, and `best` is the one that is named, None as long as none is.
    `led` holds, for each row, how often the row that led the others won against it, tied, and lost: shape (3, K).
    `wins[i, j]` counts the images that i has right and j wrong, `both[i, j]` those that both answered.
    """

    confidence: float
    margin: float
    images: int
    contenders: NDArray[np.bool_]
    best: int | None
    right: NDArray[np.int64]
    answered: NDArray[np.int64]
    led: NDArray[np.int64]
    wins: NDArray[np.int64]
    both: NDArray[np.int64]


def begin(rows: int, confidence: float = 0.95, margin: float = 0.0) -> Race:
    """A race of so many rows. Raises ValueError: fewer than two, a confidence or a margin that cannot be."""
    if rows < 2:
        raise ValueError(f"expected at least two rows, got {rows}")
    if not 0.5 < confidence < 1 or not 0 <= margin < 1:
        raise ValueError(f"a confidence of {confidence} with a margin of {margin} cannot be")
    each, pairs = np.zeros(rows, dtype=np.int64), np.zeros((rows, rows), dtype=np.int64)
    led = np.zeros((3, rows), dtype=np.int64)
    return Race(confidence, margin, 0, np.ones(rows, dtype=np.bool_), None, each, each, led, pairs, pairs)


def go_on(race: Race, marks: NDArray[np.int8]) -> Race:
    """The race after more images, and who is out or named by then.

    `marks` has a line for each image, in random order: 1 right, 0 wrong, -1 without an answer; shape (images, K). What
    rows answered that were out before does not count.
    """
    if race.best is not None:
        return race
    marks = np.where(race.contenders, marks, -1)
    for start in range(0, len(marks), _AT_ONCE):
        race = _counted(race, marks[start : start + _AT_ONCE])
    return _judged(race)


def _counted(race: Race, marks: NDArray[Any]) -> Race:
    right, answered = marks == 1, marks >= 0
    ones, whole = right.astype(np.float64), answered.astype(np.float64)  # products of floats are fast, and exact here
    return replace(
        race,
        images=race.images + len(marks),
        right=race.right + right.sum(axis=0),
        answered=race.answered + answered.sum(axis=0),
        led=race.led + _led(race, right, answered),
        wins=race.wins + (ones.T @ (whole - ones)).astype(np.int64),
        both=race.both + (whole.T @ whole).astype(np.int64),
    )


def _led(race: Race, right: NDArray[np.bool_], answered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How each row fared against the row that had led the others before each image: wins, ties and losses of that one.

    Only what was known before counts for who leads. A row that has no answer to an image does not lead it.
    """
    before = race.right + np.cumsum(right, axis=0) - right
    of = race.answered + np.cumsum(answered, axis=0) - answered
    share = np.where(answered, (before + 1) / (of + 2), -1.0)
    lines = np.arange(len(share))
    first = share.argmax(axis=1)
    rest = share.copy()
    rest[lines, first] = -1.0
    second = rest.argmax(axis=1)
    rows = np.arange(share.shape[1])
    leader = np.where(first[:, np.newaxis] == rows, second[:, np.newaxis], first[:, np.newaxis])
    met = answered & np.take_along_axis(answered, leader, axis=1) & (leader != rows)
    leads = np.take_along_axis(right, leader, axis=1)
    fared = (leads > right, leads == right, leads < right)
    return np.array([np.count_nonzero(met & each, axis=0) for each in fared], dtype=np.int64)


def _judged(race: Race) -> Race:
    """The race with those taken out that are beaten, and with the best named where that can be."""
    against = evidence(*race.led)
    out = race.contenders & (against >= log(2 / (1 - race.confidence)))
    contenders = race.contenders & ~out
    if not contenders.any():
        contenders[np.where(race.contenders, against, np.inf).argmin()] = True
    best = int(contenders.argmax()) if contenders.sum() == 1 else _within_margin(race, contenders)
    return replace(race, contenders=contenders, best=best)


def _within_margin(race: Race, contenders: NDArray[np.bool_]) -> int | None:
    """The most accurate contender of those that no other can be better than by more than the margin."""
    if not race.margin:
        return None
    ties = race.both - race.wins - race.wins.T
    ahead = evidence(race.wins, ties, race.wins.T, race.margin)
    beaten = ahead >= log(2 * (len(contenders) - 1) / (1 - race.confidence))
    named = contenders & (beaten | ~contenders | np.eye(len(contenders), dtype=np.bool_)).all(axis=1)
    if not named.any():
        return None
    shares = race.right / np.maximum(race.answered, 1)
    return int(np.where(named, shares, -1.0).argmax())


def looks(images: int) -> list[int]:
    """After how many images one looks: early, then ever more seldom, and after all."""
    ends: list[int] = []
    end = _FIRST_LOOK
    while end < images:
        ends.append(end)
        end = int(end * _GROWTH)
    return [*ends, images] if images else []
