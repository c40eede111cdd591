"""Whether scores mean what they say, and whether they tell right answers from wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from snellen.report.charts import data, spec
from snellen.report.elements import Cell, Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import ReportedRun
from snellen.result_row import ResultRow
from snellen.verdict.reliability import COVERAGES, Calibration

_TICKS = [0, 0.25, 0.5, 0.75, 1]
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_COVERED = tuple(share / 10 for share in range(1, 11))  # of the table of the curves


@dataclass(frozen=True, slots=True)
class Scored:
    """A row that has scores."""

    row: ResultRow
    name: str
    found: Calibration

    @property
    def answered(self) -> int:
        """How many images have an answer, with a score or without."""
        return self.found.images + self.found.unscored

    @property
    def curve(self) -> list[tuple[float, float]]:
        """Shares of all answered images that are kept, and of wrong ones among them; it ends where scores do."""
        part = self.found.images / self.answered
        return [(coverage * part, risk) for coverage, risk in self.found.risk_coverage]


def section(run: ReportedRun) -> Section | None:
    """None where no row has scores."""
    scored = [
        Scored(row, run.labels[row.number], found)
        for row in run.shown
        if (found := run.diagnosis(row).calibration) is not None
    ]
    if not scored:
        return None
    without = [(run.labels[row.number], reason) for row in run.shown if (reason := run.diagnosis(row).no_calibration)]
    read = [
        run.diagnosis(each.row).read_again
        for each in scored
        if each.found.brier is not None and run.diagnosis(each.row).read_again < each.found.images
    ]
    context = {
        "scored": scored,
        "without": without,
        "coverages": [f"{share:.0%}" for share in COVERAGES],
        "read_again": min(read, default=None),
        "bins": scored[0].found.bins,
        "stopped": run.stopped,
    }
    figures = [_curves(scored)]
    if diagrams := [each for each in scored if each.found.diagram]:
        figures.insert(0, _diagram(diagrams))
    return Section("calibration", "Calibration", "calibration.html", context, tuple(figures))


def _diagram(scored: Sequence[Scored]) -> Figure:
    return Figure(
        "reliability",
        "Scores against how often they are right",
        "Images by the score of their prediction, in bins of equal width. Each mark is a bin: its mean score below, "
        "its share of right ones at the left; the larger, the more images. On the dashed line scores mean what they "
        "say; marks below it are too sure, marks above it not sure enough.",
        tuple(Variant(each.name, _diagram_chart(each.found), _diagram_numbers(each.found)) for each in scored),
    )


def _diagram_chart(found: Calibration) -> Spec:
    values = data(
        {"low": each.low, "high": each.high, "score": each.confidence, "right": each.accuracy, "images": each.images}
        for each in found.diagram
        if each.images
    )
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("score:Q", title="Score of the prediction", scale=scale, axis=alt.Axis(format="%", values=_TICKS))
    y = alt.Y("right:Q", title="Right", scale=scale, axis=alt.Axis(format="%", values=_TICKS))
    shown = [
        alt.Tooltip("score:Q", title="Mean score", format=".1%"),
        alt.Tooltip("right:Q", title="Right", format=".1%"),
        alt.Tooltip("images:Q", title="Images", format=","),
    ]
    ends = data([{"score": 0, "right": 0}, {"score": 1, "right": 1}])
    diagonal = alt.Chart(ends).mark_line(strokeDash=[5, 4], strokeWidth=1.5, opacity=0.7).encode(x=x, y=y)
    base = alt.Chart(values)
    gaps = base.mark_rule(strokeWidth=1.5).encode(x=x, y=y, y2="score:Q")
    size = alt.Size("images:Q", scale=alt.Scale(range=[30, 500], type="sqrt"), legend=None)
    marks = base.mark_point(filled=True, opacity=0.85).encode(x=x, y=y, size=size, tooltip=shown)
    return spec(diagonal + gaps + marks, 320)


def _diagram_numbers(found: Calibration) -> Numbers:
    return Numbers(
        ("Scores from", "to", "Images", "Mean score", "Right"),
        [(each.low, each.high, each.images, each.confidence, each.accuracy) for each in found.diagram],
    )


def _curves(scored: Sequence[Scored]) -> Figure:
    names = [each.name for each in scored]
    values = data(
        {"row": each.name, "coverage": coverage, "risk": risk} for each in scored for coverage, risk in each.curve
    )
    dashes = [_DASHES[(place + place // 8) % len(_DASHES)] for place in range(len(names))]
    legend = alt.Legend(title=None, columns=1)
    chart = (
        alt.Chart(values)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X(
                "coverage:Q",
                title="Kept of all answered images",
                scale=alt.Scale(domain=[0, 1], nice=False),
                axis=alt.Axis(format="%", values=_TICKS),
            ),
            y=alt.Y("risk:Q", title="Wrong among those kept", axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color("row:N", scale=alt.Scale(domain=names), legend=legend),
            strokeDash=alt.StrokeDash("row:N", scale=alt.Scale(domain=names, range=dashes), legend=legend),
            tooltip=[alt.Tooltip("row:N", title="Row")],
        )
    )
    table: list[tuple[Cell, ...]] = [(each.name, *(_risk(each, share) for share in _COVERED)) for each in scored]
    ends = " Answers without a score cannot be kept: a curve ends where the scores of its row do."
    return Figure(
        "risk-coverage",
        "Wrong answers, if the least sure are left out",
        "How many answers are wrong if only those with the highest scores are kept and the other images are left to "
        "somebody else. The lower the curve, and the later it rises, the better do the scores tell what is right."
        + (ends if any(each.found.unscored for each in scored) else ""),
        (Variant("", spec(chart, 320), Numbers(("Row", *(f"{share:.0%}" for share in _COVERED)), table)),),
    )


def _risk(scored: Scored, share: float) -> float | None:
    """The share of wrong ones at the first point of the curve that keeps so many answers; None behind its end."""
    return next((risk for coverage, risk in scored.curve if coverage >= share - 1e-9), None)
