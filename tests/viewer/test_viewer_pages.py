"""The pages of the viewer, served and read as they are, about a real run with hostile names and answers."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import PIL.Image
import pytest

from snellen.comparisons import compare
from snellen.results import Results
from studies import model, photographs, ran, write_photograph
from viewed import Viewer, until, viewing

HOSTILE = '<script>alert(1)</script>"onerror=x &amp; \u202etxt'
NAMES = ("%2e%2e%2fetc%2fpasswd", '<img src=x onerror=alert(1)>"\u202e', "ünïcödé & + 100%")
CLASSES = ("bird", "cat", '<b onclick="x">dog')
LONG = "so it goes " * 100_000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    photos = photographs(place / "photos", 3, CLASSES)
    for name in NAMES:
        write_photograph(photos / "cat" / f"{name}.png", name)
    honest = model(place / "honest.py", 'return "It is a " + truth(image) + ", SURELY. K\u212a"')
    rude = model(
        place / "rude.py",
        f"""
if image.path.stem.endswith("1"):
    return {HOSTILE!r}
if image.path.stem == "bird2":
    return {LONG!r} + "cat"
if image.path.stem == "bird0":
    return Failure({HOSTILE!r})
return "cat"
""",
    )
    with ran(photos, [honest, rude], "closed-set", "binary,decide=argmax", out=place / "run"):
        pass
    return place / "run"


@pytest.fixture(scope="module")
def viewer(run: Path) -> Iterator[Viewer]:
    with viewing(run) as viewer:
        yield viewer


def row_of(run: Path, name: str, strategy: str = "closed-set") -> int:
    with closing(Results(run)) as results:
        return next(row.number for row in results.rows if name in row.model and row.strategy == strategy)


def test_the_grid_holds_all_images_and_filters_them(viewer: Viewer, run: Path) -> None:
    assert len(viewer.get("images").tiles) == 12
    rude = row_of(run, "rude")
    found = viewer.get("images", row=rude, answer="right")
    assert len(found.tiles) == 5 and "<strong>5</strong> of 12 images" in found.text
    failed = viewer.get("images", row=rude, answer="failed")
    assert failed.tiles == ["bird%2Fbird0.png"]
    assert "No image is like that" in viewer.get("images", row=rude, answer="pending").text
    assert "it is ignored" in viewer.get("images", answer="<script>").text
    assert "This row has no scores" in viewer.get("images", row=rude, low=0.5).text
    assert "This row has no scores" not in viewer.get("images", row=row_of(run, "rude", "binary,decide=argmax")).text


def test_a_page_of_an_image_has_all_rows_questions_and_raw_answers(viewer: Viewer, run: Path) -> None:
    page = viewer.get("image", id="cat/cat2.png")
    text = html.unescape(re.sub(r"<[^>]+>", "", page.text))
    assert page.status == 200
    assert "It is a cat, SURELY" in text and "What type of object is in this photo?" in text
    assert "free text of at most 20 tokens" in text and "6 × 6 pixels" in text
    assert text.count("honest.py") >= 2 and text.count("rude.py") >= 2


def test_the_neighbours_of_an_image_are_those_of_the_filter(viewer: Viewer, run: Path) -> None:
    rude = row_of(run, "rude")
    order = viewer.get("images", row=rude, answer="right").tiles
    page = viewer.get("image", row=rude, answer="right", id="cat/cat0.png")
    linked = dict(re.findall(r'rel="(prev|next)" href="[^"]*id=([^"]*)"', page.text))
    at = order.index("cat%2Fcat0.png")
    assert linked.get("next") == order[at + 1]
    assert linked.get("prev") == (order[at - 1] if at else None)
    assert f"{at + 1} of 5 that pass the filter" in re.sub(r"<[^>]+>", "", page.text)


@pytest.mark.parametrize("name", NAMES)
def test_images_of_any_name_are_found_and_nothing_of_them_is_markup(viewer: Viewer, run: Path, name: str) -> None:
    with closing(sqlite3.connect(run / "answers.sqlite")) as connection:
        ids = [id for (id,) in connection.execute("SELECT id FROM examples")]
    wanted = next(id for id in ids if id.startswith("cat/") and id[4:6] == name[:2])
    page = viewer.get("image", id=wanted)
    assert page.status == 200
    assert "<img src=x" not in page.text and "\u202e" not in page.text
    sent = re.search(r'name="id" value="([^"]*)"', page.text)
    assert sent is not None and html.unescape(sent[1]) == wanted
    picture = re.search(r'<img src="(/runs/1/picture\?[^"]*1200)"', page.text)
    assert picture is not None
    shown = viewer.ask("GET", html.unescape(picture[1]))
    assert (shown.status, shown.headers["content-type"]) == (200, "image/jpeg")


def test_hostile_answers_are_text(viewer: Viewer, run: Path) -> None:
    for path, query in (
        ("image", {"id": "cat/cat1.png"}),
        ("image", {"id": "bird/bird0.png"}),
        ("answers", {"q": "alert"}),
        ("answers", {"q": HOSTILE[:30]}),
        ("images", {}),
        ("compare", {}),
    ):
        page = viewer.get(path, **query)
        assert page.status == 200
        assert "<script>alert" not in page.text and '<b onclick="x">' not in page.text and "\u202e" not in page.text
    assert "&lt;script&gt;alert(1)" in viewer.get("image", id="cat/cat1.png").text


def test_a_long_answer_is_cut_and_there_as_plain_text(viewer: Viewer, run: Path) -> None:
    page = viewer.get("image", id="bird/bird2.png")
    assert len(page.body) < 200_000 and "1,100,003 characters" in page.text
    raw = viewer.get("raw", id="bird/bird2.png", row=row_of(run, "rude"))
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert LONG + "cat" in raw.text
    assert viewer.get("raw", id="bird/bird2.png", row=99).status == 404
    assert viewer.get("raw", id="nothing", row=1).status == 404


def test_two_rows_are_compared_as_the_results_compare_them(viewer: Viewer, run: Path) -> None:
    a, b = row_of(run, "honest"), row_of(run, "rude")
    with closing(Results(run)) as results:
        sheets = {row.number: results.sheet(row) for row in results.rows}
    pair = compare(sheets[a].labels, [sheets[a].predictions, sheets[b].predictions], len(CLASSES))[0, 1]
    text = viewer.get("compare", a=a, b=b).text
    cells = dict(re.findall(r">(Both right|Only A right|Only B right|Both wrong)</a></th><td class=\"n\">(\d+)", text))
    assert (int(cells["Only A right"]), int(cells["Only B right"])) == (pair.only_a_right, pair.only_b_right)
    assert sum(map(int, cells.values())) == pair.images
    assert pair.mcnemar_p is not None and f"p = {pair.mcnemar_p:.2g}" in text
    assert pair.difference_low is not None and f"{100 * pair.difference_low:+.1f} to " in text
    only_a = re.search(r'href="(/runs/1/images\?[^"]*)">Only A right', text)
    assert only_a is not None
    assert len(viewer.ask("GET", html.unescape(only_a[1])).tiles) == pair.only_a_right


def test_answers_are_searched_whatever_the_case_and_part_by_part(viewer: Viewer) -> None:
    assert viewer.get("answers", q="surely").text.count("<mark>SURELY</mark>") == 12
    assert viewer.get("answers", q="\u212a\u212a").text.count("<mark>K\u212a</mark>") == 12
    assert "No answer holds these words" in viewer.get("answers", q='"text"').text
    part = viewer.get("answers.json", q="cat").data
    assert part["next"] is None and part["share"] == 1.0 and part["count"] == part["html"].count("<li>") > 5
    assert viewer.get("answers.json", q="cat", after="1.zz.").status == 400
    assert "makes no sense" in viewer.get("answers", q="cat", after="-1").text


def test_the_report_is_made_in_the_background_and_leads_to_images(viewer: Viewer) -> None:
    first = viewer.ask("GET", "/runs/1/")
    assert first.status == 200
    page = until(lambda: viewer.ask("GET", "/runs/1/"), lambda page: 'id="leaderboard"' in page.text, 60)
    charts = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page.text, re.DOTALL)
    assert charts is not None
    json.loads(charts[1])
    assert '<b onclick="x">' not in page.text
    for name in re.findall(r'(?:src|href)="(/static/[^"]*)"', page.text):
        file = viewer.ask("GET", html.unescape(name))
        assert file.status == 200 and "immutable" in file.headers["cache-control"]
        again = viewer.ask("GET", html.unescape(name), If_None_Match=file.headers["etag"])
        assert (again.status, again.body) == (304, b"")


def test_labels_that_are_suspect_come_with_the_report(viewer: Viewer) -> None:
    until(
        lambda: viewer.get("images", sort="suspect"),
        lambda page: "Which labels are suspect" not in page.text,
        60,
    )


def test_what_is_not_there_is_said_and_what_to_do(viewer: Viewer) -> None:
    for path in ("/runs/2/", "/runs/1/nothing", "/nothing", "/runs/x/images", "/static/../app.py", "/static/app.py"):
        page = viewer.ask("GET", path)
        assert page.status == 404 and "There is no such page" in page.text
    page = viewer.get("image", id="../../../../etc/passwd")
    assert page.status == 404 and "There is no such image" in page.text and "passwd" not in page.text
    assert viewer.ask("GET", "/").headers["location"] == "/runs/1/"


def test_pictures_are_those_of_the_run_alone(viewer: Viewer, run: Path) -> None:
    stranger = run.parent / "stranger.png"
    write_photograph(stranger, "stranger")
    with closing(sqlite3.connect(run / "answers.sqlite")) as connection:
        (digest,) = connection.execute("SELECT digest FROM examples WHERE id = 'cat/cat2.png'").fetchone()
    good = viewer.get("picture", d=digest.hex(), side=160)
    assert good.status == 200 and "immutable" in good.headers["cache-control"]
    kept = viewer.ask("GET", f"/runs/1/picture?d={digest.hex()}&side=160", If_None_Match=good.headers["etag"])
    assert kept.status == 304
    for wanted in ("00" * 32, str(stranger), quote(str(stranger)), "../stranger.png", "", "zz", "%00", "a" * 4000):
        page = viewer.get("picture", d=wanted, side=160)
        assert (page.status, page.headers["content-type"]) == (404, "image/svg+xml")
    assert viewer.get("picture", d=digest.hex(), side=161).status == 404


def test_a_picture_that_has_changed_is_not_shown(viewer: Viewer, run: Path) -> None:
    file = run.parent / "photos" / "bird" / "bird1.png"
    with closing(sqlite3.connect(run / "answers.sqlite")) as connection:
        (digest,) = connection.execute("SELECT digest FROM examples WHERE id = 'bird/bird1.png'").fetchone()
    before = file.read_bytes()
    try:
        PIL.Image.new("RGB", (9, 9)).save(file)
        page = viewer.get("picture", d=digest.hex(), side=480)
        assert page.headers["content-type"] == "image/svg+xml" and "no-cache" in page.headers["cache-control"]
    finally:
        file.write_bytes(before)
    assert viewer.get("picture", d=digest.hex(), side=480).headers["content-type"] == "image/jpeg"


def test_several_runs_are_listed(run: Path) -> None:
    with viewing(run, run) as viewer:
        page = until(lambda: viewer.ask("GET", "/"), lambda page: page.text.count("12 images, 4 rows") == 2)
        assert 'href="/runs/2/"' in page.text
        assert len(viewer.ask("GET", "/runs/2/images").tiles) == 12
