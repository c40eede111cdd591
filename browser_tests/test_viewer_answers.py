"""Search in raw answers: all that hold the words are found, and lead to their images."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

import studies
from conftest import Visit
from viewers import Viewer, follow


def said(viewer: Viewer, words: str) -> list[tuple[bytes, str]]:
    """The image and the text of each answer that holds the words."""
    found = studies.sql(viewer.run, "SELECT image, body FROM answers ORDER BY model, image, question")
    texts = [(image, parts[1]) for image, body in found if (parts := json.loads(body))[0] == "text"]
    return [(image, text) for image, text in texts if words.lower() in text.lower()]


def test_an_answer_is_found_and_leads_to_its_image(page: Page, demo_viewer: Viewer) -> None:
    expected = said(demo_viewer, "zeppelin")
    page.goto(demo_viewer.at())
    page.get_by_role("link", name="Answers").click()
    page.get_by_label("In the models' own words").fill("Zeppelin")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".found")).to_have_text(f"All answers are searched: {len(expected)} found.")
    assert page.locator(".hits mark").all_text_contents() == ["zeppelin"] * len(expected)
    address = page.url
    link = page.locator(".hits a:not([aria-hidden])").first
    name = link.text_content() or ""
    follow(page, link)
    expect(page.locator(".one-facts dd").first).to_have_text(name)
    assert page.locator(".heard pre", has_text="a zeppelin").count()
    page.go_back()
    assert page.url == address
    expect(page.locator(".hits li")).to_have_count(len(expected))


def test_a_search_goes_on_by_itself_and_without_a_script_by_a_link(
    page: Page, visit: Visit, demo_viewer: Viewer
) -> None:
    expected = len(said(demo_viewer, "e"))
    assert 100 < expected < 300
    page.goto(demo_viewer.at("answers", q="e"))
    expect(page.locator(".found")).to_have_text(f"All answers are searched: {expected} found.")
    assert page.locator(".hits li").count() == expected
    without = visit(java_script_enabled=False)
    without.goto(demo_viewer.at("answers", q="e"))
    found = without.locator(".hits li").count()
    while (on := without.get_by_role("link", name="Search on")).count():
        follow(without, on)
        found += without.locator(".hits li").count()
    assert found == expected


def test_what_no_answer_holds_is_said(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("answers", q="<script>window.pwned=1</script>"))
    expect(page.locator(".found")).to_have_text("No answer holds these words.")
