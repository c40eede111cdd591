"""Hostile names and answers are no more than texts in a report, and can be read."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from conftest import Visit
from hostile import SECRET
from looks import LOOKS, check_fits
from reports import opened, told_beside
from snellen.console import visible

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
REPORTS = ("folder_report", "table_report")


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def written(url: str) -> str:
    return Path(unquote(urlsplit(url).path)).read_text(encoding="utf-8")


@pytest.mark.parametrize("screen", ["desktop-light", "phone-dark"])
def test_nothing_runs_and_all_can_be_read(visit: Visit, report: str, screen: str) -> None:
    page = opened(visit(offline=True, **LOOKS[screen]), report)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    check_fits(page)
    text = page.locator("body").inner_text()
    assert not UNSEEN.search(text)
    assert visible("\u202egnp.txt\u200f") in text and "<script>window.pwned=1</script>" in text
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert not page.locator(
        "main :is(script, iframe, object, embed, base, form:not(.vega-bindings)), [onerror], [onload]"
    ).count()
    addresses = page.locator("main a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(each is None or each.startswith(("#", "data:", "blob:")) for each in addresses)
    assert page.locator("main img").evaluate_all("all => all.every(each => each.src.startsWith('data:image/jpeg'))")


def test_no_attribute_hides_what_turns_the_writing(offline: Page, report: str) -> None:
    opened(offline, report)
    told = offline.locator("[aria-label], [alt], [title]").evaluate_all(
        "all => all.flatMap(each => [each.ariaLabel, each.alt, each.title].filter(text => typeof text === 'string'))"
    )
    assert told and not [text for text in told if UNSEEN.search(text)]
    assert not UNSEEN.search(offline.title())


def test_what_is_outside_of_the_run_is_not_in_the_page(report: str) -> None:
    page = written(report)
    assert SECRET not in page and "root:x:0:0" not in page


def test_long_answers_are_cut_and_say_so(offline: Page, table_report: str) -> None:
    page = written(table_report)
    assert len(page) < 2_000_000 and "A" * 5000 not in page
    opened(offline, table_report)
    expect(offline.locator("#mistakes")).to_contain_text(re.compile(r"… \([\d,]+ characters\)"))


def test_hostile_cells_lead_to_their_images(visit: Visit, report: str) -> None:
    page = opened(visit(offline=True, reduced_motion="reduce"), report)
    told = page.locator("[data-filter-text]")
    links = page.locator("#confusion [data-variant]:not([hidden]) a[href^='#mistakes?']")
    assert links.count()
    found = 0
    for link in links.all():
        label = visible(link.inner_text())
        link.click()
        expect(told).to_contain_text("labelled ")
        text = told.text_content() or ""
        assert not UNSEEN.search(text) and (label in text or "…" in label)
        shown = page.locator("#mistakes [data-label]:not([hidden]) .label strong").all_inner_texts()
        assert set(shown) <= {label}
        found += len(shown)
    assert found


def test_a_tooltip_of_a_hostile_name_is_a_text(offline: Page, report: str) -> None:
    opened(offline, report)
    figure = offline.locator("#confusion-matrix")
    told = [told_beside(mark) for mark in figure.locator(".role-mark.mark-rect path").all()[:12]]
    names = {name for each in told for name in (each["Label"], each["Taken for"])}
    assert any("<" in name or "'" in name for name in names) and not any(map(UNSEEN.search, names))
    expect(offline.locator("#vg-tooltip-element script, #vg-tooltip-element img")).to_have_count(0)


def test_names_that_a_script_knows_are_names(offline: Page, table_report: str) -> None:
    figure = opened(offline, table_report).locator("#per-class")
    axes = figure.locator(".role-axis-label text").all_text_contents()
    assert {"‘constructor’", "‘__proto__’"} <= set(axes)
