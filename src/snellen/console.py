"""What reaches a terminal or a pipe: harmless text, and no complaint where the reader has gone."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import IO

from rich.console import Console

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_COMMAND = re.compile(r"'snellen [^']*'")
_LEAST_WIDTH = 40


def visible(text: str) -> str:
    """The text with all that could steer a terminal as backslash escapes; line ends and tabs stay."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """The visible text on one line."""
    return visible(" ".join(filter(None, (line.strip() for line in re.split(r"[\r\n]+", text)))))


def filled(text: str, stream: IO[str]) -> str:
    """A sentence as lines that end with a word on a terminal; elsewhere as it is, a line to whatever reads it.

    A command in quotation marks stays on one line, to be copied.
    """
    if not stream.isatty():
        return text
    kept = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), text.replace("\0", ""))
    width = max(shutil.get_terminal_size().columns, _LEAST_WIDTH)
    lines = textwrap.wrap(kept, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def write(text: str, stream: IO[str]) -> None:
    """Prints a text made visible; where nobody reads any more, it and all that follows go nowhere."""
    try:
        print(visible(text), file=stream, flush=True)
    except BrokenPipeError:
        silence(stream)


def silence(stream: IO[str]) -> None:
    """Sends what is and will be written to the stream nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class QuietConsole(Console):
    """A console whose reader may go, as in `snellen run … | head`: the work goes on."""

    def on_broken_pipe(self) -> None:
        silence(self.file)
