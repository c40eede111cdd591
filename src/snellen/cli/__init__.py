"""The command line: the only place that reads the environment and prints.

A module per kind of command; importing one adds its commands to the app, in this order.
"""

from __future__ import annotations

import io
import sys

from snellen.cli import runs, sweeping, verdicts, diagnosing, suspecting, recommending, reporting  # isort: skip
from snellen.cli import viewing, publishing, models, data, demo  # isort: skip
from snellen.cli.app import app
from snellen.cli.output import say
from snellen.errors import SnellenError

__all__ = [
    "app",
    "data",
    "demo",
    "diagnosing",
    "main",
    "models",
    "publishing",
    "recommending",
    "reporting",
    "runs",
    "suspecting",
    "sweeping",
    "verdicts",
    "viewing",
]


def main() -> None:
    """Runs the command; an error a user can act on is one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the terminal's encoding lacks is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SnellenError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
