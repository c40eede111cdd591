"""Which labels models contradict: how much more probable another class makes what they said of an image.

Each witness weighs another class c against the label y by a log-likelihood ratio, from counts and, where it scored the
classes, from scores; the more cautious of the two holds. Counts tell how often the model says what it said of images
labelled c and y, so that a model that takes every tree for a carrot says nothing against a tree's label, however sure
it is (after confident learning: Northcutt et al. 2021, JAIR 70, arXiv 1911.00068). Scores are tempered to what the
model is worth on these labels (Guo et al. 2017, arXiv 1706.04599).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AGAINST = log(10)  # a kind of model speaks against a label where another class is ten times as likely
_SMOOTHING = 5.0  # images by which the counts of a class lean to those of all classes
_LEAST = 1e-12  # below it the logarithms of probabilities are not told apart
_ENOUGH = 20_000  # images to tell a temperature
_TEMPERATURES = np.exp(np.linspace(-1.5, 4, 56))
_ROUNDS, _TOLERANCE = 200, 1e-7


@dataclass(frozen=True, eq=False)
class Witness:
    """What a model said of n images, as places of classes.

    Witnesses of one `kind` speak with one voice, their mean: models alike err alike. `predictions`, int (n,), are below
    0 where it has no say, and the number of classes where none could be read. `ranked`, int (n, k), are the classes it
    scored best, the best first, and `scores`, float (n, k), how well; where there are fewer, -1 and nan. All n share
    one meaning of scores: probabilities, or anything else that is higher for a likelier class.
    """

    kind: str
    predictions: Ints
    ranked: Ints
    scores: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Suspicion:
    """For each of n images what speaks against its label.

    `instead`, int (n,), is the class that is likeliest of those that were said, -1 where nobody says another than the
    label; `evidence`, float (n,), how much likelier, as a natural logarithm, -inf where nobody does. `against`, int
    (n,), counts the kinds of models to which it is ten times as likely as the label. `order` are the images in which
    another class was said: first those that two kinds or more speak against, each group by evidence. `expected` is how
    many labels are wrong by estimate, None where models of one kind alone testify.
    """

    instead: Ints
    evidence: Floats
    against: Ints
    order: Ints
    expected: float | None


def suspicion(labels: Ints, classes: int, witnesses: Sequence[Witness]) -> Suspicion:
    """What the witnesses say against labels, int (n,), which are places of so many classes.

    Raises ValueError: no image or no witness, or their shapes differ, or a place that is none.
    """
    _check(labels, classes, witnesses)
    heard = [_Heard(witness, labels, classes) for witness in witnesses]
    kinds = list(dict.fromkeys(witness.kind for witness in witnesses))
    instead = np.full(len(labels), -1, dtype=np.int64)
    evidence, against = np.full(len(labels), -np.inf), np.zeros(len(labels), dtype=np.int64)
    for witness in heard:
        named = witness.reads & (witness.witness.predictions != labels)
        voices = [_voice([each for each in heard if each.witness.kind == kind], witness.nominee) for kind in kinds]
        total = np.sum(voices, axis=0)
        better = named & (total > evidence)
        instead[better], evidence[better] = witness.nominee[better], total[better]
        against[better] = np.sum([voice >= AGAINST for voice in voices], axis=0)[better]
    suspects = np.flatnonzero(instead >= 0)
    order = suspects[np.lexsort((suspects, -evidence[suspects], against[suspects] < 2))]
    said = np.any([witness.reads for witness in heard], axis=0)
    return Suspicion(instead, evidence, against, order, _expected(evidence[said], classes) if len(kinds) > 1 else None)


def _check(labels: Ints, classes: int, witnesses: Sequence[Witness]) -> None:
    if not len(labels) or not witnesses:
        raise ValueError(f"expected images and witnesses, got {len(labels)} and {len(witnesses)}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"expected labels from 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    for each in witnesses:
        if len(each.predictions) != len(labels) or each.ranked.shape != each.scores.shape:
            raise ValueError(f"the arrays of a witness do not fit {len(labels)} images")
        if (
            len(each.ranked) != len(labels)
            or each.predictions.max() > classes
            or each.ranked.max(initial=-1) >= classes
        ):
            raise ValueError(f"a witness names classes beyond {classes}, or has not {len(labels)} images")


class _Heard:
    """A witness with what it is worth on these labels."""

    def __init__(self, witness: Witness, labels: Ints, classes: int) -> None:
        self.witness = witness
        self._labels = labels
        self._classes = classes
        answered = witness.predictions >= 0
        self.reads: NDArray[np.bool_] = answered & (witness.predictions < classes)
        self.nominee: Ints = np.where(self.reads, witness.predictions, labels)
        self._counts = np.zeros((classes, classes + 1))
        np.add.at(self._counts, (labels[answered], witness.predictions[answered]), 1)
        self._images = self._counts.sum(axis=1)
        self._accuracy = (np.trace(self._counts) + 1) / (self._counts.sum() + 2)

    def against_label(self, nominee: Ints) -> Floats:
        """For each image the log-likelihood ratio of this class against the label; 0 where it has no say."""
        ratio = self._chance_of_said(nominee) - self._chance_of_said(self._labels)
        if self._scored.any():
            by_scores = self._logit(nominee) - self._logit(self._labels)
            ratio = np.where(self._scored, np.minimum(ratio, by_scores), ratio)
        heard: Floats = np.where(self.reads, ratio, 0.0)
        return heard

    def _chance_of_said(self, true: Ints) -> Floats:
        """The log-probability of what it said, were that the class; the image itself is not counted."""
        said = self.nominee
        own = true == self._labels
        elsewhere = (1 - self._accuracy) / self._classes
        usual = np.where(true == said, self._accuracy, elsewhere)
        images = self._images[true] - own * self.reads + _SMOOTHING
        chance: Floats = np.log((self._counts[true, said] - own * self.reads + _SMOOTHING * usual) / images)
        return chance

    @cached_property
    def _scored(self) -> NDArray[np.bool_]:
        """Where nothing has a higher score than what it said."""
        if not self.witness.ranked.shape[1]:
            return np.zeros(len(self._labels), dtype=np.bool_)
        said = self.witness.ranked == self.witness.predictions[:, None]
        best: NDArray[np.bool_] = (said & (self.witness.scores == self.witness.scores[:, :1])).any(axis=1)
        return self.reads & best

    @cached_property
    def _logits(self) -> tuple[Floats, Floats, Floats]:
        """Those of the ranked classes (-inf where there are fewer), of each other class, and how many others."""
        known = self.witness.ranked >= 0
        scores = np.where(known, self.witness.scores, 0.0)
        others = self._classes - known.sum(axis=1)
        last = np.where(known, scores, np.inf).min(axis=1, initial=np.inf)
        last = np.where(np.isfinite(last), last, 0.0)
        if scores.min(initial=0.0) < 0:  # such as cosines: no probabilities
            return np.where(known, scores, -np.inf), last, others.astype(np.float64)
        left = 1 - scores.sum(axis=1)
        if left.min() > -1e-3:  # they add up to 1: the others have what is left, and none of them more than the last
            last = np.minimum(last, np.maximum(left, 0) / np.maximum(others, 1))
        ranked = np.where(known, np.log(np.maximum(scores, _LEAST)), -np.inf)
        return ranked, np.log(np.maximum(last, _LEAST)), others.astype(np.float64)

    @cached_property
    def _temperature(self) -> float:
        """The one that makes the labels most probable, of many images by some of them, evenly spread."""
        scored = np.flatnonzero(self._scored)
        scored = scored[:: max(1, len(scored) // _ENOUGH)]
        ranked, last, others = (each[scored] for each in self._logits)
        hits = self.witness.ranked[scored] == self._labels[scored][:, None]
        own = np.where(hits.any(axis=1), np.where(hits, ranked, 0.0).sum(axis=1), last)
        top = ranked[:, :1]
        losses = []
        for temperature in _TEMPERATURES:
            powers = np.exp((ranked - top) / temperature).sum(axis=1) + others * np.exp(
                (last - top[:, 0]) / temperature
            )
            losses.append(float((np.log(powers) - (own - top[:, 0]) / temperature).mean()))
        return float(_TEMPERATURES[int(np.argmin(losses))])

    def _logit(self, classes: Ints) -> Floats:
        """The tempered logit of a class of each image."""
        ranked, last, _ = self._logits
        hits = self.witness.ranked == classes[:, None]
        logit: Floats = np.where(hits.any(axis=1), np.where(hits, ranked, 0.0).sum(axis=1), last) / self._temperature
        return logit


def _voice(heard: Sequence[_Heard], nominee: Ints) -> Floats:
    """What a kind of models says for a class against the label of each image: the mean of those that have a say."""
    said = np.sum([each.reads for each in heard], axis=0)
    voice: Floats = np.sum([each.against_label(nominee) for each in heard], axis=0) / np.maximum(said, 1)
    return voice


def _expected(evidence: Floats, classes: int) -> float:
    """How many labels are wrong, if a wrong one is any other class: the share of them that explains the evidence best.

    By expectation and maximisation. Models that err alike make it too many; that the more cautious evidence holds, and
    labels mistaken for a class that models mistake them for, make it too few.
    """
    if not len(evidence):
        return 0.0
    share = 0.05
    for _ in range(_ROUNDS):
        prior = log(share / (1 - share)) - log(max(classes - 1, 1))
        wrong = 1 / (1 + np.exp(-np.clip(evidence + prior, -700, 700)))
        before, share = share, min(max(float(wrong.mean()), _LEAST), 0.5)
        if abs(share - before) < _TOLERANCE:
            break
    return float(wrong.sum())
