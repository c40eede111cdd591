"""Two rows beside each other: the figures are those of the results, and each count leads to its images."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from snellen.results import Results
from viewers import Viewer, follow, is_right, is_wrong, tiles

PAIRS = [
    (("clip", "zero-shot"), ("classifier", "vocabulary,background=background")),
    (("hasty", "closed-set"), ("careful", "closed-set")),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_counts_are_those_of_the_results_and_lead_to_their_images(
    page: Page, demo_viewer: Viewer, first: tuple[str, str], second: tuple[str, str]
) -> None:
    a, b = demo_viewer.row(*first), demo_viewer.row(*second)
    with closing(Results(demo_viewer.run)) as results:
        pair = next(each for each in results.comparisons if {each["a"]["row"], each["b"]["row"]} == {a, b})
    sign = 1 if pair["a"]["row"] == a else -1
    records = {each["example"]: each for each in demo_viewer.records(b)}
    page.goto(demo_viewer.at("compare"))
    page.locator("[name=a]").select_option(str(a))
    page.locator("[name=b]").select_option(str(b))
    follow(page, page.get_by_role("button", name="Compare"))
    counts = page.locator("table", has_text="Who is right where").locator("tbody tr")
    only = {1: pair["only_a_right"], -1: pair["only_b_right"]}
    expect(counts.filter(has_text="Only A right").locator("td").first).to_have_text(str(only[sign]))
    expect(counts.filter(has_text="Only B right").locator("td").first).to_have_text(str(only[-sign]))
    told = page.locator("main").inner_text()
    assert f"A less B: {sign * 100 * pair['difference']:+.1f} points" in told
    assert f"p = {pair['mcnemar_p']:.2g}" in told and f"{pair['mcnemar_p_holm']:.2g} corrected" in told
    better = "A" if sign * pair["difference"] > 0 else "B"
    certain = pair["mcnemar_p_holm"] < 0.05
    assert (
        page.locator(".verdict").inner_text().startswith(f"{better} is right more often" if certain else "Chance alone")
    )
    total = 0
    for name, kept, other in (
        ("Both right", is_right, is_right),
        ("Only A right", is_right, is_wrong),
        ("Only B right", is_wrong, is_right),
        ("Both wrong", is_wrong, is_wrong),
    ):
        count = int(counts.filter(has_text=name).locator("td").first.inner_text())
        total += count
        follow(page, page.get_by_role("link", name=name, exact=True))
        shown = [each for each in demo_viewer.records(a) if kept(each) and other(records[each["example"]])]
        expected = [each["example"] for each in shown]
        assert tiles(page) == expected and len(expected) == count
        page.go_back()
    assert total == pair["images"]


def test_one_and_the_same_row_asks_for_another(page: Page, demo_viewer: Viewer) -> None:
    row = demo_viewer.row("clip", "zero-shot")
    page.goto(demo_viewer.at("compare", a=row, b=row))
    expect(page.get_by_text("Choose two different rows")).to_be_visible()


def test_classes_lead_to_their_images_and_can_be_sorted(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("compare"))
    table = page.locator("table", has_text="Share of the images of each class")
    table.get_by_role("button", name="Class").click()
    names = [name.strip() for name in table.locator("tbody th").all_inner_texts()]
    assert names == sorted(names) and len(names) == 9
    assert re.fullmatch(r"[+−-]?\d+\.\d", table.locator("tbody td").last.inner_text())
    follow(page, table.get_by_role("link", name="bus"))
    expect(page.locator("[name=label]")).to_have_value("bus")
    assert len(tiles(page)) == 6
