"""Hostile names, answers and addresses: nothing of them runs, and nothing outside the run is served."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

import studies
from hostile import SECRET
from snellen.marks import read_marks
from viewers import Viewer, follow, report, tiles
from watch import Watch

TRICKS = (
    "/runs/1/picture?d=../../etc/passwd&side=160",
    "/runs/1/picture?d=%2e%2e%2f%2e%2e%2fetc%2fpasswd&side=160",
    "/runs/1/picture?d=%00&side=160",
    "/runs/1/picture?d=" + "00" * 32 + "&side=160",
    "/runs/1/picture?d=" + "ab" * 4000 + "&side=160",
    "/runs/1/picture?d=/etc/passwd&side=999999999",
    "/runs/1/image?id=..%2f..%2fetc%2fpasswd%00",
    "/runs/1/image?id=" + "x" * 20_000,
    "/runs/1/raw?id=../../secret.txt&row=1",
    "/runs/1/raw?id=../../secret.txt&row=" + "9" * 5000,
    "/runs/1/..%2f..%2fsecret.txt",
    "/runs/1/%2e%2e/%2e%2e/secret.txt",
    "/runs/1/../../../../etc/passwd",
    "/runs/..%2f1/images",
    "/runs/1%00/images",
    "/static/..%2fapp.py",
    "/static/%2e%2e%2f%2e%2e%2fapp.py",
    "/static//etc/passwd",
    "//etc/passwd",
    "/" + "a/" * 3000,
    "/%ff%fe",
)


def answer(viewer: Viewer, path: str) -> tuple[int, bytes]:
    """What comes for an address as it stands, which browsers would tidy."""
    with closing(http.client.HTTPConnection("127.0.0.1", urlsplit(viewer.address).port, timeout=30)) as connection:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        found = connection.getresponse()
        return found.status, found.read()


@pytest.mark.parametrize("path", TRICKS, ids=lambda path: path[:50])
def test_no_address_leads_out_of_the_run(hostile_viewer: Viewer, path: str) -> None:
    status, body = answer(hostile_viewer, path)
    assert status in (400, 404)
    assert SECRET.encode() not in body and b"root:" not in body and b"Traceback" not in body


def test_a_browser_is_told_that_there_is_nothing(page: Page, watch: Watch, hostile_viewer: Viewer) -> None:
    watch.expect("404")
    for path in ("/runs/1/image?id=<script>window.pwned=2</script>", "/runs/1/<svg onload=window.pwned=1>", "/runs/7/"):
        page.goto(f"{hostile_viewer.address}{path}")
        expect(page.get_by_role("heading", name="There is no such")).to_be_visible()


def test_every_name_leads_to_its_own_image(page: Page, hostile_viewer: Viewer) -> None:
    records = hostile_viewer.records(1)
    page.goto(hostile_viewer.at("images"))
    assert tiles(page) == [each["example"] for each in records]
    addresses = page.locator(".tiles a").evaluate_all("links => links.map(each => each.href)")
    for place, (address, each) in enumerate(zip(addresses, records, strict=True)):
        page.goto(address, wait_until="domcontentloaded")
        assert page.locator("input[name=id]").input_value() == each["example"]
        expect(page.locator(".turn span")).to_have_text(f"{place + 1} of {len(records)}")
        assert SECRET not in page.content() and "root:x" not in page.content()
        if page.get_by_role("link", name="Next").count():
            following = page.get_by_role("link", name="Next").evaluate(
                "link => new URL(link.href).searchParams.get('id')"
            )
            assert following == records[place + 1]["example"]


def test_every_label_and_prediction_filters_its_own_images(page: Page, hostile_viewer: Viewer) -> None:
    records = hostile_viewer.records(1)
    page.goto(hostile_viewer.at("images"))
    options = page.locator("[name=label] option").evaluate_all("options => options.map(each => each.value)")
    for label in sorted({each["label"] for each in records}):
        assert label in options
        page.locator("[name=label]").select_option(value=label)
        follow(page, page.get_by_role("button", name="Show"))
        assert tiles(page) == [each["example"] for each in records if each["label"] == label]
        expect(page.locator("[name=label]")).to_have_value(label)


def test_nothing_runs_on_any_kind_of_page(page: Page, hostile_viewer: Viewer) -> None:
    report(page, hostile_viewer)
    assert page.locator("#mistakes").count()
    for query in ("pwned", "<script>", "example.org", "unbroken", "half a pair", "\u0301", "\x1b"):
        page.goto(hostile_viewer.at("answers", q=query))
        assert page.locator(".hits mark").count(), query
    for name in ("images", "compare", "marks", "answers"):
        page.goto(hostile_viewer.at(name))
    for row in [number for (number,) in studies.sql(hostile_viewer.run, "SELECT number FROM rows")]:
        page.goto(hostile_viewer.at("images", row=row, answer="wrong"))
        page.goto(hostile_viewer.at("images", row=row, answer="failed"))
        page.goto(hostile_viewer.at("raw", row=row, id=hostile_viewer.records(row)[0]["example"]))
        assert page.locator("script, img, svg").count() == 0
    page.hover("body")


def test_who_has_no_token_sees_nothing(page: Page, watch: Watch, view: Callable[..., Viewer], demo_run: Path) -> None:
    viewer = view(demo_run, "--host", "0.0.0.0")
    assert len(viewer.token) > 20
    watch.expect("403")
    for address in (viewer.at("images"), viewer.at("images", token="x" * 32), f"{viewer.address}/static/viewer.js"):
        answered = page.goto(address)
        assert answered is not None and answered.status == 403
        assert "not allowed" in page.inner_text("body") and "bus" not in page.content()
    page.goto(viewer.at("images", token=viewer.token))
    assert page.url == viewer.at("images") and len(tiles(page)) == 54
    expect(page.locator(".tiles img").first).to_have_js_property("complete", True)
    assert page.locator(".tiles img").first.evaluate("picture => picture.naturalWidth") > 0
    follow(page, page.locator(".tiles a").first)
    expect(page.locator(".one-picture img")).to_be_visible()
    assert viewer.token not in page.content() and viewer.token not in page.evaluate("document.cookie")


ATTACK = """
<form method="post" action="{address}/runs/1/marks" enctype="{kind}">
<input name="form_token" value="{token}"><input name="id" value="{id}">
<input name="right" value=""><input name="action" value="mark">
<button>Win</button></form>
<script>
const body = new URLSearchParams(new FormData(document.forms[0]));
fetch("{address}/runs/1/marks", {{method: "POST", mode: "no-cors", credentials: "include", body}})
  .catch(() => null).then(() => document.body.append("sent"));
</script>
"""


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_a_page_elsewhere_cannot_mark(
    page: Page,
    watch: Watch,
    view: Callable[..., Viewer],
    own: Callable[[Path], Path],
    demo_run: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    viewer = view(own(demo_run))
    page.goto(viewer.at("image", id="bus/0003"))
    token = page.locator("[name=form_token]").input_value()  # even if it came to know that
    watch.expect("403|ERR_BLOCKED|ERR_FAILED")
    attack = tmp_path / "attack.html"
    attack.write_text(ATTACK.format(address=viewer.address, token=token, id="bus/0003", kind=kind))
    page.goto(attack.as_uri())
    expect(page.locator("body")).to_contain_text("sent")
    page.get_by_role("button", name="Win").click()
    expect(page.locator("body")).to_contain_text("not allowed")
    assert not read_marks(viewer.run)
    page.goto(viewer.at("image", id="bus/0003"))
    page.locator(".mark details").evaluate("details => { details.open = true }")
    page.get_by_role("button", name="Mark as wrong").click()
    expect(page.locator(".mark .told")).to_be_visible()
    assert set(read_marks(viewer.run)) == {"bus/0003"}
