"""The grid of images: what its filters let pass, what its address holds, and the way from a confusion to its images."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from conftest import Visit
from viewers import Viewer, examples, follow, is_right, is_wrong, report, tiles

HASTY = re.compile("hasty.py:answer · closed-set$")
BY_RECORD: dict[str, tuple[dict[str, str], Callable[[Mapping[str, Any]], bool]]] = {
    "wrong": ({"answer": "wrong"}, is_wrong),
    "right": ({"answer": "right"}, is_right),
    "failed": ({"answer": "failed"}, lambda record: record["state"] == "failed"),
    "a label": ({"label": "bus", "answer": "wrong"}, lambda record: record["label"] == "bus" and is_wrong(record)),
    "a prediction": ({"prediction": "triangle"}, lambda record: record["prediction"] == "triangle"),
    "an outcome": ({"outcome": "refused"}, lambda record: record["outcome"] == "refused"),
    "a name": ({"text": "0003"}, lambda record: "0003" in record["example"]),
}


def choose(page: Page, wanted: Mapping[str, str]) -> None:
    """Fills in the form as a reader does, and sends it."""
    for name, value in wanted.items():
        field = page.locator(f'.filter [name="{name}"]')
        if page.locator(f'details:not([open]) [name="{name}"]').count():
            page.locator(".filter summary").click()
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    follow(page, page.get_by_role("button", name="Show"))


def of_hasty(page: Page) -> None:
    """Has the report show the confusions of this row."""
    choice = page.locator("#confusion-matrix select")
    choice.select_option(choice.locator("option", has_text=HASTY).get_attribute("value"))


@pytest.mark.parametrize("name", BY_RECORD)
def test_a_filter_shows_the_images_that_the_records_say(page: Page, demo_viewer: Viewer, name: str) -> None:
    wanted, keep = BY_RECORD[name]
    row = demo_viewer.row("hasty", "closed-set")
    expected = examples(demo_viewer.records(row), keep)
    assert expected
    page.goto(demo_viewer.at("images"))
    choose(page, {"row": str(row), **wanted})
    expect(page.locator(".found strong")).to_have_text(str(len(expected)))
    assert tiles(page) == expected
    kept = {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}
    assert kept == {"row": str(row), **wanted}


def test_confidence_bounds_and_orders_what_is_shown(page: Page, demo_viewer: Viewer) -> None:
    row = demo_viewer.row("clip", "zero-shot")
    sure = {each["example"]: each["scores"][each["prediction"]] for each in demo_viewer.records(row)}
    within = [id for id, value in sure.items() if 0.6 <= value <= 0.95]
    assert 1 < len(within) < len(sure)
    page.goto(demo_viewer.at("images", row=row))
    choose(page, {"low": "0.6", "high": "0.95", "sort": "unsure"})
    assert sorted(tiles(page)) == sorted(within)
    values = [sure[id] for id in tiles(page)]
    assert values == sorted(values)


@pytest.mark.parametrize("how", ["only-right", "only-wrong", "none-right", "all-right"])
def test_disagreement_is_among_those_that_answered(page: Page, demo_viewer: Viewer, how: str) -> None:
    row = demo_viewer.row("hasty", "closed-set")
    names = ("careful", "hasty", "broken")
    told = [
        (name, strategy) for name in names for strategy in ("closed-set", "closed-set,votes=3", "binary", "likelihood")
    ]
    told += [("clip", "zero-shot"), ("classifier", "vocabulary,background=background")]
    records = [{each["example"]: each for each in demo_viewer.records(demo_viewer.row(*each))} for each in told]
    own = {each["example"]: each for each in demo_viewer.records(row)}
    expected = []
    for id, mine in own.items():
        voices = [each[id] for each in records if each[id]["state"] in ("answered", "unparsed")]
        rights = sum(map(is_right, voices))
        holds = {
            "only-right": is_right(mine) and rights == 1,
            "only-wrong": is_wrong(mine) and rights == len(voices) - 1,
            "none-right": rights == 0,
            "all-right": rights == len(voices) > 0,
        }
        expected += [id] * holds[how]
    page.goto(demo_viewer.at("images", row=row))
    choose(page, {"disagreement": how})
    assert tiles(page) == expected


def test_the_address_holds_the_state(page: Page, visit: Visit, demo_viewer: Viewer) -> None:
    row = demo_viewer.row("hasty", "closed-set")
    page.goto(demo_viewer.at("images", row=row))
    everything = tiles(page)
    choose(page, {"answer": "wrong", "label": "bus"})
    some, address = tiles(page), page.url
    choose(page, {"answer": "right"})
    assert not set(tiles(page)) & set(some)
    page.go_back()
    assert (page.url, tiles(page)) == (address, some)
    expect(page.locator("[name=answer]")).to_have_value("wrong")
    expect(page.locator("[name=label]")).to_have_value("bus")
    page.reload()
    assert (page.url, tiles(page)) == (address, some)
    expect(page.locator("[name=answer]")).to_have_value("wrong")
    page.go_back()
    assert tiles(page) == everything
    other = visit()
    other.goto(address)
    assert tiles(other) == some
    expect(other.locator("[name=label]")).to_have_value("bus")
    expect(other.locator("[name=row]")).to_have_value(str(row))
    follow(other, other.get_by_role("link", name="All images"))
    assert tiles(other) == everything


def test_nothing_found_is_said_and_how_to_go_on(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("images", text="no such name"))
    expect(page.get_by_text("No image is like that")).to_be_visible()
    follow(page, page.get_by_role("link", name="see all"))
    assert len(tiles(page)) == 54


def test_values_that_are_not_known_are_told(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("images", label="<script>window.pwned=1</script>", low="much"))
    expect(page.locator(".told")).to_have_count(2)
    assert len(tiles(page)) == 54


@pytest.mark.parametrize("prediction", ["laptop", None])
def test_a_cell_of_the_confusion_matrix_leads_to_its_images(
    page: Page, demo_viewer: Viewer, prediction: str | None
) -> None:
    row = demo_viewer.row("hasty", "closed-set")
    records = demo_viewer.records(row)
    label = next(
        each["label"] for each in records if is_wrong(each) and each["prediction"] == prediction
    )  # of a cell that is not empty
    expected = examples(
        records, lambda each: is_wrong(each) and (each["label"], each["prediction"]) == (label, prediction)
    )
    report(page, demo_viewer)
    of_hasty(page)
    cell = page.locator(
        f'#confusion-matrix path[aria-label^="Taken for: {prediction or "(no class)"}; Label: {label};"]'
    )
    cell.click(force=True)  # the count stands above it
    page.wait_for_url("**/images?**")
    assert tiles(page) == expected
    expect(page.locator("[name=label]")).to_have_value(label)
    expect(page.locator("[name=prediction]")).to_have_value(prediction or "")
    page.go_back()
    expect(page.locator("#confusion-matrix")).to_be_attached()


def test_back_from_report_to_grid_to_image(page: Page, demo_viewer: Viewer) -> None:
    report(page, demo_viewer)
    of_hasty(page)
    page.locator("#confusion details:visible summary").first.click()
    follow(page, page.locator('#confusion table:visible a[href*="/images?"]').first)
    grid, found = page.url, tiles(page)
    assert found
    follow(page, page.locator(".tiles a").first)
    expect(page.locator(".one-picture img")).to_be_visible()
    image = page.url
    follow(page, page.get_by_role("link", name="Grid", exact=True))
    assert tiles(page) == found
    page.go_back()
    assert page.url == image
    page.go_back()
    assert (page.url, tiles(page)) == (grid, found)
    page.go_back()
    expect(page.locator("#leaderboard")).to_be_attached()
