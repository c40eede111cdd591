"""The command that shows a run in the browser."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.output import say, tell
from snellen.errors import Missing


@app.command()
def view(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders.")],
    host: Annotated[
        str,
        typer.Option(
            envvar="SNELLEN_HOST", metavar="HOST", help="Where others reach it, too: the address then holds a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(envvar="SNELLEN_PORT", metavar="N", help="Default: 8765, or the next free one.", min=1, max=65535),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Show runs in the browser: the report live, every image and every answer; mark labels that are wrong.

    It is for this machine alone unless --host says otherwise. A run that goes on is shown as it does. Ctrl-C ends it.

    \b
    Examples:
      snellen view runs/photos
      snellen view runs/photos --host 0.0.0.0 --port 9000
    """
    from snellen.viewer import missing

    if reason := missing():
        raise Missing(reason)
    from snellen.viewer.server import Server

    server = Server(runs, host, port)
    tell(server.address)
    say("Ctrl-C ends it")
    if not no_browser and _has_display():
        threading.Timer(0.5, _open, [server.address]).start()
    try:
        server.serve()
    except KeyboardInterrupt:
        say("ended")


def _has_display() -> bool:
    """Whether a browser is likely to be seen by who typed the command."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
