"""How tests read the page of a report: its tables, its charts and what is told beside a mark."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000  # milliseconds, for a busy machine; a page of twelve charts takes one second on a quiet one
MARKS = ".role-mark:is(.mark-symbol, .mark-rect, .mark-arc, .mark-line, .mark-area, .mark-rule) > *"


def opened(page: Page, url: str) -> Page:
    """The page when all of its charts are drawn."""
    page.goto(url)
    expect(page.locator("[data-chart]:not([data-drawn])")).to_have_count(0, timeout=PATIENCE)
    return page


def cells(table: Locator) -> list[list[str]]:
    """The texts of the lines of a table that are shown, on one line each."""
    lines: list[list[str]] = table.evaluate(
        "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return [[" ".join(text.split()) for text in line] for line in lines]


def heads(table: Locator) -> list[str]:
    """The heads of the columns of a table."""
    return [" ".join(text.split()) for text in table.locator("thead th").all_text_contents()]


def numbers(figure: Locator) -> list[dict[str, str]]:
    """The numbers behind the chart that a figure shows now, by the heads of their columns."""
    table = figure.locator("details.behind:visible table")
    return [dict(zip(heads(table), line, strict=True)) for line in cells(table)]


def counted(figure: Locator) -> dict[tuple[str, str], int]:
    """Label and prediction of each cell of a drawn confusion matrix, with the count that is written in it."""
    found: dict[tuple[str, str], int] = {}
    for text in figure.locator(".mark-text.role-mark text").all():
        told = re.match(r"Taken for: (.*?); Label: (.*?); ", text.get_attribute("aria-label") or "")
        assert told
        found[told[2], told[1]] = int(text.text_content() or "")
    return found


def told_beside(mark: Locator) -> dict[str, str]:
    """What stands in the tooltip of a mark under the mouse."""
    page = mark.page
    mark.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    tooltip = page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_have_count(0)
    mark.hover(force=True)  # a mark of no area is hovered over, too
    expect(tooltip).to_be_visible()
    return dict(
        zip(tooltip.locator(".key").all_inner_texts(), tooltip.locator(".value").all_inner_texts(), strict=True)
    )
