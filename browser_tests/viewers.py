"""The viewer as its users start it: a program of its own, the addresses of its pages, and what stands on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Locator, Page

from runs import PATIENCE
from snellen.results import Results


@dataclass(frozen=True)
class Viewer:
    """A viewer that has read its run: the folder, the server's address, and the token where it asks for one."""

    run: Path
    address: str
    token: str = ""

    def at(self, page: str = "", **query: object) -> str:
        """The address of a page of the run."""
        return f"{self.address}/runs/1/{page}{'?' if query else ''}{urlencode(query)}"

    def records(self, row: int) -> list[dict[str, Any]]:
        """What became of each image in a row, as the results say it."""
        with closing(Results(self.run)) as results:
            return [record for record in results.records() if record["row"] == row]

    def row(self, model: str, strategy: str) -> int:
        """The number of the row of a model whose name holds this."""
        with closing(Results(self.run)) as results:
            return next(row.number for row in results.rows if model in row.model and row.strategy == strategy)


@contextmanager
def viewing(run: Path, *words: str) -> Iterator[Viewer]:
    """A viewer of this run; it fails where the program has told of a mistake of its own in the end."""
    command = [sys.executable, "-m", "snellen", "view", str(run), "--no-browser", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SNELLEN_")}
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=told) as process,
    ):
        try:
            assert process.stdout is not None
            parts = urlsplit(process.stdout.readline().decode().strip())
            viewer = Viewer(run, f"http://127.0.0.1:{parts.port}", parts.query.removeprefix("token="))
            _wait(viewer)
            yield viewer
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)
        told.seek(0)
        said = told.read().decode()
        assert process.returncode == 0 and "Traceback" not in said, said


def _wait(viewer: Viewer) -> None:
    """Until the run is read; asks for its report, which takes longer."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    known = {"token": viewer.token} if viewer.token else {}
    opener.open(viewer.at(**known)).close()
    until = time.monotonic() + PATIENCE
    while "The run is being read" in (text := opener.open(viewer.at("images")).read().decode()):
        assert time.monotonic() < until, text
        time.sleep(0.1)


def follow(page: Page, link: Locator) -> None:
    """Clicks what leads to another page, and waits for that."""
    with page.expect_navigation():
        link.click()


def tiles(page: Page) -> list[str]:
    """The ids of the images in the grid, in its order, as their links name them."""
    found: list[str] = page.locator(".tiles a").evaluate_all(
        "links => links.map(each => new URL(each.href).searchParams.get('id'))"
    )
    return found


def examples(records: list[dict[str, Any]], keep: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    """The ids of the images whose record is like that."""
    return [record["example"] for record in records if keep(record)]


def is_wrong(record: Mapping[str, Any]) -> bool:
    """Whether there is an answer, and it does not name the label."""
    return record["state"] in ("answered", "unparsed") and record["prediction"] != record["label"]


def is_right(record: Mapping[str, Any]) -> bool:
    return bool(record["state"] == "answered" and record["prediction"] == record["label"])


def report(page: Page, viewer: Viewer) -> None:
    """Opens the report, which shows itself as soon as it is made."""
    page.goto(viewer.at())
    page.locator("#leaderboard").wait_for(timeout=1000 * PATIENCE)
    page.locator("[data-chart]:not([data-drawn])").first.wait_for(state="detached", timeout=1000 * PATIENCE)
