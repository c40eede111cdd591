"""A report that is opened from a file without a network: it is whole, and nothing but it can run in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from conftest import Visit
from looks import check_fits, look
from reports import MARKS, numbers, opened
from watch import Watch

REPORTS = ("demo_report", "sweep_report", "bare_report", "folder_report", "table_report")


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def test_it_opens_without_a_network_and_draws_all_charts(offline: Page, watch: Watch, report: str) -> None:
    opened(offline, report)
    look(offline, Path(unquote(urlsplit(report).path)).parent.parent.name)
    charts = offline.locator("[data-chart]")
    assert charts.count() >= 5
    for chart in charts.all():
        assert chart.locator("svg.marks").count() == 1
        assert chart.locator(MARKS).count() > 0, chart.get_attribute("data-chart")
    assert {url.partition(":")[0] for url in watch.requests} <= {"file", "data"}
    assert [url for url in watch.requests if url.startswith("file:")] == [report]


def test_nothing_but_the_page_itself_runs_in_it(offline: Page, watch: Watch, sweep_report: str) -> None:
    opened(offline, sweep_report)
    watch.expect("Executing inline script violates|Refused to execute inline script")
    watch.expect("Executing inline event handler violates|Refused to execute inline event handler")
    watch.expect("Loading the image .* violates|Refused to load the image")
    watch.expect("Connecting to .* violates|Refused to connect")
    watch.expect("request: http://example.org/x.png")  # the browser tells of it, and that it never left
    refused: list[tuple[str, str | None]] = []
    offline.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    found = offline.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.ran = 'a script'";
            document.body.append(script);
            const holder = document.body.appendChild(document.createElement("div"));
            holder.innerHTML = "<img alt='' src='http://example.org/x.png' onerror='window.ran = 1'>";
            const said = await new Promise(then => setTimeout(() => {
                try { eval("window.ran = 'evaluated'"); then("evaluated"); } catch (error) { then(error.name); }
            }));
            let fetched = "fetched";
            try { await fetch("http://example.org/y"); } catch (error) { fetched = error.name; }
            await new Promise(then => setTimeout(then, 100));
            return [window.ran ?? null, said, fetched];
        }"""
    )
    assert found == [None, "EvalError", "TypeError"]
    assert {failure for _, failure in refused} == {"csp"}


def test_numbers_open_by_keyboard(offline: Page, sweep_report: str) -> None:
    opened(offline, sweep_report)
    for figure in offline.locator("figure.chart").all()[:3]:
        behind = figure.locator("details.behind:visible")
        before = behind.evaluate("each => each.open")
        behind.locator("summary").focus()
        offline.keyboard.press("Enter")
        assert behind.evaluate("each => each.open") != before
        assert numbers(figure)


def test_sections_are_reached_by_links_and_the_one_in_view_is_marked(visit: Visit, demo_report: str) -> None:
    page = opened(visit(offline=True, reduced_motion="reduce"), demo_report)
    links = page.locator("header nav a")
    assert links.count() >= 10
    for link in links.all():
        link.click()
        section = page.locator(link.get_attribute("href") or "")
        expect(section).to_be_in_viewport()
        bottom = page.locator("header.top").evaluate("each => each.getBoundingClientRect().bottom")
        end = page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 2")
        top = section.evaluate("each => each.getBoundingClientRect().top")
        assert end or bottom - 12 <= top <= bottom + 40, link.inner_text()
    expect(page.locator("header nav a[href='#method']")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator(links.nth(-2).get_attribute("href") or "")).to_be_in_viewport()


def test_the_first_tab_leads_to_the_content(offline: Page, sweep_report: str) -> None:
    opened(offline, sweep_report).keyboard.press("Tab")
    skip = offline.locator("a.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    offline.keyboard.press("Enter")
    expect(offline.locator("main")).to_be_focused()


def test_it_is_readable_without_scripts(visit: Visit, demo_report: str) -> None:
    page = visit(offline=True, java_script_enabled=False)
    page.goto(demo_report)
    expect(page.locator(".verdict")).to_contain_text("Right most often is")
    expect(page.locator("#leaderboard table.board tbody tr")).to_have_count(26)
    expect(page.locator("[data-theme-switch]")).to_be_hidden()
    figures = page.locator("figure.chart")
    assert figures.count() >= 10
    for figure in figures.all():
        expect(figure.locator("[data-chart]")).to_be_hidden()  # an empty frame says nothing
        expect(figure.locator("select")).to_be_hidden()
        for behind in figure.locator("details.behind").all():
            expect(behind).to_be_visible()
    first = figures.first.locator("details.behind")
    if first.get_attribute("open") is None:
        first.locator("summary").click()
    expect(first.locator("td").first).to_be_visible()


def test_each_look_fits_its_screen(any_look: Page, demo_report: str) -> None:
    opened(any_look, demo_report)
    check_fits(any_look)
    nav = any_look.locator("header nav")
    last = nav.locator("a").last
    last.click()  # brought into view by scrolling the links, not the page
    expect(last).to_be_in_viewport()
    expect(any_look.locator("#method h2")).to_be_in_viewport()
    check_fits(any_look)
