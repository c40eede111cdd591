"""What commands print: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snellen.results import Results
    from snellen.terminal import TerminalProgress


def say(text: str) -> None:
    """Prints a sentence to standard error: a line, on a terminal as many as it takes."""
    from snellen.console import filled, one_line, write

    write(filled(one_line(text), sys.stderr), sys.stderr)


def say_lines(text: str) -> None:
    """Prints lines as they are to standard error."""
    from snellen.console import write

    write(text, sys.stderr)


def tell(text: str) -> None:
    """Prints a result to standard output."""
    from snellen.console import write

    write(text, sys.stdout)


def tell_json(data: Any) -> None:
    """Prints a result as JSON; what is no number, such as NaN, is null."""
    tell(json.dumps(_finite(data), indent=2, allow_nan=False))


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    return [*map(_finite, data)] if isinstance(data, (list, tuple)) else data


def progress_shown(quiet: bool) -> TerminalProgress:
    from snellen.console import QuietConsole
    from snellen.terminal import TerminalProgress

    return TerminalProgress(QuietConsole(stderr=True), quiet)


def write_page(results: Results) -> str:
    """Writes the report of a run folder, and returns what is said of it.

    The run is over by then: what may go wrong with its page is told, and the run no less done.
    """
    from snellen.report import PAGE, missing, write_report_of

    if reason := missing():
        return reason
    try:
        return f"the report: {write_report_of([results], results.path / PAGE)}"
    except Exception as error:  # 'snellen report' shows where it went wrong
        return f"the report could not be written: {error or type(error).__name__}; try: snellen report {results.path}"


def show(results: Results, as_json: bool, swept: bool = False, page: bool = True) -> None:
    """The results and what they say on standard output; what did not go well on standard error.

    The rows of a sweep are shown by its curves, unless other rows were just asked and none were `swept`. Its `page` is
    written at the end.
    """
    from snellen.conclusion import conclusion
    from snellen.console import QuietConsole, filled
    from snellen.summary import notes, print_results
    from snellen.verdict.blind import blind_lines
    from snellen.verdict.stopping import told
    from snellen.verdict.sweep_tables import print_sweep, sweep_data, sweep_notes
    from snellen.verdict.sweeps import sweep_of

    sweep = sweep_of(results)
    curves = sweep if swept or not results.asked else None
    apart = sweep.numbers - (frozenset() if curves else results.asked) if sweep else frozenset()
    rows = [row for row in results.rows if row.number not in apart]
    if as_json:
        tell_json({**results.as_data(), **sweep_data(results)})
    else:
        if curves:
            print_sweep(curves, QuietConsole())
        if rows and curves:
            tell("")
        if rows or not curves:
            print_results(rows, QuietConsole())
    if sweep and not curves:
        say(f"there is a sweep, too: 'snellen score {results.path}' shows it")
    for line in sweep_notes(results, curves) if curves else ():
        say(line)
    about = [row for row in results.rows if row in rows or (curves and row.number in curves.largest)]
    for line in (*notes(results, about), *blind_lines(results, about), *told(results)):
        say(line)
    say(f"all of it is in {results.path}")
    if page:
        say(write_page(results))
    if len(rows) > 1 and not as_json and not curves and (sentence := conclusion(results)):
        tell(f"\n{filled(sentence, sys.stdout)}")
