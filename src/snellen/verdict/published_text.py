"""Published figures as lines of text: all of them, and those beside a run's rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rich.cells import cell_len

from snellen.console import one_line
from snellen.short_names import short_strategies
from snellen.verdict.published import Beside, Measure
from snellen.verdict.published_figures import Figure, Protocol, Source

_TITLES = {
    "accuracy": "Accuracy",
    "accuracy_substring": "Substring",
    "balanced_accuracy": "Balanced",
    "macro_f1": "F1",
    "weighted_f1": "F1 w.",
    "gpu_gb": "GPU GB",
    "iterations_per_second": "it/s",
}
_STRATEGY = 60  # characters


def figures_lines(sources: Iterable[Source]) -> Iterator[str]:
    """All figures of each source, by protocol, with what is to be known about them."""
    for place, source in enumerate(sources):
        if place:
            yield ""
        yield f"{source.name}: {source.title}"
        yield f"  {source.url}"
        protocols: dict[str, list[Figure]] = {}
        for figure in source.figures:
            protocols.setdefault(figure.protocol.name, []).append(figure)
        for figures in protocols.values():
            yield from _protocol_lines(figures[0].protocol, figures)
        yield ""
        yield from (f"  note: {note}" for note in source.notes)


def _protocol_lines(protocol: Protocol, figures: Sequence[Figure]) -> Iterator[str]:
    images = f"{protocol.images:,} images of " if protocol.images else ""
    scoring = f", scored by {protocol.scoring}" if protocol.scoring else ""
    yield f"\n  {protocol.name}: {images}{protocol.classes} classes of {protocol.dataset}{scoring}"
    plain = [figure for figure in figures if figure.classes == protocol.classes]
    names = [name for name in _TITLES if any(name in figure.values for figure in plain)]
    about = [name for name in ("parameters_billions", "mmmu") if any(getattr(each.model, name) for each in plain)]
    titles = {"parameters_billions": "Params B", "mmmu": "MMMU"}
    rows = [["Model", *(_TITLES[name] for name in names), *(titles[name] for name in about)]]
    for figure in plain:
        said = [*(figure.values.get(name) for name in names), *(getattr(figure.model, name) for name in about)]
        rows.append([figure.model.model, *map(_number, said)])
    yield from (f"    {line}" for line in _aligned(rows, 1))
    yield from _curve_lines([figure for figure in figures if figure.classes != protocol.classes])


def _curve_lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Accuracy against the number of classes, a model a line."""
    if not figures:
        return
    counts = list(dict.fromkeys(figure.classes for figure in figures))
    found = {(figure.model.model, figure.classes): figure.values["accuracy"] for figure in figures}
    models = dict.fromkeys(figure.model.model for figure in figures)
    rows = [["Accuracy by number of classes", *map(str, counts)]]
    rows += [[model, *(_number(found.get((model, count))) for count in counts)] for model in models]
    yield from (f"    {line}" for line in _aligned(rows, 1))


def beside_lines(found: Sequence[Beside]) -> Iterator[str]:
    """The rows beside what a source says, source by source; below each row what was done otherwise than there."""
    for place, source in enumerate(dict.fromkeys(each.source for each in found)):
        if place:
            yield ""
        group = [each for each in found if each.source is source]
        yield f"{source.title}\n  {source.url}"
        strategies = short_strategies((one_line(each.row.strategy) for each in group), _STRATEGY)
        rows = [["", "Published", "Measured", "95 %", "Within"]]
        rows += [_cells(measure) for each in group for measure in each.measures]
        table = iter(_aligned(rows, 1))
        yield f"  {next(table)}"
        for each in group:
            yield f"{one_line(each.row.model)} · {strategies[one_line(each.row.strategy)]}"
            yield from (f"  {next(table)}" for _ in each.measures)
            yield f"  there: {each.figure.model.model}, {each.figure.protocol.name}, {each.figure.classes} classes"
            yield f"  differs: {one_line('; '.join(each.differs)) or 'nothing that is told'}"
            if each.figure.protocol.not_told:
                yield f"  not told there: {'; '.join(each.figure.protocol.not_told)}"
        if any(measure.name == "accuracy_substring" for each in group for measure in each.measures):
            yield "Substring: right if the label occurs anywhere in the answer, as that source scores. It flatters."


def _cells(measure: Measure) -> list[str]:
    bounds = "–" if measure.low is None or measure.high is None else f"{measure.low:.2f}–{measure.high:.2f}"
    within = "–" if measure.within is None else "yes" if measure.within else "no"
    measured = "–" if measure.measured is None else f"{measure.measured:.3f}"
    return [_TITLES.get(measure.name, measure.name), _number(measure.published), measured, bounds, within]


def _number(value: Decimal | None) -> str:
    return "–" if value is None else str(value)


def _aligned(rows: Sequence[Sequence[str]], texts: int) -> Iterator[str]:
    """Columns as wide as they need be, the first `texts` to the left, numbers to the right."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(cell + space if place < texts else space + cell)
        yield " ".join(cells).rstrip()
