"""Marking labels in the viewer, and the corrected manifest that comes of it."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from snellen.marks import FILE, Mark, put_mark, read_marks
from snellen.plan import Request, load_dataset, resolve
from snellen.specs import name_and_options
from snellen.study import run as run_study
from studies import model, photographs, ran
from viewed import Viewer, viewing

NOTE = '<script>alert("note")</script>\u202e'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with ran(photographs(tmp_path / "photos", 3), model(tmp_path / "m.py", 'return "cat"'), out=tmp_path / "run"):
        return tmp_path / "run"


@pytest.fixture
def viewer(run: Path) -> Iterator[Viewer]:
    with viewing(run) as viewer:
        yield viewer


def send(viewer: Viewer, **form: str) -> int:
    page = viewer.get("image", id="cat/cat0.png")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token is not None
    answer = viewer.send("marks", {"form_token": token[1], **form})
    if answer.status == 303:
        assert viewer.ask("GET", answer.headers["location"]).status == 200
    return answer.status


def test_a_mark_is_kept_shown_exported_and_run(viewer: Viewer, run: Path, tmp_path: Path) -> None:
    assert "No label is marked" in viewer.get("marks").text
    assert send(viewer, id="dog/dog1.png", action="mark", right="cat", note=NOTE, asked="row=1&answer=wrong") == 303
    assert send(viewer, id="bird/bird0.png", action="mark", right="") == 303
    marks = read_marks(run)
    assert (marks["dog/dog1.png"].right, marks["dog/dog1.png"].note) == ("cat", NOTE)
    assert marks["bird/bird0.png"].right is None
    page = viewer.get("marks")
    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text and "2 labels are marked" in page.text
    assert "it should be" in viewer.get("image", id="dog/dog1.png").text
    command = re.search(r"<pre[^>]*>snellen run (-d .*?) -m", page.text)
    assert command is not None
    file = viewer.get("corrected.csv")
    assert file.headers["content-disposition"] == 'attachment; filename="corrected.csv"'
    _, spec = shlex.split(html.unescape(command[1]))
    spec = spec.replace("corrected.csv", str(tmp_path / "corrected.csv"))
    (tmp_path / "corrected.csv").write_bytes(file.body)
    dataset, _ = load_dataset(spec)
    labels = {example.id: example.label for example in dataset}
    assert len(labels) == 8 and labels["dog/dog1.png"] == "cat" and "bird/bird0.png" not in labels
    plan = resolve(Request(spec, (f"scripted/{tmp_path / 'm.py'}:answer",), ("closed-set",), out=str(tmp_path / "new")))
    results = run_study(plan)
    assert results.rows[0].accuracy == 0.5
    results.close()


def test_what_is_promised_is_what_is_made(viewer: Viewer, run: Path) -> None:
    put_mark(run, Mark("cat/cat0.png", "dog", "cat"))  # its label has been put right since
    put_mark(run, Mark("cat/cat1.png", "cat", "dog"))
    put_mark(run, Mark("cat/cat2.png", "cat"))
    put_mark(run, Mark("gone.png", "cat", "dog"))
    assert "8 images, 1 with another label, 1 left out" in viewer.get("marks").text
    assert len(viewer.get("corrected.csv").text.splitlines()) == 1 + 8


def test_a_mark_is_taken_back(viewer: Viewer, run: Path) -> None:
    send(viewer, id="cat/cat2.png", action="mark", right="dog")
    assert send(viewer, id="cat/cat2.png", action="take", **{"from": "marks"}) == 303
    assert read_marks(run) == {}


def test_what_makes_no_sense_is_refused(viewer: Viewer, run: Path) -> None:
    assert send(viewer, id="../photos/cat/cat0.png", action="mark") == 404
    assert send(viewer, id="cat/cat0.png", action="mark", right="unicorn") == 400
    assert send(viewer, id="cat/cat0.png", action="mark", right="cat") == 400
    assert send(viewer, id="cat/cat0.png", action="mark", note="x" * 3000) == 500
    assert not (run / FILE).exists()


def test_marks_that_cannot_be_read_are_told(viewer: Viewer, run: Path) -> None:
    (run / FILE).write_text("no marks")
    page = viewer.get("marks")
    assert page.status == 500 and "move it away" in page.text


@pytest.mark.parametrize("folder", ["it's; $(touch owned) `touch owned` #", "a,b=c", "two words"])
def test_a_folder_of_any_name_stays_one_word_of_the_command(tmp_path: Path, folder: str) -> None:
    photos = photographs(tmp_path / folder, 2)
    with (
        ran(photos, model(tmp_path / "m.py", 'return "cat"'), out=tmp_path / "run"),
        viewing(tmp_path / "run") as viewer,
    ):
        send(viewer, id="dog/dog1.png", action="mark", right="cat")
        told = re.search(r"<pre[^>]*>(.*?)</pre>", viewer.get("marks").text, re.DOTALL)
        assert told is not None
        text = html.unescape(told[1])
        if text.startswith("dataset: "):
            spec: Any = YAML(typ="safe").load(text)["dataset"]
        else:
            command, run_, flag, spec, *rest = shlex.split(text)
            assert (command, run_, flag, rest) == ("snellen", "run", "-d", ["-m", "…"])
        path, options = name_and_options(spec, "path")
        assert (path, options) == ("corrected.csv", {"root": str(photos), "id_column": "id"})


def test_two_viewers_of_one_run_lose_no_mark(run: Path) -> None:
    ids = [f"{name}/{name}{number}.png" for name in ("cat", "dog", "bird") for number in range(3)]
    with ThreadPoolExecutor(9) as hands:  # what two viewers share is the folder alone
        list(hands.map(lambda id: put_mark(run, Mark(id, id.partition("/")[0], note="x" * 2000)), ids))
    assert set(read_marks(run)) == set(ids)


def test_images_without_files_give_a_list(tmp_path: Path) -> None:
    answer = model(tmp_path / "m.py", 'return "circle"')
    with (
        ran("shapes", answer, out=tmp_path / "run", per_class=2, classes=["circle", "star"]),
        viewing(tmp_path / "run") as viewer,
    ):
        page = viewer.get("images")
        first = html.unescape(page.tiles[0]).replace("%2F", "/")
        token = re.search(r'name="form_token" value="([^"]+)"', viewer.get("image", id=first).text)
        assert token is not None
        viewer.send("marks", {"form_token": token[1], "id": first, "action": "mark"})
        assert "no files of their own" in viewer.get("marks").text
        assert viewer.get("corrected.csv").text.startswith("id,label,corrected\n")
        shown = re.search(r'src="(/runs/1/picture[^"]*)"', page.text)
        assert shown is not None
        assert viewer.ask("GET", html.unescape(shown[1])).status == 200
