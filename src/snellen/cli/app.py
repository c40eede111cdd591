"""The command line's root: what all commands hang on."""

from __future__ import annotations

from typing import Annotated

import typer

from snellen.cli.output import tell

app = typer.Typer(
    help="The eye test for vision models: which one classifies your images best, how fast, and how sure that is.",
    epilog="Example: snellen run -d photos -m hf/./my-vlm -m onnx/./mobilenet.onnx",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
datasets_app = typer.Typer(
    help="Look at data sets.",
    epilog="Example: snellen datasets show photos",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(datasets_app, name="datasets")


def _version(wanted: bool) -> None:
    if wanted:
        from snellen import __version__

        tell(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
