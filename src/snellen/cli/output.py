"""What commands print: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snellen.results import Results
    from snellen.terminal import TerminalProgress


def say(text: str) -> None:
    """Prints a line to standard error."""
    from snellen.console import one_line, write

    write(one_line(text), sys.stderr)


def say_lines(text: str) -> None:
    """Prints lines as they are to standard error."""
    from snellen.console import write

    write(text, sys.stderr)


def tell(text: str) -> None:
    """Prints a result to standard output."""
    from snellen.console import write

    write(text, sys.stdout)


def progress_shown(quiet: bool) -> TerminalProgress:
    from snellen.console import QuietConsole
    from snellen.terminal import TerminalProgress

    return TerminalProgress(QuietConsole(stderr=True), quiet)


def show(results: Results, as_json: bool) -> None:
    """The results and what they say on standard output; what did not go well on standard error."""
    from snellen.conclusion import conclusion
    from snellen.console import QuietConsole
    from snellen.summary import notes, print_results

    if as_json:
        tell(json.dumps(results.as_data(), indent=2))
    else:
        print_results(results.rows, QuietConsole())
    for line in notes(results):
        say(line)
    say(f"all of it is in {results.path}")
    if len(results.rows) > 1 and not as_json and (sentence := conclusion(results)):
        tell(f"\n{sentence}")
