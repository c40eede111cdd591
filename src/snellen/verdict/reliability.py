"""Whether the scores of a row mean what they say, and whether they tell right from wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snellen.metrics.bootstrap import bootstrap_statistic
from snellen.metrics.calibration import (
    BINS,
    Bin,
    accuracy_at,
    auroc,
    brier_score,
    calibration_error,
    errors_by_chance,
    log_loss,
    reliability,
    risk_coverage,
)
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.sheets import Sheet
from snellen.vectors import ClassVectors
from snellen.verdict.replays import prepared_row, replayed

COVERAGES = (0.5, 0.8, 0.9)
_POINTS = 100  # of the risk-coverage curve
_RESAMPLES, _DRAWN = 1000, 10_000_000  # how often, and how many images in all: of many images fewer resamples do
_ROUNDING = 1e-3  # of a sum of probabilities in float32

DISTRIBUTION = "probabilities of the classes, together 1"
UNNORMALISED = "shares that are not together 1: divided by their sum for Brier and NLL"
OF_PREDICTION = "of the predicted class alone: no Brier and NLL"
ORDER = "no probabilities, such as cosines: only their order counts"
NO_SCORES = "the answers have no scores"
NOT_STORED = "answers behind them are not stored any more: only their order counts"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The scores of a row against the truth; `meaning` says what they are. None is what such scores cannot tell.

    Over the `images` whose prediction has a score, its confidence; `unscored` more were answered without. `ece` is the
    expected calibration error in so many bins of equal width, with a bootstrap interval over images, None where these
    are too much alike to tell one; few images alone make such an error, in 95 % of cases up to `ece_by_chance`. `brier`
    (summed over classes, 0 to 2) and `nll` (in nats) are over the `images_of_all_scores` whose true class is ever
    scored; `clipped` of them give it a probability of 0, which counts as the least that float32 has. `auroc` is how
    often a right answer has a higher confidence than a wrong one, None where there are not both. `risk_coverage` are
    pairs of coverage and share of wrong ones, at most 100; `aurc` is the mean of the whole curve.
    """

    meaning: str
    images: int
    unscored: int
    accuracy: float
    confidence: float | None
    bins: int
    ece: float | None
    ece_low: float | None
    ece_high: float | None
    ece_by_chance: float | None
    diagram: tuple[Bin, ...]
    images_of_all_scores: int
    brier: float | None
    nll: float | None
    clipped: int
    auroc: float | None
    aurc: float
    accuracy_at: Mapping[str, float]
    risk_coverage: tuple[tuple[float, float], ...]

    @property
    def off(self) -> bool:
        """Whether confidences are wrong by more than chance explains."""
        return self.ece is not None and self.ece_by_chance is not None and self.ece > self.ece_by_chance


@dataclass(frozen=True, slots=True)
class _AllScores:
    """Of each replayed image whose true class is ever scored: its probability, and the sum of the squares of all."""

    meaning: str
    of_truth: NDArray[np.float64]
    squares: NDArray[np.float64]


def calibration_of(
    results: Results,
    row: ResultRow,
    sheet: Sheet,
    advance: Callable[[int], None] = lambda _: None,
    replayed_sheet: Sheet | None = None,
) -> Calibration | str:
    """The calibration of a row, or why there is none. `advance` is told of each image that is replayed.

    What the scores of all classes tell is had of the answers of `replayed_sheet`, which may be a thinned one.
    """
    if set((row.scores_by or "").split("+")) & {"choice", "asked"}:
        return "the model named one of the choices, and no probabilities"
    confidences = results.confidences(row)
    known = sheet.answered & np.isfinite(confidences)
    if not known.any():
        return NO_SCORES
    values, right = confidences[known], sheet.right[known]
    scores = _all_scores(results, row, replayed_sheet or sheet, advance)
    if scores.meaning == OF_PREDICTION and (values == 1).all():
        return "the score of each prediction is 1, as where a table tells none"
    risks = risk_coverage(values, right)
    return Calibration(
        meaning=scores.meaning,
        images=len(values),
        unscored=int(sheet.answered.sum()) - len(values),
        accuracy=float(right.mean()),
        auroc=auroc(values, right),
        aurc=float(risks.mean()),
        accuracy_at={f"{share:.0%}": accuracy_at(risks, share) for share in COVERAGES},
        risk_coverage=_points(risks),
        **_errors(values, right, scores.meaning),
        **_losses(scores),
    )


def _errors(values: NDArray[np.float64], right: NDArray[np.bool_], meaning: str) -> dict[str, Any]:
    """What confidences that are probabilities tell."""
    if meaning in (ORDER, NOT_STORED):
        keys = ("confidence", "ece", "ece_low", "ece_high", "ece_by_chance")
        return {"bins": BINS, "diagram": (), **dict.fromkeys(keys)}
    values, rng = values.clip(0, 1), np.random.default_rng(0)  # a sum of probabilities may be 1 and a little
    resamples = max(100, min(_RESAMPLES, _DRAWN // len(values)))
    low, high = bootstrap_statistic(
        lambda drawn: calibration_error(values[drawn], right[drawn]),
        np.zeros(len(values), dtype=np.int64),
        rng,
        resamples,
    )
    return {
        "bins": BINS,
        "diagram": reliability(values, right),
        "confidence": float(values.mean()),
        "ece": calibration_error(values, right),
        "ece_low": max(0.0, low) if low < high else None,
        "ece_high": min(1.0, high) if low < high else None,
        "ece_by_chance": float(np.quantile(errors_by_chance(values, rng, resamples), 0.95)),
    }


def _losses(scores: _AllScores) -> dict[str, Any]:
    """What the probabilities of all classes tell."""
    images = len(scores.of_truth)
    if not images or scores.meaning not in (DISTRIBUTION, UNNORMALISED):
        return {"images_of_all_scores": 0, "brier": None, "nll": None, "clipped": 0}
    nll, clipped = log_loss(scores.of_truth)
    brier = brier_score(scores.of_truth, scores.squares)
    return {"images_of_all_scores": images, "brier": brier, "nll": nll, "clipped": clipped}


def _points(risks: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """The curve as at most _POINTS pairs of coverage and share of wrong ones, evenly spread, its end included."""
    count = min(len(risks), _POINTS)
    places = np.arange(1, count + 1) * len(risks) // count
    return tuple((float(place / len(risks)), float(risks[place - 1])) for place in places)


def _all_scores(results: Results, row: ResultRow, sheet: Sheet, advance: Callable[[int], None]) -> _AllScores:
    labels = dict(zip(sheet.examples.tolist(), (sheet.classes[place] for place in sheet.labels), strict=True))
    kept: list[tuple[str, float, float]] = []
    scored: set[str] = set()
    lowest, highest, off, most = 0.0, 0.0, 0.0, 0
    for number, prediction in replayed(results, row, sheet):
        advance(1)
        if not prediction.scores:
            continue
        values = np.fromiter(prediction.scores.values(), dtype=np.float64)
        total = float(values.sum())
        lowest, highest = min(lowest, values.min()), max(highest, values.max())
        off, most = max(off, abs(total - 1)), max(most, len(values))
        if len(scored) < len(sheet.classes):
            scored |= prediction.scores.keys()
        if total > 0:
            of_truth = prediction.scores.get(labels[number], 0.0)
            kept.append((labels[number], of_truth / total, float((values**2).sum()) / total**2))
    meaning = NOT_STORED
    if most:
        bounded = lowest >= -_ROUNDING and highest <= 1 + _ROUNDING and not _cosines(results, row)
        alone = most == 1 < len(sheet.classes)
        normal = DISTRIBUTION if off <= _ROUNDING else UNNORMALISED
        meaning = ORDER if not bounded else OF_PREDICTION if alone else normal
    mine = np.asarray([numbers for label, *numbers in kept if label in scored], dtype=np.float64).reshape(-1, 2)
    return _AllScores(meaning, mine[:, 0], mine[:, 1])


def _cosines(results: Results, row: ResultRow) -> bool:
    """Whether scores are cosines: no value of theirs tells that."""
    again = prepared_row(results, row)
    return again is not None and isinstance(again.known, ClassVectors) and again.known.scale is None
