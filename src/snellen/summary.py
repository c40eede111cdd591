"""The table of results that a terminal shows, and what did not go well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from snellen.console import one_line
from snellen.mapping import rules_text
from snellen.result_row import ResultRow
from snellen.results import Results
from snellen.short_names import model_cells, short_models, strategy_cells

_MODEL, _STRATEGY = 28, 20  # the room that names get before a column of numbers does
_LEAST_MODEL, _LEAST_STRATEGY = 14, 11
_ALWAYS = 100
_UNREADABLE_SHOWN, _FAILURES_SHOWN, _UNCOVERED_SHOWN, _NAMES_SHOWN = 100, 5, 6, 3


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers; those of most worth get the room that there is."""

    title: str
    worth: int
    cell: Callable[[ResultRow], str]

    def width(self, rows: Sequence[ResultRow]) -> int:
        return max(cell_len(text) for text in (self.title, *map(self.cell, rows)))


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def rate_text(value: float | None) -> str:
    """A number a second, short."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _interval(row: ResultRow) -> str:
    return "–" if row.accuracy_low is None else f"{row.accuracy_low:.2f}–{row.accuracy_high:.2f}"


def seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.2g} ms"


def dollars(value: float | None) -> str:
    """An amount of USD: whole cents from a dollar on, two digits below."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value >= 1 or not value else f"{value:.2g}" if value >= 0.0001 else f"{value:.1e}"


def _tokens(value: int | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1e6:.1f}M" if value >= 1e6 else f"{value / 1e3:.1f}k" if value >= 1e4 else str(value)


def _covered(row: ResultRow) -> str:
    """The accuracy on the covered classes, and how many these are."""
    if row.classes_covered is None:
        return "–"
    return f"{_number(row.accuracy_covered)} of {row.classes_covered}"


_COLUMNS = (
    _Column("Accuracy", _ALWAYS, lambda row: _number(row.accuracy)),
    _Column("95 %", _ALWAYS, _interval),
    _Column("Top 5", 25, lambda row: _number(row.top5_accuracy)),
    _Column("F1", 60, lambda row: _number(row.macro_f1)),
    _Column("F1 w.", 20, lambda row: _number(row.weighted_f1)),
    _Column("Images", _ALWAYS, lambda row: str(row.images)),
    _Column("Unparsed", _ALWAYS, lambda row: str(row.unparsed)),
    _Column("Failed", _ALWAYS, lambda row: str(row.failed)),
    _Column("Pending", _ALWAYS, lambda row: str(row.pending)),
    _Column("Covered", 77, _covered),
    _Column("Raw acc.", 75, lambda row: _number(row.accuracy_raw)),
    _Column("Ceiling", 76, lambda row: _number(row.ceiling)),
    _Column("TPR", 55, lambda row: _number(row.true_positive_rate)),
    _Column("TNR", 54, lambda row: _number(row.true_negative_rate)),
    _Column("USD", 73, lambda row: dollars(row.cost_usd)),
    _Column("USD/1000", 74, lambda row: dollars(row.cost_per_1000_usd)),
    _Column("Tokens", 28, lambda row: _tokens(row.tokens_in)),
    _Column("Out", 27, lambda row: _tokens(row.tokens_out)),
    _Column("img/s", 78, lambda row: rate_text(row.images_per_second)),
    _Column("p50", 40, lambda row: seconds(row.latency_p50)),
    _Column("RAM GB", 30, lambda row: _number(row.peak_rss_gb, 2)),
    _Column("GPU GB", 35, lambda row: _number(row.peak_gpu_gb, 2)),
)
_SILENT = {  # what says nothing where it stands in all rows
    **dict.fromkeys(("Unparsed", "Failed", "Pending"), "0"),
    **dict.fromkeys(("Covered", "Top 5", "Raw acc.", "Ceiling", "TPR", "TNR", "img/s", "p50", "RAM GB", "GPU GB"), "–"),
    **dict.fromkeys(("USD", "USD/1000", "Tokens", "Out"), "–"),
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table, the width it takes, and the columns that it has no room for."""

    table: Table
    width: int
    left_out: tuple[str, ...]


def not_shown(titles: Iterable[str]) -> str:
    """What is said of columns that a table has no room for."""
    return f"Not shown for want of room: {', '.join(titles)} (in a wider terminal, --json and the report)"


def _columns(
    rows: Sequence[ResultRow], room: int, titles: Sequence[str] | None
) -> tuple[list[_Column], tuple[str, ...]]:
    """The columns that say something and fit into the room, each with a space before it, and the titles of the others.

    See `results_table`.
    """
    wanted: Sequence[_Column] = _COLUMNS
    if titles is not None:
        places = {title: place for place, title in enumerate(titles)}
        wanted = [replace(each, worth=-places[each.title]) for each in _COLUMNS if each.title in places]
    columns = [
        column
        for column in wanted
        if column.title not in _SILENT or any(column.cell(row) != _SILENT[column.title] for row in rows)
    ]
    shown, left = [], room
    for column in sorted(columns, key=lambda column: -column.worth):
        if column.worth == _ALWAYS or column.width(rows) < left:
            shown.append(column.title)
            left -= column.width(rows) + 1
    left_out = tuple(column.title for column in columns if column.title not in shown)
    return [column for column in columns if column.title in shown], left_out


def results_table(
    rows: Sequence[ResultRow], width: int, coloured: bool = True, titles: Sequence[str] | None = None
) -> Fitted:
    """The rows as a table, which takes more than `width` only below 80.

    `titles` are those of the columns that are wanted, the first of most worth.
    """
    longest_model, longest_strategy = (
        max((cell_len(one_line(name)) for name in names), default=0)
        for names in ([row.model for row in rows], [row.strategy for row in rows])
    )
    names_room = max(min(longest_model, _MODEL), 5) + 1 + max(min(longest_strategy, _STRATEGY), 8)
    columns, left_out = _columns(rows, width - names_room, titles)
    left = width - sum(column.width(rows) + 1 for column in columns) - 1
    strategy_room = max(min(longest_strategy, max(left * 2 // 5, left - min(longest_model, _MODEL))), _LEAST_STRATEGY)
    model_room = max(min(longest_model, left - strategy_room), _LEAST_MODEL)
    models = model_cells((one_line(row.model) for row in rows), model_room)
    strategies = strategy_cells((one_line(row.strategy) for row in rows), strategy_room)
    model_room = widest((*models.values(), "Model"))
    strategy_room = widest((*strategies.values(), "Strategy"))
    table = Table(box=None, pad_edge=False, header_style="bold" if coloured else "", padding=(0, 1, 0, 0))
    table.add_column("Model", overflow="fold", width=model_room)
    table.add_column("Strategy", overflow="fold", width=strategy_room)
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True, width=column.width(rows))
    for row in rows:
        names = (models[one_line(row.model)], strategies[one_line(row.strategy)])
        style = "yellow" if coloured and (row.failed or row.pending) else ""
        table.add_row(*map(Text, names), *(Text(column.cell(row)) for column in columns), style=style)
    taken = model_room + 1 + strategy_room + sum(column.width(rows) + 1 for column in columns)
    return Fitted(table, taken, left_out)


def widest(cells: Iterable[str]) -> int:
    """The width of the widest line of some cells."""
    return max(cell_len(line) for cell in cells for line in cell.split("\n"))


def print_results(rows: Sequence[ResultRow], console: Console) -> None:
    """Prints a table for each set of images that rows are about; no number is ever cut or wrapped."""
    room, left_out = console.width, dict[str, None]()
    groups: dict[tuple[bool, int, int, int, int], list[ResultRow]] = {}
    for row in rows:
        groups.setdefault((row.superseded, -row.images, -row.classes, row.seed, row.selection), []).append(row)
    for place, key in enumerate(sorted(groups or {(False, 0, 0, 0, 0): []})):
        superseded, images, classes, seed, _ = key
        if len(groups) > 1:
            since = ", from a model or setting that has changed since" if superseded else ""
            names = [str(each["name"]) for each in groups[key][0].per_class[:_NAMES_SHOWN]]
            some = f" ({', '.join(map(one_line, names))}{', …' if -classes > len(names) else ''})" if names else ""
            head = f"{-images} images of {-classes} classes{some}, seed {seed}{since}"
            console.print(Text(f"{chr(10) * bool(place)}{head}"))
        fitted = results_table(groups.get(key, []), room, coloured=not console.no_color)
        left_out |= dict.fromkeys(fitted.left_out)
        console.width = max(console.width, fitted.width)
        console.print(fitted.table)
    if left_out:
        console.print(Text(not_shown(left_out)))


def notes(results: Results, about: Sequence[ResultRow] | None = None) -> Iterator[str]:
    """What did not go well, each on a line: unreadable files, failures, models that could not go on.

    What is said of rows and classes is said `about` these rows alone, where it is given.
    """
    rows = results.rows if about is None else about
    yield from _coverage(results, rows)
    yield from _mixed_scores(results, rows)
    unreadable = results.unreadable()
    for id, reason in unreadable[:_UNREADABLE_SHOWN]:
        yield f"unreadable: {id}: {reason}"
    if len(unreadable) > _UNREADABLE_SHOWN:
        yield f"and {len(unreadable) - _UNREADABLE_SHOWN} more unreadable files, all in {results.path / 'manifest.csv'}"
    failures = results.failures()
    for reason, count in failures[:_FAILURES_SHOWN]:
        yield f"failed: {count} x {reason}"
    if len(failures) > _FAILURES_SHOWN:
        yield f"and {len(failures) - _FAILURES_SHOWN} more reasons, all in {results.path / 'records.csv'}"
    yield from _troubles(results)


def _troubles(results: Results) -> Iterator[str]:
    """Why rows have pending examples: once for a model where it is the same for all its rows."""
    troubles: dict[str, dict[str, list[str]]] = {}
    asked = Counter(row.model for row in results.rows if not row.superseded)
    for row in results.rows:
        if row.trouble:
            troubles.setdefault(row.model, {}).setdefault(row.trouble, []).append(row.strategy)
    for model, reasons in troubles.items():
        for trouble, strategies in reasons.items():
            whose = model if len(strategies) >= asked[model] else f"{model} · {', '.join(strategies)}"
            yield f"pending: {trouble if model in trouble else f'{whose}: {trouble}'}"


def _coverage(results: Results, rows: Sequence[ResultRow]) -> Iterator[str]:
    """Which classes fixed vocabularies do not know, models alike together, and what they recognised instead."""
    groups: dict[tuple[object, ...], list[ResultRow]] = {}
    for row in rows:
        rules = tuple((row.classes_covered_by or {}).items())
        special = row.classes_uncovered or row.concepts_unknown or {rule for rule, _ in rules} - {"exact"}
        if special and not row.superseded:
            groups.setdefault((row.classes_uncovered, row.classes, rules, row.concepts_unknown), []).append(row)
    for row, *others in groups.values():
        uncovered, by = row.classes_uncovered or (), row.classes_covered_by or {}
        names = ", ".join(dict.fromkeys(short_models((each.model for each in (row, *others)), _MODEL).values()))
        told = f" ({rules_text(by)})" if by else ""
        left = f", not {_some(uncovered)}" if uncovered else ""
        yield f"coverage: {row.classes_covered} of {row.classes} classes{told}{left}: {names}"
        if row.concepts_unknown:
            yield f"  in the mapping, but no label of the model: {_some(row.concepts_unknown)}"
        if found := [f"{concept_name(concept)} ({count})" for concept, count in results.out_of_list(row)]:
            yield f"  recognised instead, most often: {_some(found)}"
    if any(row.classes_uncovered for row, *_ in groups.values()):
        yield "  more with rules=exact,head, mapping=FILE or background=NAME: see 'snellen map MODEL -d DATASET'"


_WAYS = {  # said of scores
    "asked": "were asked for",
    "choice": "are of answers held to the choices",
    "logprobs": "are log-probabilities",
}


def _mixed_scores(results: Results, about: Sequence[ResultRow]) -> Iterator[str]:
    """Which rows of a comparison have scores that mean different things."""
    for group in results.mixed_scores():
        if not any(row in about for rows in group.values() for row in rows):
            continue
        said = []
        for way, rows in group.items():
            names = _some([one_line(f"{row.model} · {row.strategy}") for row in rows])
            said.append(f"of {names} {_WAYS.get(way, 'were had in several ways')}")
        yield f"scores {', '.join(said)}: do not compare their calibration"


def concept_name(concept: str) -> str:
    """The first of the names that a vocabulary has for what it recognises, which commas part."""
    return concept.partition(",")[0].strip() or concept


def _some(names: Sequence[str]) -> str:
    """The first of the names, parted by semicolons where names have commas."""
    more = len(names) - _UNCOVERED_SHOWN
    shown = names[:_UNCOVERED_SHOWN]
    return ("; " if any("," in name for name in shown) else ", ").join(shown) + (
        f" and {more} more" if more > 0 else ""
    )
