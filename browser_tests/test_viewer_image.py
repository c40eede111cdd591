"""The page of one image: all that was asked and answered, the way to its neighbours, its picture, and long answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import FloatRect, Page, expect

import studies
from conftest import Visit
from hostile import SCRIPT
from snellen.results import Results
from snellen.transcripts import Transcripts
from snellen.types import Generate, Text
from viewers import Viewer, follow, is_wrong, tiles

LARGE = 1 << 20


def text_of(page: Page, row: int) -> str:
    """All that stands in the card of a row, behind closed details, too."""
    return re.sub(r"\s+", " ", page.locator(f"#row-{row}").text_content() or "")


def boxes(page: Page) -> list[FloatRect]:
    """Where the cards of the rows stand."""
    return [box for card in page.locator(".heard .card").all() if (box := card.bounding_box())]


def gaps(page: Page) -> list[float]:
    """How far each card stands below the one above it."""
    found = []
    for x in {box["x"] for box in boxes(page)}:
        column = sorted((box["y"], box["y"] + box["height"]) for box in boxes(page) if box["x"] == x)
        found += [below - end for (_, end), (below, _) in pairwise(column)]
    assert found
    return found


def test_every_row_has_its_questions_and_raw_answers_in_full(page: Page, demo_viewer: Viewer) -> None:
    id = "bus/0003"
    page.goto(demo_viewer.at("image", id=id))
    seen = 0
    with closing(Results(demo_viewer.run)) as results:
        ((digest,),) = studies.sql(demo_viewer.run, f"SELECT digest FROM examples WHERE id = '{id}'")
        for row in results.rows:
            text = text_of(page, row.number)
            for each in Transcripts(results, row).of(digest):
                if isinstance(each.question, Generate):
                    for part in each.question.prompt:
                        assert not isinstance(part, str) or " ".join(part.split()) in text
                if isinstance(each.answer, Text):
                    assert " ".join(each.answer.text.split()) in text
                    seen += 1
    assert seen > 20
    assert "[a grey picture]" in text_of(page, demo_viewer.row("hasty", "binary (blind)"))
    record = next(each for each in demo_viewer.records(demo_viewer.row("broken", "binary")) if each["example"] == id)
    assert f"Failed: {record['failure']}" in text_of(page, demo_viewer.row("broken", "binary"))


def test_rows_stand_beside_each_other_without_gaps(page: Page, visit: Visit, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("image", id="bus/0003"))
    places = [(box["x"], box["y"]) for box in boxes(page)]
    assert places[0][1] == places[1][1] == places[2][1] and places[0][0] < places[1][0] < places[2][0]
    assert all(8 <= gap <= 32 for gap in gaps(page))
    page.locator(".heard summary", has_text="Details of the prediction").first.click()
    page.wait_for_timeout(100)
    assert all(8 <= gap <= 32 for gap in gaps(page))
    without = visit(java_script_enabled=False)
    without.goto(demo_viewer.at("image", id="bus/0003"))
    assert all(gap >= 8 for gap in gaps(without))


def test_neighbours_are_those_of_the_filter_by_click_and_by_key(page: Page, demo_viewer: Viewer) -> None:
    row = demo_viewer.row("hasty", "closed-set")
    wrong = [each["example"] for each in demo_viewer.records(row) if is_wrong(each)]
    page.goto(demo_viewer.at("images", row=row, answer="wrong"))
    assert tiles(page) == wrong
    follow(page, page.locator(".tiles a").nth(1))
    told = page.locator(".turn span")
    expect(told).to_have_text(f"2 of {len(wrong)} that pass the filter")
    follow(page, page.get_by_role("link", name="Next"))
    expect(page.locator(".one-facts dd").first).to_have_text(wrong[2])
    follow(page, page.get_by_role("link", name="Previous"))
    with page.expect_navigation():
        page.keyboard.press("ArrowRight")
    expect(page.locator(".one-facts dd").first).to_have_text(wrong[2])
    for place in (1, 0):
        with page.expect_navigation():
            page.keyboard.press("ArrowLeft")
        expect(page.locator(".one-facts dd").first).to_have_text(wrong[place])
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    page.locator(".mark details").evaluate("details => { details.open = true }")
    page.locator("[name=note]").press("ArrowRight")  # who types does not turn pages
    expect(told).to_have_text(f"1 of {len(wrong)} that pass the filter")


def test_the_large_picture_loads(any_look: Page, demo_viewer: Viewer) -> None:
    any_look.goto(demo_viewer.at("image", id="bus/0003"))
    picture = any_look.locator(".one-picture img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.naturalWidth") == 64
    expect(picture).to_have_attribute("alt", "The image bus/0003, labelled bus")


def test_an_answer_of_a_megabyte_is_cut_and_there_in_whole(page: Page, hostile_viewer: Viewer) -> None:
    ((image, body, row),) = studies.sql(
        hostile_viewer.run,
        "SELECT a.image, a.body, r.number FROM answers a JOIN rows r ON r.model = a.model "
        f"WHERE length(a.body) > {LARGE} ORDER BY r.number LIMIT 1",
    )
    ((id,),) = studies.sql(
        hostile_viewer.run, f"SELECT id FROM examples WHERE hex(digest) = '{image.hex().upper()}' LIMIT 1"
    )
    answer = json.loads(body)[1]
    page.goto(hostile_viewer.at("image", id=id))
    card = page.locator(f"#row-{row}")
    summary = card.locator("summary", has_text=f"({len(answer):,} characters)")
    expect(summary).to_have_count(1)
    assert len(page.content()) < 300_000
    summary.click()
    whole = card.get_by_role("link", name="The whole text")
    with page.expect_response("**/raw?*") as answered:
        whole.click()
    assert answered.value.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer in answered.value.text()
    assert page.locator("script").count() == 0 and answer.startswith(SCRIPT)


def test_pictures_within_a_prompt_are_shown(page: Page, view: Callable[..., Viewer], tmp_path: Path) -> None:
    photos = studies.photographs(tmp_path / "photos", 3)
    model = studies.model(tmp_path / "honest.py", "return truth(image)")
    with studies.ran(photos, model, "closed-set,shots=1", out=tmp_path / "run") as results:
        id = next(results.records())["example"]
    page.goto(view(tmp_path / "run").at("image", id=id))
    pictures = page.locator(".heard .prompt img")
    expect(pictures).to_have_count(3)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("picture => picture.naturalWidth") == 6
