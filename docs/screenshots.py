"""Makes the pictures of the guide, docs/images/*.png, from a run of the demo: `make screenshots`.

    python docs/screenshots.py [RUN]

RUN is a finished run of `snellen demo`, by default runs/demo, which is made if it is not there. It is copied, so that
nothing in it changes. The browser is the one of the browser tests: Debian's Chromium, driven by Playwright.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("browser_tests", "tests", "")]  # where the browser tests find their own

from conftest import FLAGS, chromium  # noqa: E402
from looks import LOOKS  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 1_500_000  # of all pictures together
SNELLEN = (sys.executable, "-m", "snellen")
LIVE = ("run", "-d", "demo/pictograms", "-m", "demo/vlm", "-s", "binary", "-s", "closed-set", "-s", "likelihood")
CLOSED_SET, BINARY, LIKELIHOOD = 1, 3, 5  # rows of the demo
PATIENCE = 180.0  # seconds


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: of `address`, in a look of the browser tests, as the window shows it from `element` on."""

    name: str
    address: str
    look: str = "desktop-light"
    element: str | None = None
    prepare: Callable[[Page], object] | None = None
    height: int | None = None


def report_shots(report: Path) -> list[Shot]:
    page = report.as_uri()
    return [
        Shot("report-top", page, height=1010),
        Shot("report-top-dark", page, "desktop-dark", height=1010),
        Shot("report-trade-offs", page, element="#accuracy-speed", height=660),
        Shot("report-confusion", page, element="#confusion-matrix", prepare=_confused_row, height=800),
        Shot("report-mistakes", page, element="#mistakes"),
        Shot("report-phone", page, "phone-light"),
        Shot("report-phone-dark", page, "phone-dark", element="#accuracy-speed"),
    ]


def viewer_shots(address: str) -> list[Shot]:
    run = f"{address}runs/1"
    return [
        Shot("viewer-grid", f"{run}/images?row={BINARY}&answer=misnamed&disagreement=only-wrong"),
        Shot("viewer-image", f"{run}/images?row={LIKELIHOOD}&sort=disagreement", prepare=_first_image, height=1100),
        Shot("viewer-compare", f"{run}/compare?a={LIKELIHOOD}&b={CLOSED_SET}", height=1000),
        Shot("viewer-phone-dark", f"{run}/images?row={BINARY}&answer=misnamed", "phone-dark"),
    ]


def _confused_row(page: Page) -> None:
    page.select_option('[data-choose="confusion-matrix"]', label="demo/vlm · binary")


def _first_image(page: Page) -> None:
    page.click("main a[href*='/image?']")
    page.wait_for_load_state("networkidle")


def take(browser: Browser, shot: Shot) -> None:
    """Opens the page as a new reader and writes the picture with few colours."""
    look = dict(LOOKS[shot.look])
    if shot.height:
        look["viewport"] = {**look["viewport"], "height": shot.height}
    context = browser.new_context(**look, device_scale_factor=2 if shot.look.startswith("phone") else 1)
    try:
        page = context.new_page()
        page.goto(shot.address)
        page.wait_for_load_state("networkidle")
        if shot.prepare:
            shot.prepare(page)
        if shot.element:
            _scroll_to(page, shot.element)
        page.wait_for_timeout(500)  # charts fade in
        write(shot.name, page.screenshot())
    finally:
        context.close()


def _scroll_to(page: Page, element: str) -> None:
    """Brings the element below the bar that stays at the top, once all charts are drawn, as they take room."""
    drawn = "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('svg, canvas'))"
    until = time.monotonic() + PATIENCE
    while not page.evaluate(drawn):
        if time.monotonic() > until:
            raise SystemExit("not all charts of the report were drawn")
        page.wait_for_timeout(100)
    place = (
        "e => scrollTo(0, e.getBoundingClientRect().top + scrollY - (document.querySelector('.top').offsetHeight + 8))"
    )
    page.locator(element).evaluate(place)


def write(name: str, png: bytes) -> None:
    picture = PIL.Image.open(io.BytesIO(png)).convert("RGB")
    path = IMAGES / f"{name}.png"
    picture.quantize(palette=_palette(picture), dither=PIL.Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {picture.width}x{picture.height}  {path.stat().st_size:,} bytes")


def _palette(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The commonest colours as they are, which are the page's; of the others what stands for most and what for all."""
    found = sorted(picture.getcolors(picture.width * picture.height) or (), reverse=True)
    colours = [channel for _, colour in found[:64] if isinstance(colour, tuple) for channel in colour]
    for method, count in ((PIL.Image.Quantize.MEDIANCUT, 96), (PIL.Image.Quantize.MAXCOVERAGE, 96)):
        colours += (picture.quantize(count, method=method).getpalette() or [])[: 3 * count]
    palette = PIL.Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette


@contextmanager
def viewed(run: Path) -> Iterator[str]:
    """Serves a run folder by `snellen view` and yields its address."""
    server = subprocess.Popen((*SNELLEN, "view", str(run), "--no-browser"), stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        if not address.startswith("http"):
            raise SystemExit(f"snellen view {run} said {address!r}, not where it is to be found")
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)


@contextmanager
def going_on(run: Path) -> Iterator[Path]:
    """A run that goes on meanwhile."""
    command = (*SNELLEN, *LIVE, "--classes", "21", "--no-timing", "--no-report", "-q", "--out", str(run))
    process = subprocess.Popen(command)
    try:
        until = time.monotonic() + PATIENCE
        while not (run / "answers.sqlite").exists():
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit("the run that was to go on did not begin")
            time.sleep(0.1)
        yield run
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def _is_told(page: Page) -> None:
    """Reads the page anew until it tells of a quarter of the images that the model is asked about."""
    until = time.monotonic() + PATIENCE
    known = "#leaderboard td.strong[data-value]:not([data-value=''])"
    share = "bars => bars.length ? bars[0].value / bars[0].max : 0"
    while not page.locator(known).count() or page.locator("[data-progress-bar]").evaluate_all(share) < 0.25:
        if time.monotonic() > until:
            raise SystemExit("the run that goes on was not to be seen")
        page.wait_for_timeout(2000)
        page.reload()
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)  # the line about the pace is written by the page itself


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes docs/images/*.png from a run of the demo.")
    parser.add_argument("run", type=Path, nargs="?", default=ROOT / "runs" / "demo")
    given = parser.parse_args().run.resolve()
    if not (given / "answers.sqlite").exists():
        subprocess.run((*SNELLEN, "demo", "--out", str(given)), check=True)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.chdir(folder)  # commands that pages show then name runs/demo, as a user's do
        run = Path(shutil.copytree(given, "runs/demo"))
        subprocess.run((*SNELLEN, "report", str(run)), check=True)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for shot in report_shots(run.resolve() / "report.html"):
            take(browser, shot)
        with viewed(run) as address:
            for shot in viewer_shots(address):
                take(browser, shot)
        with going_on(Path("runs/live")) as live, viewed(live) as address:
            take(browser, Shot("viewer-live", f"{address}runs/1/", prepare=_is_told))
        browser.close()
    total = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    print(f"{total:,} bytes in all")
    if total > MOST_BYTES:
        raise SystemExit(f"that is more than the {MOST_BYTES:,} bytes that they may have; take fewer colours")


if __name__ == "__main__":
    main()
