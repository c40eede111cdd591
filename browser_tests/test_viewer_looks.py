"""Every kind of page on a desktop and a phone, light and dark, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from axe import check_axe
from conftest import Visit
from looks import LOOKS, check_fits, look
from viewers import Viewer, follow, report, tiles
from watch import Watch

PAGES = {
    "images": "images",
    "found": "images?row=11&answer=wrong&outcome=refused&label=rabbit",
    "nothing": "images?text=nothing",
    "image": "image?id=bus/0003",
    "compare": "compare",
    "answers": "answers?q=zeppelin",
    "marks": "marks",
    "problem": "image?id=nothing",
}


def check(page: Page) -> None:
    """No serious fault of accessibility, nothing wider than the screen."""
    check_fits(page)
    check_axe(page)


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_and_are_accessible(any_look: Page, watch: Watch, demo_viewer: Viewer, name: str) -> None:
    if name == "problem":
        watch.expect("404")
    any_look.goto(f"{demo_viewer.at()}{PAGES[name]}")
    check(any_look)


@pytest.mark.parametrize("name", ["desktop-light", "phone-dark"])
def test_the_live_report_fits_and_is_accessible(visit: Visit, demo_viewer: Viewer, name: str) -> None:
    page = visit(**LOOKS[name])
    report(page, demo_viewer)
    check(page)


def test_pages_are_looked_at(page: Page, watch: Watch, demo_viewer: Viewer) -> None:
    watch.expect("404")
    for name, address in PAGES.items():
        page.goto(f"{demo_viewer.at()}{address}")
        expect(page.locator("main h1").first).to_be_attached()
        look(page, f"viewer-{name}")


def test_hostile_pages_fit_and_are_accessible(visit: Visit, hostile_viewer: Viewer) -> None:
    for look_name in ("phone-dark", "desktop-light"):
        page = visit(**LOOKS[look_name])
        ids = {each["example"] for each in hostile_viewer.records(1)}
        longest = max(ids, key=len)
        for address in (
            hostile_viewer.at("images"),
            hostile_viewer.at("image", id=longest),
            hostile_viewer.at("compare"),
            hostile_viewer.at("answers", q="pwned"),
        ):
            page.goto(address)
            check(page)
        report(page, hostile_viewer)
        check(page)


def test_without_scripts_pages_and_filters_work(visit: Visit, demo_viewer: Viewer) -> None:
    page = visit(java_script_enabled=False, **LOOKS["phone-light"])
    page.goto(demo_viewer.at("images"))
    page.locator("[name=answer]").select_option("wrong")
    page.locator("[name=row]").select_option("11")
    follow(page, page.get_by_role("button", name="Show"))
    found = tiles(page)
    assert 0 < len(found) < 54
    follow(page, page.locator(".tiles a").first)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".one-facts dd").first).to_have_text(found[1])
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("link", name="Report").click()
    page.locator("#leaderboard").wait_for(timeout=60_000)
    check_fits(page)
