"""How long the report of large runs takes to make, how large it is, and when it can be read.

    python benchmarks/large_run.py /tmp/many --images 100000 --rows 10 --classes 21
    python benchmarks/large_run.py /tmp/classes --images 10280 --rows 10 --classes 257
    python benchmarks/report.py runs/demo /tmp/many/run /tmp/classes/run

With Playwright and Chromium at hand (`make test-browser` installs both) it opens each page from a file three times, and
tells when the browser first paints something, when the page is loaded, and when all its charts are drawn.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from snellen.results import Results

_MAKE = """
from pathlib import Path
from snellen.report import write_report
write_report([Path({run!r})], Path({page!r}), {n})
"""
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_DRAWN = "() => document.querySelectorAll('[data-chart]').length === document.querySelectorAll('[data-drawn]').length"


def made(run: Path, page: Path, thumbnails: int) -> tuple[float, float]:
    """Seconds of wall clock and of processor time that a process of its own takes to write the page."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    code = _MAKE.format(run=str(run), page=str(page), n=thumbnails)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def opened(page: Path) -> tuple[float, float, float] | None:
    """Median seconds to the first paint, to the load event, and until all charts are drawn; None without a browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    if chromium is None:
        return None
    seen: list[tuple[float, float, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.wait_for_function(_DRAWN, timeout=120_000)
            drawn = time.perf_counter() - began
            seen.append((tab.evaluate(_PAINT) / 1000, tab.evaluate(_LOADED) / 1000, drawn))
            tab.close()
        browser.close()
    return median(each[0] for each in seen), median(each[1] for each in seen), median(each[2] for each in seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    print("| images | rows | classes | made s | CPU s | MB bare | MB | first paint s | loaded s | all drawn s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as place:
        for run in parser.parse_args().runs:
            with closing(Results(run)) as results:
                rows = results.rows
            about = f"{rows[0].images:,} | {len(rows)} | {rows[0].classes}"
            bare, page = Path(place) / "bare.html", Path(place) / "page.html"
            made(run, bare, 0)
            wall, cpu = made(run, page, 48)
            sizes = f"{bare.stat().st_size / 1e6:.2f} | {page.stat().st_size / 1e6:.2f}"
            times = " | ".join(f"{each:.2f}" for each in opened(page) or ()) or "– | – | –"
            print(f"| {about} | {wall:.1f} | {cpu:.1f} | {sizes} | {times} |", flush=True)


if __name__ == "__main__":
    main()
