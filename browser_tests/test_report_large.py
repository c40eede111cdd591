"""A page of very many classes is small enough to be mailed, and whole."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, expect

from looks import check_fits, look
from reports import MARKS, opened

MOST = 3_000_000  # bytes


def test_257_classes_are_drawn_and_fit(offline: Page, large_report: str) -> None:
    opened(offline, large_report)
    assert Path(unquote(urlsplit(large_report).path)).stat().st_size < MOST
    charts = offline.locator("[data-chart]")
    assert charts.count() >= 5
    for chart in charts.all():
        assert chart.locator(MARKS).count() > 0, chart.get_attribute("data-chart")
    expect(offline.locator("#leaderboard tbody tr")).to_have_count(10)
    expect(offline.locator("#summary")).to_contain_text("514 labelled images of 257 classes")
    check_fits(offline)
    look(offline, "report-large")


def test_a_bar_of_a_confused_pair_leads_to_its_images(offline: Page, large_report: str) -> None:
    opened(offline, large_report)
    figure = offline.locator("#confused-pairs")
    figure.locator(".role-mark.mark-rect path").first.click()
    told = offline.locator("#mistakes [data-filter-told]")
    expect(told).to_contain_text("taken for class ")
    shown = offline.locator("#mistakes [data-label]:not([hidden])").evaluate_all(
        "cards => cards.map(card => card.dataset.predictions)"
    )
    assert all(set(json.loads(each).values()) for each in shown)


def test_another_row_is_drawn_at_once(offline: Page, large_report: str) -> None:
    opened(offline, large_report)
    for name in ("confused-pairs", "per-class"):
        figure = offline.locator(f"#{name}")
        before = figure.locator("svg.marks").element_handle()
        figure.locator("select").select_option("5")
        assert before
        before.wait_for_element_state("hidden")
        expect(figure.locator(MARKS).first).to_be_attached()
