"""The ground that the other tests stand on: what goes wrong on a page is seen, and what goes elsewhere too."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import check_axe
from conftest import Visit, write_page
from looks import LOOKS, check_fits, look
from watch import RAN, Watch

POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:">'


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", asked
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<script>console.error('alas')</script>", "console: alas"),
        ("<script>throw new Error('alas')</script>", "error: .*alas"),
        ("<script>Promise.reject(new Error('alas'))</script>", "error: .*alas"),
        ("<script>alert('alas')</script>", "dialog: alas"),
        ("<script>window.pwned=1</script>", RAN),
        ('<img alt="" src="x" onerror="window.pwned=1">', RAN),
        ('<script>location = "javascript:window.pwned=1"</script>', RAN),
        ('<img alt="" src="http://example.org/x.png">', "request: http://example.org/x.png"),
        ('<script>fetch("https://example.org/y")</script>', "request: https://example.org/y"),
        ('<script>new WebSocket("ws://example.org/z")</script>', "request: ws://example.org/z"),
        ('<script>navigator.sendBeacon("https://example.org/b", "x")</script>', "request: https://example.org/b"),
        ('<link rel="preconnect" href="https://example.org/">', "request: https://example.org/"),
        ('<iframe title="x" src="http://127.0.0.1:9/"></iframe>', "request: http://127.0.0.1:9/"),
    ],
)
def test_what_goes_wrong_is_seen(browser: Browser, tmp_path: Path, body: str, fault: str) -> None:
    watch = Watch()
    context = watch.follow(browser.new_context())
    page = context.new_page()
    page.goto(write_page(tmp_path, body))
    page.wait_for_timeout(100)
    watch.leave(context)
    with pytest.raises(AssertionError, match=fault):
        watch.check()


def test_a_quiet_page_has_no_faults(page: Page, watch: Watch, tmp_path: Path) -> None:
    url = write_page(tmp_path, "<script>console.log('well')</script>")
    page.goto(url)
    assert watch.requests == [url] and not watch.faults


def test_what_is_expected_is_no_fault_and_must_come(page: Page, watch: Watch, tmp_path: Path) -> None:
    watch.expect("console: al")
    assert watch.faults == ["nothing went wrong as expected: console: al"]
    page.goto(write_page(tmp_path, "<script>console.error('alas')</script>"))
    page.wait_for_timeout(0)
    assert not watch.faults


def test_a_test_that_looks_at_nothing_fails_by_the_fixture(tmp_path: Path) -> None:
    write_page(tmp_path, "<script>console.error('alas')</script>")
    test = tmp_path / "test_nothing.py"
    test.write_text(f"def test_nothing(page):\n    page.goto({(tmp_path / 'page.html').as_uri()!r})\n")
    words = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "conftest", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [*words, str(test)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "console: alas" in done.stdout


def test_the_own_server_may_be_asked_and_offline_nobody(
    visit: Visit, watch: Watch, tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    address, asked = server
    url = write_page(
        tmp_path,
        f"<p>waiting</p><script>fetch('{watch.own(address)}/x').then(() => say('here'), () => "
        "say('away')); function say(word) { document.querySelector('p').textContent = word }</script>",
    )
    online, offline = visit(), visit(offline=True)
    online.goto(url)
    expect(online.locator("p")).to_have_text("here")
    assert asked == ["/x"]
    watch.expect("ERR_INTERNET_DISCONNECTED")
    offline.goto(url)
    expect(offline.locator("p")).to_have_text("away")
    assert asked == ["/x"]


@pytest.mark.parametrize("head", ["", POLICY])
def test_axe_finds_a_picture_without_words(page: Page, tmp_path: Path, head: str) -> None:
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    page.goto(write_page(tmp_path, "<p>Well</p>", head))
    check_axe(page)
    page.evaluate("source => document.querySelector('p').append(Object.assign(new Image(), {src: source}))", picture)
    with pytest.raises(AssertionError, match=r"image-alt \(critical\)[^\n]*\n    img"):
        check_axe(page)
    check_axe(page, but=["image-alt"])
    check_axe(page, within="h1")


def test_pictures_are_taken_where_a_folder_is_named(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(color_scheme="dark")
    page.goto(write_page(tmp_path, "<p>Well</p>"))
    monkeypatch.delenv("SNELLEN_SCREENSHOTS", raising=False)
    look(page, "page")
    monkeypatch.setenv("SNELLEN_SCREENSHOTS", str(tmp_path / "shots"))
    look(page, "page")
    assert {path.stem for path in (tmp_path / "shots").iterdir()} == {f"page-{look}" for look in LOOKS}
    assert page.viewport_size == {"width": 1280, "height": 900}
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


def test_looks_are_as_they_say(any_look: Page, still: Page, paper: Page) -> None:
    def matches(page: Page, query: str) -> bool:
        return bool(page.evaluate("query => matchMedia(query).matches", query))

    assert matches(any_look, "(device-width: 390px)") != matches(any_look, "(device-width: 1280px)")
    assert matches(any_look, "(prefers-color-scheme: dark)") != matches(any_look, "(prefers-color-scheme: light)")
    assert matches(still, "(prefers-reduced-motion: reduce)") and matches(paper, "print")


def test_a_page_that_is_too_wide_is_told(visit: Visit, tmp_path: Path) -> None:
    page = visit(**LOOKS["phone-light"])
    viewport = '<meta name="viewport" content="width=device-width">'
    page.goto(write_page(tmp_path, "<p>Well</p>", viewport))
    check_fits(page)
    page.goto(write_page(tmp_path, '<p style="width: 900px">Wide</p>', viewport))
    with pytest.raises(AssertionError, match=r"9\d\d pixels wide in a window of 390:\n<p style"):
        check_fits(page)
