"""What became of every image: right, another class, no class and why, failed, pending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from snellen.report.charts import NO_CLASS, RIGHT, WRONG, data, spec
from snellen.report.elements import Figure, Numbers, Section, Spec, Variant
from snellen.report.reported import MOST_ROWS, ReportedRun
from snellen.result_row import ResultRow
from snellen.summary import concept_name
from snellen.types import Outcome, State
from snellen.verdict.diagnosing import RIGHT as RIGHT_ANSWER
from snellen.verdict.diagnosing import WRONG_CLASS
from snellen.verdict.diagnosing_lines import WORDS

COLOURS: Mapping[str, str] = {  # in the order in which they stand beside one another
    RIGHT_ANSWER: RIGHT,
    WRONG_CLASS: WRONG,
    Outcome.OUT_OF_LIST: NO_CLASS,
    Outcome.AMBIGUOUS: "#c05a9a",
    Outcome.EMPTY: "#5b7fd0",
    Outcome.REFUSED: "#9a7d0a",
    Outcome.TRUNCATED: "#3f8fb5",
    Outcome.NONE_CONFIRMED: "#a06cc0",
    State.FAILED: "#707a86",
    State.PENDING: "#8c949e",
}
_MEANINGS: Mapping[str, str] = {
    Outcome.OUT_OF_LIST: "the answer is none of the classes",
    Outcome.AMBIGUOUS: "the answer fits several classes",
    Outcome.EMPTY: "nothing was said",
    Outcome.REFUSED: "the model declined to answer",
    Outcome.TRUNCATED: "the answer was cut off before it named a class",
    Outcome.NONE_CONFIRMED: "no class got a yes",
    State.FAILED: "there is no answer, for a reason that the run tells",
    State.PENDING: "not asked yet",
}
_CONCEPTS = 8  # of a row that are named


def section(run: ReportedRun) -> Section | None:
    """None where there is no row."""
    rows = [*run.shown, *(row for row in run.rows if row.accuracy is None)][:MOST_ROWS]
    if not rows:
        return None
    counts = {row.number: outcomes_of(run, row) for row in rows}
    kinds = [kind for kind in COLOURS if any(count[kind] for count in counts.values())]
    recognised = {run.labels[row.number]: found for row in rows if (found := run.results.out_of_list(row))}
    context = {
        "left": len(run.rows) - len(rows),
        "meanings": [(WORDS.get(kind, str(kind)), _MEANINGS[kind]) for kind in kinds if kind in _MEANINGS],
        "recognised": [
            (label, [(concept_name(concept), count) for concept, count in found[:_CONCEPTS]], len(found[_CONCEPTS:]))
            for label, found in recognised.items()
        ],
    }
    figure = Figure(
        "outcome-shares",
        "What became of the images",
        "Each bar is a row and all of its images. Accuracy is the share that is right of all that were answered; "
        "failed and pending images are not in it.",
        (Variant("", _chart(run, rows, kinds, counts), _numbers(run, rows, kinds, counts)),),
    )
    return Section("outcomes", "Outcomes", "outcomes.html", context, (figure,))


def outcomes_of(run: ReportedRun, row: ResultRow) -> dict[str, int]:
    """How many images had each outcome, all outcomes in order; they add up to all images of the row."""
    if row.accuracy is None:
        found: Mapping[str, int] = {State.FAILED: row.failed, State.PENDING: row.pending}
    else:
        found = run.diagnosis(row).outcomes
    return {kind: found.get(kind, 0) for kind in COLOURS}


def _chart(
    run: ReportedRun, rows: Sequence[ResultRow], kinds: Sequence[str], counts: dict[int, dict[str, int]]
) -> Spec:
    values = data(
        {
            "row": run.labels[row.number],
            "outcome": WORDS.get(kind, str(kind)),
            "order": place,
            "count": counts[row.number][kind],
            "share": counts[row.number][kind] / row.images,
            "start": sum(counts[row.number][each] for each in kinds[:place]) / row.images,
        }
        for row in rows
        for place, kind in enumerate(kinds)
        if counts[row.number][kind]
    )
    words = [WORDS.get(kind, str(kind)) for kind in kinds]
    colour = alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=words, range=[COLOURS[kind] for kind in kinds]),
        legend=alt.Legend(title=None, symbolType="square"),
    )
    base = (
        alt.Chart(values)
        .transform_calculate(end="datum.start + datum.share", middle="datum.start + datum.share / 2")
        .encode(
            y=alt.Y("row:N", sort=None, axis=None),  # names stand above the bars: a phone has no room beside them
            tooltip=[
                alt.Tooltip("row:N", title="Row"),
                alt.Tooltip("outcome:N", title="Outcome"),
                alt.Tooltip("count:Q", title="Images", format=","),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    bars = base.mark_bar(height=20, yOffset=9).encode(
        x=alt.X(
            "start:Q",
            title="Share of all images",
            axis=alt.Axis(format="%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
        x2="end:Q",
        color=colour,
    )
    texts = (
        base.transform_filter("datum.share * width > 42")
        .mark_text(color="black", fontWeight=600, yOffset=9)
        .encode(x="middle:Q", text=alt.Text("share:Q", format=".1%"))
    )
    first = base.transform_filter("datum.start == 0").mark_text(
        align="left", yOffset=-11, tooltip=None, limit=alt.ExprRef("width")
    )
    names = first.encode(x=alt.XValue(0), text="row:N")
    return spec(bars + texts + names, 48 * len(rows))


def _numbers(
    run: ReportedRun, rows: Sequence[ResultRow], kinds: Sequence[str], counts: dict[int, dict[str, int]]
) -> Numbers:
    return Numbers(
        ("Row", "Images", *(_title(kind) for kind in kinds)),
        [(run.labels[row.number], row.images, *(counts[row.number][kind] for kind in kinds)) for row in rows],
    )


def _title(kind: str) -> str:
    return WORDS.get(kind, str(kind)).capitalize()
