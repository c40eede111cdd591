"""axe-core finds no serious fault in any look of the report."""

from __future__ import annotations

from playwright.sync_api import Page

from axe import check_axe
from conftest import Visit
from looks import LOOKS
from reports import opened


def test_of_a_sweep_in_each_look(any_look: Page, sweep_report: str) -> None:
    check_axe(opened(any_look, sweep_report))


def test_of_the_demo_on_a_desktop_with_all_that_opens(offline: Page, demo_report: str) -> None:
    opened(offline, demo_report)
    offline.evaluate("document.querySelectorAll('details.rest, details.notes').forEach(each => { each.open = true; })")
    check_axe(offline)


def test_of_the_demo_on_a_phone_in_the_dark(visit: Visit, demo_report: str) -> None:
    check_axe(opened(visit(**LOOKS["phone-dark"]), demo_report))


def test_of_a_filtered_gallery_of_hostile_names(visit: Visit, table_report: str) -> None:
    page = opened(visit(color_scheme="dark"), table_report)
    page.evaluate("location.hash = document.querySelector('#confusion a').getAttribute('href')")
    check_axe(page, within="#mistakes")
