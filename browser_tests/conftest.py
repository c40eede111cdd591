"""The browser that all tests share, and pages in it that fail a test by themselves where something goes wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, sync_playwright

import runs
from looks import DESKTOP, LOOKS
from snellen.report import PAGE, write_report
from viewers import Viewer, viewing
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


def once(name: str, build: Callable[[Path], Path], factory: pytest.TempPathFactory) -> Path:
    """The run folder that `build` makes, made by the first of the processes that the tests run in."""
    common = factory.getbasetemp() if "PYTEST_XDIST_WORKER" not in os.environ else factory.getbasetemp().parent
    place = common / f"made-{name}"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            place.mkdir()
            build(place)
    return place / "run"


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of demo models and scripted ones, to be read, not changed; as are the next three."""
    return once("demo", runs.demo, tmp_path_factory)


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on class folders with hostile names, with models and answers that are hostile."""
    return once("hostile-folder", runs.hostile_folder, tmp_path_factory)


@pytest.fixture(scope="session")
def hostile_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a table with hostile labels and ids, with models and answers that are hostile."""
    return once("hostile-table", runs.hostile_table, tmp_path_factory)


@pytest.fixture(scope="session")
def sweep_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two models over three numbers of classes, in random sets and in hard ones."""
    return once("sweep", runs.swept, tmp_path_factory)


@pytest.fixture(scope="session")
def demo_server(demo_run: Path) -> Iterator[Viewer]:
    """The viewer of the demo, for tests that change nothing."""
    with viewing(demo_run) as viewer:
        yield viewer


@pytest.fixture
def demo_viewer(demo_server: Viewer, watch: Watch) -> Viewer:
    """The same, and pages may talk to it."""
    watch.own(demo_server.address)
    return demo_server


@pytest.fixture(scope="session", params=["hostile_folder", "hostile_table"])
def hostile_server(request: pytest.FixtureRequest) -> Iterator[Viewer]:
    """The viewers of the hostile runs, one after the other, for tests that change nothing."""
    with viewing(request.getfixturevalue(request.param)) as viewer:
        yield viewer


@pytest.fixture
def hostile_viewer(hostile_server: Viewer, watch: Watch) -> Viewer:
    """The same, and pages may talk to them."""
    watch.own(hostile_server.address)
    return hostile_server


@pytest.fixture
def view(watch: Watch) -> Iterator[Callable[..., Viewer]]:
    """Starts a viewer of the test's own: `view(run, "--host", "0.0.0.0")`."""
    with ExitStack() as opened:

        def start(run: Path, *words: str) -> Viewer:
            viewer = opened.enter_context(viewing(run, *words))
            watch.own(viewer.address)
            return viewer

        yield start


@pytest.fixture
def running(tmp_path: Path) -> Iterator[runs.Running]:
    """A run that goes on while the test looks at it."""
    with runs.running(tmp_path) as going_on:
        yield going_on


@pytest.fixture
def own(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a run folder, for a test that changes it: `own(demo_run)`."""
    return lambda run: shutil.copytree(run, tmp_path / "own-run")


def reported(name: str, run: Path, factory: pytest.TempPathFactory, thumbnails: int = 12) -> str:
    """The address of the report of a run, which is written once."""

    def write(place: Path) -> Path:
        (place / "run").mkdir()
        return write_report([run], place / "run" / PAGE, thumbnails)

    return (once(f"report-{name}", write, factory) / PAGE).as_uri()


@pytest.fixture(scope="session")
def demo_report(demo_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report of the demo, as a file; likewise the next ones."""
    return reported("demo", demo_run, tmp_path_factory)


@pytest.fixture(scope="session")
def sweep_report(sweep_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return reported("sweep", sweep_run, tmp_path_factory)


@pytest.fixture(scope="session")
def bare_report(sweep_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the sweep without any picture."""
    return reported("bare", sweep_run, tmp_path_factory, thumbnails=0)


@pytest.fixture(scope="session")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of ten rows on 257 classes, without pictures."""
    return reported("large", once("large", runs.large, tmp_path_factory), tmp_path_factory, thumbnails=0)


@pytest.fixture(scope="session")
def folder_report(hostile_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return reported("hostile-folder", hostile_folder, tmp_path_factory, thumbnails=96)


@pytest.fixture(scope="session")
def table_report(hostile_table: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return reported("hostile-table", hostile_table, tmp_path_factory, thumbnails=96)
