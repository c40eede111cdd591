"""The gallery of mistakes: its pictures, and how cells of the confusion matrix lead to them and back."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from conftest import Visit
from reports import opened

HIDDEN = "#mistakes [data-label][hidden]"
SHOWN = "#mistakes [data-label]:not([hidden])"


@pytest.fixture
def report(visit: Visit, demo_report: str) -> Page:
    return opened(visit(offline=True, reduced_motion="reduce"), demo_report)


def wanted(href: str, cards: list[tuple[str, dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    """The cards that an address asks for."""
    query = parse_qs(href.partition("?")[2], keep_blank_values=True)
    (row,), (label,), (prediction,) = query["row"], query["label"], query["prediction"]
    return [each for each in cards if each[0] == label and each[1].get(row) == prediction]


def cards(page: Page, selector: str) -> list[tuple[str, dict[str, str]]]:
    found: list[Any] = page.locator(selector).evaluate_all(
        "cards => cards.map(card => [card.dataset.label, card.dataset.predictions])"
    )
    return [(label, json.loads(predictions)) for label, predictions in found]


def test_pictures_load_and_have_words(report: Page) -> None:
    pictures = report.locator("main img")
    assert pictures.count() == 12
    for label, width, words in pictures.evaluate_all(
        "all => all.map(each => [each.closest('.card').querySelector('.label strong').textContent, "
        "each.naturalWidth, each.alt])"
    ):
        assert width > 0 and words == f"an image labelled {label}"


def test_a_page_without_pictures_has_none_and_works(visit: Visit, bare_report: str) -> None:
    page = opened(visit(offline=True, reduced_motion="reduce"), bare_report)
    assert page.locator("img").count() == 0 and page.locator(".nopicture").count() == 0
    everything = cards(page, SHOWN)
    page.locator("#confusion-matrix select").select_option("1")
    links = page.locator("#confusion-matrix [data-variant]:visible a[href^='#mistakes?']")
    for link in links.all():
        link.click()
        expect(page.locator("[data-filter-told]")).to_be_visible()
        assert cards(page, SHOWN) == wanted(link.get_attribute("href") or "", everything)
    assert links.count() and everything


def test_a_cell_leads_to_its_images_and_back(report: Page) -> None:
    figure, told = report.locator("#confusion-matrix"), report.locator("#mistakes [data-filter-told]")
    everything = cards(report, SHOWN)
    expect(told).to_be_hidden()
    names = figure.locator("option").all_text_contents()
    figure.locator("select").select_option(next(name for name in names if "hasty" in name))
    wrong = figure.locator("h4:visible + div tbody tr").first.locator("td").all_inner_texts()
    label, prediction = wrong[:2]
    cell = figure.locator(f".mark-text.role-mark text[aria-label^='Taken for: {prediction}; Label: {label};']")
    expect(cell).to_have_text(wrong[2])
    cell.click()
    expect(told).to_contain_text(f"labelled {label}, taken for {prediction}")
    chosen = cards(report, SHOWN)
    assert chosen == wanted(report.url, everything) and 0 < len(chosen) < len(everything)
    expect(told).to_contain_text(re.compile(rf"^\s*{len(chosen)} of the pictures here"))
    expect(report.locator("#mistakes h2")).to_be_in_viewport()
    report.go_back()
    expect(told).to_be_hidden()
    assert cards(report, SHOWN) == everything
    report.go_forward()
    expect(told).to_be_visible()
    assert cards(report, SHOWN) == chosen
    told.get_by_role("button", name="Show all").click()
    expect(told).to_be_hidden()
    assert cards(report, SHOWN) == everything and report.url.endswith("#mistakes")


def test_an_address_with_a_filter_can_be_shared(visit: Visit, demo_report: str, report: Page) -> None:
    everything = cards(report, SHOWN)
    label = everything[-1][0]
    page = visit(offline=True)
    page.goto(f"{demo_report}#mistakes?row=2&label={label}")
    expect(page.locator("[data-filter-told]")).to_contain_text(f"labelled {label}")
    assert cards(page, SHOWN) == [each for each in everything if each[0] == label]


def test_what_is_not_in_the_page_is_said(visit: Visit, demo_report: str) -> None:
    page = visit(offline=True)
    page.goto(f"{demo_report}#mistakes?row=1&label=zeppelin&prediction=")
    told = page.locator("[data-filter-told]")
    expect(told).to_contain_text("None of the pictures in this page is labelled zeppelin, taken for no class")
    assert page.locator(SHOWN).count() == 0 and page.locator(HIDDEN).count() > 0
    page.goto(f"{demo_report}#no-such-part?row=1")
    expect(told).to_be_hidden()
