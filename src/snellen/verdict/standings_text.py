"""What a comparison of rows looks like in a terminal: who ranks where, what is not told apart, what else differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from snellen.comparisons import LEVEL
from snellen.console import one_line
from snellen.result_row import ResultRow
from snellen.verdict.settings import Setting
from snellen.verdict.sittings import Sitting
from snellen.verdict.standings import Standings, Tie
from snellen.verdict.standings_tables import agreement_table, letter, pairs_table, pairs_title, ranking_table

_GROUPS, _NAMES = 5, 3  # what is shown of groups and of class names
_WIDTH = 80  # below this nothing is cut
_EXCERPT = 40  # characters of a value


def print_all(
    compared: Sequence[tuple[Standings, Sequence[Setting]]],
    runs: Sequence[str],
    console: Console,
    every: bool = False,
    chosen: bool = False,
) -> None:
    """Prints all sittings of the runs with these names; `every` one, and every pair, where there are many.

    `chosen` says that not all rows were to be compared.
    """
    console.width = max(console.width, _WIDTH)
    taking_part = {run for standings, _ in compared for run in standings.sitting.left_out}
    if len(runs) > 1:
        for run, name in enumerate(runs):
            console.print(
                Text(f"{letter(run)}: {one_line(name)}{'' if run in taking_part else ', no row of which takes part'}")
            )
    if len(compared) > 1:
        console.print(Text(f"Rows with other classes or other images are compared apart: {len(compared)} groups"))
    if len(taking_part) > 1 and all(len(standings.sitting.left_out) == 1 for standings, _ in compared):
        console.print(
            Text("No two runs are compared: their classes differ, or all their images stand under other labels")
        )
    if not compared:
        console.print(Text("There are no rows to compare: snellen run asks models about images"))
    shown = compared if every else compared[:_GROUPS]
    for place, (standings, settings) in enumerate(shown):
        if place or len(runs) > 1:
            console.print()
        for line in _about(standings.sitting, len(runs) > 1):
            console.print(Text(line))
        _print_one(standings, settings, console, len(runs) > 1, every, chosen)
    if len(shown) < len(compared):
        console.print(Text(f"\nand {len(compared) - len(shown)} more groups: --all shows them"))


def _about(sitting: Sitting, by_run: bool) -> Iterator[str]:
    """What the rows of a sitting were asked about, and what was left out of it."""
    names = ", ".join(map(one_line, sitting.classes[:_NAMES]))
    more = ", …" if len(sitting.classes) > _NAMES else ""
    yield f"{len(sitting.labels):,} images of {len(sitting.classes)} classes ({names}{more})"
    for run, count in sorted(sitting.left_out.items()):
        if count:
            owner = f"of {letter(run)} " if by_run else ""
            yield f"{count:,} other images {owner}are left out: not all rows were asked about them"
    if sitting.relabelled:
        yield f"{sitting.relabelled:,} images are left out that stand under other labels in one run than in another"


def _print_one(
    standings: Standings, settings: Sequence[Setting], console: Console, by_run: bool, every: bool, chosen: bool
) -> None:
    console.print(ranking_table(standings, console.width, by_run))
    for line in sentences(standings, chosen):
        console.print(Text(line))
    if any(each.images for each in standings.comparisons.values()):
        console.print(Text(f"\n{pairs_title(standings, every)}"))
        console.print(pairs_table(standings, every))
        shown = min(len(standings.rows), (console.width - 3) // 6 + 1)
        some = f", the first {shown} rows" if shown < len(standings.rows) else ""
        console.print(Text(f"\nShare of images with the same prediction{some}"))
        console.print(agreement_table(standings, shown))
    if settings:
        console.print(Text("\nWhat differs beside the models, and in which rows"))
    elif len(standings.rows) > 1 or standings.sitting.entrants[0].also:
        console.print(Text("\nNothing differs beside the models."))
    for setting in settings:
        console.print(Text(_differs(setting)))


def left_out(rows: Iterable[ResultRow]) -> str | None:
    """Which of the rows of runs are not compared whatever they were asked; None where there are none."""
    counts = Counter("changed" if row.superseded else "blind" for row in rows if row.superseded or row.blind)
    parts = [
        f"{counts[kind]} {before}row{'s' if counts[kind] > 1 else ''}{after}"
        for kind, before, after in (
            ("blind", "blind ", ""),
            ("changed", "", " of models or settings that have changed since"),
        )
        if counts[kind]
    ]
    return f"Left out: {' and '.join(parts)}" if parts else None


def sentences(standings: Standings, chosen: bool = False) -> Iterator[str]:
    """Which row is ahead of all others, what is not told apart and how many images would do, what was not answered."""
    rows, sitting = standings.rows, standings.sitting
    ranked = [row for row in rows if row.best is not None]
    if not ranked:
        yield "No row has an answer: there is nothing to compare."
        return
    if len(ranked) == 1:
        yield f"{_alone(sitting, chosen)}: there is nothing to compare it with."
    elif ranked[0].worst == 1:
        yield f"1 is ahead of {'all others' if len(ranked) > 2 else '2'}, more than chance explains."
    yield from map(_tie, standings.ties)
    tied = {place for tie in standings.ties for place in tie.places}
    for place, entrant in enumerate(sitting.entrants):
        if entrant.decided and place in tied:
            corrected = ", corrected for all pairs" if len(rows) > 2 else ""
            yield (
                f"That {place + 1} is the best was decided by a sharper test made for this one question, which bets "
                f"against whichever row led; ranks and ties rest on a test of each two rows{corrected}."
            )
    if open_ := [place for place, row in enumerate(rows, start=1) if row.images < len(sitting.labels)]:
        yield (
            f"Not all {len(sitting.labels):,} images were answered by {_listed(open_)}: "
            "each two rows are compared on those that both answered."
        )
    if len(ranked) > 1:
        pairs = sum(each.images > 0 for each in standings.comparisons.values())
        corrected = f", corrected for {pairs} pairs by Holm's method" if pairs > 1 else ""
        stopped = any(each.anytime for each in standings.comparisons.values())
        test = (
            f"McNemar's {'test, a sequential one where answers had a say in when to stop' if stopped else 'exact test'}"
        )
        yield f"Told apart are rows with p < {LEVEL} in {test}{corrected}."


def _alone(sitting: Sitting, chosen: bool) -> str:
    """Why but one row of a sitting can be compared."""
    if len(sitting.entrants) > 1:
        return "Only one row has answers"
    if sitting.entrants[0].also:
        return "It is the same row with the same answers in each of these runs"
    return "Only one row was chosen by -m and -s" if chosen else "There is only one row"


def _tie(tie: Tie) -> str:
    first, last = tie.places[0] + 1, tie.places[-1] + 1
    if not tie.images:
        return f"{first}–{last}: not told apart; two of them have no answered image in common"
    images = "this one image" if tie.images == 1 else f"these {tie.images:,} images"
    said = f"{first}–{last}: not told apart by {images}"
    equal = [place + 1 for place in tie.as_often_right]
    equally = f"; {_listed(equal)} {'is' if len(equal) == 1 else 'are'} right as often as {first}" if equal else ""
    if tie.images_needed is None:
        return said + equally
    needed = f"; about {_rounded(tie.images_needed):,} would"
    if len(tie.places) == 2:
        return f"{said}{needed} do at 80 % power"
    others = _listed([place + 1 for place in tie.places[1:] if place not in tie.as_often_right])
    return f"{said}{needed} tell {first} from {others if equal else 'the others'} at 80 % power{equally}"


def _rounded(images: int) -> int:
    """Up to two digits that count: it is no exact figure."""
    unit = int(10 ** max(0, len(str(images)) - 2))
    return -(-images // unit) * unit


def _listed(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def _rows(places: Sequence[int]) -> str:
    return f"row{'s' if len(places) > 1 else ''} {_ranges(places)}"


def _ranges(places: Sequence[int]) -> str:
    """Rows by their places, `1–3, 5` for what follows each other."""
    spans: list[list[int]] = []
    for place in places:
        if spans and spans[-1][-1] == place - 1:
            spans[-1].append(place)
        else:
            spans.append([place])
    return ", ".join(f"{span[0] + 1}–{span[-1] + 1}" if len(span) > 1 else str(span[0] + 1) for span in spans)


def _differs(setting: Setting) -> str:
    """A setting with the rows of each value, on a line where values are short."""
    texts = [one_line(value) for value, _ in setting.values]
    long = max(map(len, texts)) > _EXCERPT
    shortest = min(map(len, texts))
    alike = next((place for place in range(shortest) if len({text[place] for text in texts}) > 1), shortest)
    start = max(0, alike - 10) if long else 0
    shown = [_excerpt(text, start) for text in texts]
    values = [f"{text} in {_rows(places)}" for text, (_, places) in zip(shown, setting.values, strict=True)]
    head = f"  {one_line(setting.name)}:"
    return "\n    ".join([head, *values]) if long else f"{head} {'; '.join(values)}"


def _excerpt(text: str, start: int) -> str:
    """A value around what is not the same in all."""
    end = start + _EXCERPT
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"
