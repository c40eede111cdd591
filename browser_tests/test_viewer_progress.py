"""A run that goes on while its pages are open."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

import studies
from looks import check_fits, look
from runs import PATIENCE, Running
from viewers import Viewer, follow, report

DONE = "Number(document.querySelector('[data-progress-bar]').value)"


def test_a_running_study_is_followed_to_its_end(page: Page, view: Callable[..., Viewer], running: Running) -> None:
    viewer = view(running.folder)
    page.goto(viewer.at("images"))
    expect(page.locator("[data-progress-text]")).to_contain_text("of 150")
    page.evaluate("window.same = true")
    first = page.evaluate(DONE)
    expect(page.locator("[data-progress-text]")).to_contain_text("a second")
    until = time.monotonic() + PATIENCE
    while page.evaluate(DONE) <= first + 3:
        assert time.monotonic() < until
        page.wait_for_timeout(100)
    assert 0 < page.evaluate(DONE) < 150 and page.evaluate("window.same")
    check_fits(page)
    look(page, "viewer-progress")

    report(page, viewer)  # of what there is as yet
    pending = page.locator("#leaderboard thead th", has_text="Pending")
    expect(pending).to_be_visible()
    page.evaluate("window.same = true")
    running.end()
    expect(page.locator("[data-progress-text]")).to_contain_text("has ended", timeout=30_000)
    expect(page.locator("[data-progress-bar]")).to_be_hidden()
    assert page.evaluate("window.same")

    page.goto(viewer.at("images"))
    expect(page.locator("[data-progress]")).to_have_count(0)
    assert studies.sql(running.folder, "SELECT count(*) FROM records WHERE state != 'pending'") == [(150,)]
    for _ in range(60):
        page.goto(viewer.at())
        if not page.get_by_text("The run has changed since").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator("#leaderboard tbody tr")).to_have_count(1)
    expect(pending).to_have_count(0)
    page.goto(viewer.at("images", answer="pending"))
    expect(page.get_by_text("No image is like that")).to_be_visible()


def test_an_open_report_tells_of_an_interruption_and_offers_a_newer_report(
    page: Page, view: Callable[..., Viewer], running: Running
) -> None:
    viewer = view(running.folder)
    report(page, viewer)
    page.evaluate("window.same = true")
    os.killpg(running.process.pid, signal.SIGINT)
    running.process.wait(timeout=PATIENCE)
    text, newer = page.locator("[data-progress-text]"), page.locator("[data-newer]")
    expect(text).to_contain_text("of 150 images are pending: the same command goes on", timeout=30_000)
    expect(page.locator("[data-progress-bar]")).to_be_hidden()

    with subprocess.Popen(running.process.args, start_new_session=True) as again:
        try:
            expect(page.locator("[data-progress-bar]")).to_be_visible(timeout=30_000)
            expect(text).to_contain_text("of 150")
            (running.folder.parent / "at-once").touch()
            assert again.wait(timeout=PATIENCE) == 0
        finally:
            again.kill()
    expect(text).to_contain_text("no image is pending", timeout=30_000)
    expect(newer).to_contain_text("A newer report is ready", timeout=60_000)
    assert page.evaluate("window.same")
    for _ in range(5):  # one may be offered that was made before the end; then another one is
        follow(page, newer.get_by_role("link", name="show it"))
        page.wait_for_timeout(3000)
        if not newer.is_visible():
            break
        expect(newer).to_contain_text("A newer report is ready", timeout=60_000)
    expect(newer).to_be_hidden()
    expect(page.locator("#leaderboard thead th", has_text="Pending")).to_have_count(0)
