"""The leaderboard is sorted by its heads, with a mouse and with keys."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

from conftest import Visit
from looks import LOOKS
from reports import opened

Values = list[float | None]


def column(table: Locator, title: str) -> tuple[Locator, Values]:
    """The head of a column and its values from top to bottom."""
    heads = table.locator("thead th")
    names = [" ".join(text.split()) for text in heads.all_text_contents()]
    place = names.index(title)
    found = table.evaluate(
        "(table, place) => [...table.tBodies[0].rows].map(row => row.cells[place].dataset.value)", place
    )
    return heads.nth(place), [float(each) if each else None for each in found]


def check_sorted(values: Sequence[float | None], falling: bool) -> None:
    known = [value for value in values if value is not None]
    assert list(values) == [*sorted(known, reverse=falling), *[None] * (len(values) - len(known))]


def test_a_click_sorts_the_best_first_and_another_the_other_way(offline: Page, demo_report: str) -> None:
    table = opened(offline, demo_report).locator("#leaderboard table").first
    for title, falling in (("p50", False), ("img/s", True), ("USD", False), ("Macro-F1", True), ("Accuracy", True)):
        head, before = column(table, title)
        assert any(value is None for value in before)  # of some rows it is not known
        for order in (falling, not falling):
            head.locator("button").click()
            expect(head).to_have_attribute("aria-sort", "descending" if order else "ascending")
            expect(table.locator("thead [aria-sort]")).to_have_count(1)
            values = column(table, title)[1]
            check_sorted(values, order)
            assert sorted(map(str, values)) == sorted(map(str, before))


def test_keys_sort_as_clicks_do(offline: Page, demo_report: str) -> None:
    table = opened(offline, demo_report).locator("#leaderboard table").first
    head, _ = column(table, "Unparsed")
    head.locator("button").focus()
    for key, order in (("Enter", "descending"), ("Space", "ascending")):
        offline.keyboard.press(key)
        expect(head).to_have_attribute("aria-sort", order)
        check_sorted(column(table, "Unparsed")[1], order == "descending")
        expect(head.locator("button")).to_be_focused()
    offline.keyboard.press("Tab")
    expect(column(table, "Failed")[0].locator("button")).to_be_focused()


def test_names_are_sorted_as_names_and_ranks_with_the_unknown_last(offline: Page, demo_report: str) -> None:
    table = opened(offline, demo_report).locator("#leaderboard table").first
    table.get_by_role("button", name="Strategy").click()
    names = table.locator("tbody td:nth-child(3)").all_text_contents()
    assert sorted(names, key=str.casefold) == names and len(set(names)) > 3
    for order in (False, True):
        head, _ = column(table, "Rank")
        head.locator("button").click()
        values = column(table, "Rank")[1]
        check_sorted(values, order)
        assert values[0] is not None and values[-1] is None


def test_the_interval_is_no_head_to_click(offline: Page, demo_report: str) -> None:
    table = opened(offline, demo_report).locator("#leaderboard table").first
    expect(table.get_by_role("columnheader", name="95 % interval").locator("button")).to_have_count(0)
    assert table.locator("svg.whisker").count() >= 10


def test_numbers_with_separators_are_sorted_as_numbers(offline: Page, demo_report: str) -> None:
    opened(offline, demo_report)
    table = offline.locator("#agreement table.rows")
    for title in ("Images needed", "p"):
        head, _ = column(table, title)
        head.locator("button").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        check_sorted(column(table, title)[1], falling=False)


def test_a_phone_shows_the_accuracy_and_that_there_is_more(visit: Visit, demo_report: str) -> None:
    table = opened(visit(**LOOKS["phone-light"]), demo_report).locator("#leaderboard .wide").first
    head = table.locator("thead th", has_text="Accuracy").bounding_box()
    assert head and head["x"] + head["width"] <= 390
    assert table.evaluate("each => each.scrollWidth > each.clientWidth")
    assert table.evaluate("each => getComputedStyle(each).backgroundAttachment").startswith(
        "local, local, scroll, scroll"
    )
