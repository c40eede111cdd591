"""How readily rows say yes of each class, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from snellen.report.charts import chart_names, data, spec
from snellen.report.elements import Cell, Figure, Numbers, Spec, Variant
from snellen.verdict.yes_rates import ClassRates, YesRates

_CLASSES = 30  # of a chart of classes
_OWN, _OTHERS = "images of the class", "images of other classes"


def yes_figures(asked: Sequence[tuple[str, YesRates]]) -> tuple[Figure, ...]:
    told = [(name, rates, _worst(rates)) for name, rates in asked if rates.per_class]
    if not told:
        return ()
    most = max(len(rates.per_class) for _, rates, _ in told)
    limited = (
        f" Of {most} classes those {_CLASSES} that others' images get a yes to most often." if most > _CLASSES else ""
    )
    figure = Figure(
        "yes-rates",
        "How often a class gets a yes",
        "Share of the questions whether the class is there that got a yes: of images of the class (the more, the "
        f"better) and of images of other classes (the fewer, the better).{limited}",
        tuple(Variant(name, _yes_chart(worst), _yes_numbers(worst)) for name, _, worst in told),
    )
    return (figure,)


def _worst(rates: YesRates) -> list[ClassRates]:
    """The classes that other images get a yes to most often."""
    return sorted(rates.per_class, key=lambda each: -(each.false.share or 0.0))[:_CLASSES]


def _yes_chart(classes: Sequence[ClassRates]) -> Spec:
    names = chart_names(each.name for each in classes)
    values = data(
        {"class": name, "of": of, "rate": rate.share, "yes": rate.count, "asked": rate.of}
        for each, name in zip(classes, names, strict=True)
        for of, rate in ((_OWN, each.true), (_OTHERS, each.false))
        if rate.share is not None
    )
    order = [_OWN, _OTHERS]
    legend = alt.Legend(title=None)
    chart = (
        alt.Chart(values)
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=alt.X("rate:Q", title="Yes", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("class:N", sort=names, title=None, axis=alt.Axis(labelLimit=140, grid=True)),
            color=alt.Color("of:N", scale=alt.Scale(domain=order), legend=legend),
            shape=alt.Shape("of:N", scale=alt.Scale(domain=order, range=["circle", "triangle-up"]), legend=legend),
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("of:N", title="Asked of"),
                alt.Tooltip("rate:Q", title="Yes", format=".1%"),
                alt.Tooltip("yes:Q", title="Yeses", format=","),
                alt.Tooltip("asked:Q", title="Questions", format=","),
            ],
        )
    )
    return spec(chart, 18 * len(classes) + 20)


def _yes_numbers(classes: Sequence[ClassRates]) -> Numbers:
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.true.of, each.true.share, each.false.of, each.false.share, each.false.low, each.false.high)
        for each in classes
    ]
    return Numbers(("Class", "Asked of its images", "Yes", "Asked of others", "Yes to others", "from", "to"), rows)
