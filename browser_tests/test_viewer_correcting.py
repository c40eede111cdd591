"""Labels marked as wrong by looking: marked, taken back, and given away as a data set that reads as corrected."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import studies
from conftest import Visit
from snellen.marks import read_marks
from snellen.plan import load_dataset
from viewers import Viewer, examples, follow


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A small run of the test's own on class folders."""
    photos = studies.photographs(tmp_path / "photos", 3)
    model = studies.model(tmp_path / "honest.py", "return truth(image)")
    with studies.ran(photos, model, out=tmp_path / "run"):
        return tmp_path / "run"


def mark(page: Page, right: str, note: str = "") -> None:
    """Marks the label of the page's image as a reader does."""
    details = page.locator(".mark details")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.locator("[name=right]").select_option(right)
    page.locator("[name=note]").fill(note)
    follow(page, page.get_by_role("button", name="Mark as wrong"))


@pytest.mark.parametrize("scripts", [True, False])
def test_marks_are_made_taken_back_and_exported(
    visit: Visit, view: Callable[..., Viewer], animals: Path, tmp_path: Path, scripts: bool
) -> None:
    page, viewer = visit(java_script_enabled=scripts), view(animals)
    page.goto(viewer.at("image", id="cat/cat1.png", label="cat"))
    mark(page, "dog", "it <b>barks</b>")
    expect(page.locator(".mark .told")).to_contain_text("it should be dog")
    expect(page.locator(".mark .told")).to_contain_text("it <b>barks</b>")
    expect(page.locator(".turn span")).to_have_text("2 of 3 that pass the filter")
    follow(page, page.get_by_role("link", name="Next"))
    mark(page, "")
    expect(page.locator(".mark .told")).to_have_text("Marked: the label is wrong")
    page.goto(viewer.at("image", id="bird/bird0.png"))
    mark(page, "cat")
    page.get_by_role("button", name="Take the mark back").click()
    expect(page.locator(".mark .told")).to_have_count(0)
    page.goto(viewer.at("image", id="dog/dog0.png"))
    mark(page, "cat")

    follow(page, page.get_by_role("link", name="Marks"))
    expect(page.locator(".marked li")).to_have_count(3)
    follow(page, page.locator(".marked li", has_text="dog0.png").get_by_role("button"))
    expect(page.locator(".marked li")).to_have_count(2)
    assert {id: each.right for id, each in read_marks(animals).items()} == {"cat/cat1.png": "dog", "cat/cat2.png": None}

    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()
    assert begun.value.suggested_filename == "corrected.csv"
    file = tmp_path / "corrected.csv"
    begun.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as opened:
        listed = {line["id"]: line["label"] for line in csv.DictReader(opened)}
    assert listed["cat/cat1.png"] == "dog" and "cat/cat2.png" not in listed and len(listed) == 8
    command = shlex.split(page.locator("main pre").inner_text())
    spec = command[command.index("-d") + 1]
    done = subprocess.run(
        [sys.executable, "-m", "snellen", "datasets", "show", spec, "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)
    assert '"dog": 4' in done.stdout or '"images": 4' in done.stdout
    path, *options = spec.split(",")
    read, _ = load_dataset({"path": str(tmp_path / path), **dict(option.split("=", 1) for option in options)})
    assert {each.id: each.label for each in read} == listed


def test_a_suspect_label_is_marked_with_what_is_suggested(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("marks"))
    expect(page.get_by_text("No label is marked as wrong yet")).to_be_visible()
    page.get_by_role("link", name="the most suspect ones").click()
    expect(page.locator("[name=sort]")).to_have_value("suspect")


def test_the_label_that_it_has_is_no_correction(page: Page, demo_viewer: Viewer) -> None:
    page.goto(demo_viewer.at("image", id="bus/0003"))
    offered = page.locator("[name=right] option").evaluate_all("options => options.map(each => each.value)")
    assert len(offered) == 9 and "" in offered and "bird" in offered and "bus" not in offered


def test_hostile_names_are_marked_and_come_back_as_they_are(
    page: Page, view: Callable[..., Viewer], own: Callable[[Path], Path], hostile_folder: Path
) -> None:
    run = own(hostile_folder)
    viewer = view(run)
    records = viewer.records(1)
    ids = examples(records, lambda each: each["path"] is not None)[:3]
    classes = sorted({each["label"] for each in records})
    wanted = {}
    for id in ids:
        label = next(each["label"] for each in records if each["example"] == id)
        wanted[id] = next(name for name in classes if name != label)
        page.goto(viewer.at("image", id=id))
        mark(page, wanted[id], id[:100])
        expect(page.locator(".mark .told")).to_have_count(1)
    assert {id: each.right for id, each in read_marks(run).items()} == wanted
    follow(page, page.get_by_role("link", name="Marks"))
    expect(page.locator(".marked li")).to_have_count(len(ids))
    page.locator(".marked button").first.click()
    expect(page.locator(".marked li")).to_have_count(len(ids) - 1)
