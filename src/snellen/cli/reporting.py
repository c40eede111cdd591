"""The command that writes the report of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.app import app
from snellen.cli.output import say, tell
from snellen.errors import WrongUse
from snellen.report import PAGE, THUMBNAILS


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders; several make one page.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE.html", help="Default: report.html in the run folder, the first one."),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write all charts as SVG and PNG into this folder, too, for a paper."),
    ] = None,
    thumbnails: Annotated[
        int, typer.Option(metavar="N", help="How many pictures the page may hold; 0 for none.", min=0)
    ] = THUMBNAILS,
) -> None:
    """Write the report: one HTML file that opens offline and can be mailed.

    Every run writes it at its end. It holds small copies of some pictures: mind that before you pass it on.

    \b
    Examples:
      snellen report runs/photos
      snellen report runs/photos runs/photos-float16 -o both.html
      snellen report runs/photos --figures figures --thumbnails 0
    """
    from snellen.report import write_figures, write_report

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise WrongUse(f"-o {out}: expected a file that ends in .html")
    if figures is not None and figures.exists() and not figures.is_dir():
        raise WrongUse(f"--figures {figures}: expected a folder, and that is none; name another one")
    tell(str(write_report(runs, out or runs[0] / PAGE, thumbnails)))
    if figures is not None:
        written = write_figures(runs, figures)
        say(f"{len(written)} files of charts are in {figures}")
