"""The browser that all tests share, and pages in it that fail a test by themselves where something goes wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from looks import DESKTOP, LOOKS
from watch import Watch

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # nothing leaves this machine
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
Visit = Callable[..., Page]


def chromium() -> str:
    """The path of the Chromium at hand. Raises UsageError where there is none."""
    named = os.environ.get("SNELLEN_CHROMIUM")
    found = next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)
    if not found:
        raise pytest.UsageError("no Chromium is found: install it, or name one in SNELLEN_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once; Playwright brings no browser of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Follows all pages of the test, and fails it at its end where they did what they must not."""
    watch = Watch()
    yield watch
    watch.check()


@pytest.fixture
def visit(browser: Browser, watch: Watch) -> Iterator[Visit]:
    """Opens an empty page as a reader without history: `visit(**LOOKS["phone-dark"], offline=True)`."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = watch.follow(browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options}))
        contexts.append(context)
        context.set_default_timeout(10_000)
        return context.new_page()

    yield open_page
    for context in contexts:
        watch.leave(context)


@pytest.fixture
def page(visit: Visit) -> Page:
    """An empty page on a desktop, light."""
    return visit()


@pytest.fixture
def offline(visit: Visit) -> Page:
    """An empty page of a browser that has no network, for files."""
    return visit(offline=True)


@pytest.fixture(params=LOOKS)
def any_look(request: pytest.FixtureRequest, visit: Visit) -> Page:
    """An empty page on a desktop and on a phone, each light and dark, one test after the other."""
    return visit(**LOOKS[request.param])


@pytest.fixture
def still(visit: Visit) -> Page:
    """An empty page of a reader who wants no motion."""
    return visit(reduced_motion="reduce")


@pytest.fixture
def paper(visit: Visit) -> Page:
    """An empty page as it would be printed."""
    page = visit(viewport={"width": 794, "height": 1123})  # A4
    page.emulate_media(media="print")
    return page


def write_page(place: Path, body: str, head: str = "") -> str:
    """A small correct page with this body; returns its address."""
    file = place / "page.html"
    file.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>{head}</head>'
        f"<body><main><h1>Page</h1>{body}</main></body></html>",
        encoding="utf-8",
    )
    return file.as_uri()
