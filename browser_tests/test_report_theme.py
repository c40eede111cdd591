"""Light and dark: as the system has it, or as the reader chose; paper is light."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from conftest import Visit
from reports import MARKS, PATIENCE, opened
from watch import Watch

DARK, LIGHT = "rgb(19, 22, 25)", "rgb(250, 250, 247)"  # the page
SOFT = {"light": (86, 94, 104), "dark": (166, 174, 184)}  # texts at axes


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def check_charts(page: Page, theme: str) -> None:
    """All texts at the axes of all charts have the colour of the theme."""
    colour = "rgb({}, {}, {})".format(*SOFT[theme])
    others = page.locator(f"[data-chart] .role-axis-label text:not([fill='{colour}'])")
    expect(others).to_have_count(0, timeout=PATIENCE)
    assert page.locator(f"[data-chart] .role-axis-label text[fill='{colour}']").count() > 20
    expect(page.locator("[data-chart]:not(:has(svg.marks))")).to_have_count(0)


def test_the_switch_changes_page_and_charts_and_is_remembered(offline: Page, sweep_report: str) -> None:
    opened(offline, sweep_report)
    switch = offline.locator("[data-theme-switch]")
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert background(offline) == LIGHT
    check_charts(offline, "light")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert background(offline) == DARK
    check_charts(offline, "dark")
    offline.reload()
    opened(offline, sweep_report)
    assert background(offline) == DARK
    check_charts(offline, "dark")
    switch.click()
    assert background(offline) == LIGHT
    check_charts(offline, "light")


def test_many_switches_leave_one_chart_each(offline: Page, sweep_report: str) -> None:
    opened(offline, sweep_report)
    for _ in range(5):
        offline.locator("[data-theme-switch]").click()
    check_charts(offline, "dark")
    offline.wait_for_timeout(200)
    for chart in offline.locator("[data-chart]").all():
        assert chart.locator("svg.marks").count() == 1
        assert chart.locator("details").count() == 1


def test_it_follows_the_system_until_one_is_chosen(offline: Page, sweep_report: str) -> None:
    offline.emulate_media(color_scheme="dark")
    opened(offline, sweep_report)
    switch = offline.locator("[data-theme-switch]")
    assert background(offline) == DARK
    check_charts(offline, "dark")
    offline.emulate_media(color_scheme="light")
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert background(offline) == LIGHT
    check_charts(offline, "light")
    switch.click()
    offline.emulate_media(color_scheme="dark")
    offline.emulate_media(color_scheme="light")
    assert background(offline) == DARK


def test_without_storage_it_works_all_the_same(visit: Visit, sweep_report: str) -> None:
    page = visit(offline=True)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', "
        "{ get() { throw new DOMException('Access is denied', 'SecurityError'); } })"
    )
    opened(page, sweep_report)
    page.locator("[data-theme-switch]").click()
    assert background(page) == DARK
    check_charts(page, "dark")
    opened(page, sweep_report)
    assert background(page) == LIGHT


def as_system(page: Page, url: str) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, url)


def as_chosen(page: Page, url: str) -> None:
    opened(page, url)
    page.locator("[data-theme-switch]").click()
    check_charts(page, "dark")


@pytest.mark.parametrize("darken", [as_system, as_chosen])
def test_paper_is_light_and_has_the_charts(
    offline: Page, demo_report: str, tmp_path: Path, darken: Callable[[Page, str], None]
) -> None:
    darken(offline, demo_report)
    assert background(offline) == DARK
    drawn = contents(offline.pdf(path=tmp_path / "report.pdf"))
    assert len(drawn) > 100_000
    assert colours(SOFT["light"], drawn) > 100 and not colours(SOFT["dark"], drawn)
    check_charts(offline, "dark")  # on the screen it is as before
    offline.emulate_media(media="print")
    assert background(offline) == "rgb(255, 255, 255)"


def contents(pdf: bytes) -> bytes:
    """What is drawn on the sheets of a PDF."""
    streams = re.findall(rb"/FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"\n".join(text for stream in streams if b" re" in (text := zlib.decompress(stream)))


def colours(colour: tuple[int, int, int], drawn: bytes) -> int:
    """How often something is filled with a colour."""
    channels = rb" ".join(rb"0?%s\d*" % f"{value / 255:.4f}".lstrip("0").encode() for value in colour)
    return len(re.findall(channels + rb" rg", drawn))


def test_print_shows_what_paper_can_show(paper: Page, demo_report: str) -> None:
    opened(paper, demo_report)
    for gone in ("header.top", "[data-theme-switch]", "label.choice", ".vega-embed details"):
        for each in paper.locator(gone).all():
            expect(each).to_be_hidden()
    for chart in paper.locator("[data-chart]").all():
        expect(chart.locator(MARKS).first).to_be_attached()
        box = chart.bounding_box()
        assert box and box["width"] <= 794
    expect(paper.locator("#leaderboard table").first).to_be_visible()


def test_paper_has_all_columns_and_what_is_closed_on_the_screen(paper: Page, demo_report: str) -> None:
    opened(paper, demo_report)
    closed = "details:not([open]):not([hidden]):not(.vega-embed details)"
    before = paper.locator(closed).count()
    assert before > 5 and not paper.get_by_text("Settings of the strategy").first.is_visible()
    paper.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert paper.locator(closed).count() == 0
    expect(paper.get_by_text("Settings of the strategy").first).to_be_visible()
    paper.set_viewport_size({"width": 700, "height": 1000})  # A4 without its margins
    tables = "[...document.querySelectorAll('.wide')].filter(each => each.offsetWidth)"
    assert paper.evaluate(f"{tables}.length") > 15
    assert (
        paper.evaluate(f"{tables}.filter(each => each.scrollWidth > each.clientWidth).map(each => each.ariaLabel)")
        == []
    )
    paper.evaluate("dispatchEvent(new Event('afterprint'))")
    assert paper.locator(closed).count() == before


def test_the_page_asks_for_nothing_when_it_is_printed(offline: Page, watch: Watch, sweep_report: str) -> None:
    opened(offline, sweep_report)
    assert offline.pdf()[:5] == b"%PDF-"
    assert all(url.startswith(("file:", "data:")) for url in watch.requests)
